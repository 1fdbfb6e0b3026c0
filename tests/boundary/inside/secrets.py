"""Read what is secret: labels, keys, other runs, and of the agent's what candidates must not see."""

from __future__ import annotations

import ctypes
import os
import re
import socket

from tests.boundary.inside.base import (
    AGENT,
    CANDIDATE,
    CHEAT,
    EVERYBODY,
    READ,
    At,
    any_of,
    call,
    content,
    created,
    files,
    needle,
    opened,
    others,
    probe,
    processes,
)

SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
PUBLIC = ("dummy", "")


@probe(READ, *EVERYBODY)
def find_a_label(at: At) -> object:
    """Look for the answers in every file that can be read."""
    return _holding(at, "label")


@probe(READ, *EVERYBODY)
def find_the_key(at: At) -> object:
    """Look for the provider's key in every file that can be read."""
    return _holding(at, "key")


@probe(READ, *EVERYBODY)
def find_a_proxys_password(at: At) -> object:
    """Look for the password of the host's proxy, which engines copy into boxes."""
    return _holding(at, "password") or _in_environments(at, "password")


@probe(READ, *EVERYBODY)
def find_the_private_folder(at: At) -> object:
    """Look for the path of the answers in the list of mounts, in files, in command lines."""
    wanted = needle(at, "private folder")
    return (wanted in content("/proc/self/mountinfo") and "in the list of mounts") or _holding(at, "private folder")


@probe(READ, *EVERYBODY)
def find_a_secret_in_the_environment(at: At) -> object:
    """Look for keys, tokens and passwords in the own environment."""
    return [name for name, value in os.environ.items() if SECRET.search(name) and value not in PUBLIC]


@probe(READ, *EVERYBODY)
def read_the_environment_of_processes(at: At) -> object:
    """Look for the key in the environment of every process."""
    return _in_environments(at, "key")


@probe(READ, *EVERYBODY)
def read_command_lines(at: At) -> object:
    """Look for the key and the answers' path in what processes were started with."""
    wanted = (needle(at, "key"), needle(at, "private folder"), needle(at, "password"))
    lines = [content(f"/proc/{pid}/cmdline") for pid in processes()]
    return any(word in line for line in lines for word in wanted) and "in a command line"


@probe(READ, *EVERYBODY)
def find_the_repository(at: At) -> object:
    """Look for what grades: the harness, the competitions' specs, leaderboards."""
    names = ("competition.yaml", "grade.py", "leaderboard.py", "answers.csv")
    return [path for path in files() if os.path.basename(path) in names]


@probe(READ, *EVERYBODY)
def find_another_runs_files(at: At) -> object:
    """Look for what the run beside this one wrote: its data, submission, notes."""
    return _holding(at, "neighbour")


@probe(READ, *EVERYBODY)
def find_another_runs_processes(at: At) -> object:
    """Look for the run beside this one in the list of processes."""
    wanted = needle(at, "neighbour")
    return [pid for pid in processes() if wanted in content(f"/proc/{pid}/cmdline")]


@probe(READ, *EVERYBODY)
def reach_another_runs_socket(at: At) -> object:
    """Connect to a socket of the run beside this one."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(b"\0" + needle(at, "neighbour"))
    return "connected"


@probe(READ, *EVERYBODY)
def find_another_runs_name(at: At) -> object:
    """Look for another run's name where the kernel names files: mounts, loop devices, sockets."""
    wanted = needle(at, "neighbours name")
    kernel = [f"/sys/block/{name}/loop/backing_file" for name in os.listdir("/sys/block")]
    paths = ("/proc/self/mountinfo", "/proc/net/unix", "/proc/mounts", "/proc/locks", *kernel)
    return [path for path in paths if wanted in content(path)]


@probe(READ, CANDIDATE)
def find_the_agents_notes(at: At) -> object:
    """Look for what the agent wrote, in every file, environment and command line."""
    return _holding(at, "agent") or _in_environments(at, "agent")


@probe(READ, CANDIDATE)
def list_the_agents_folder(at: At) -> object:
    """List the agent's folder, by its name and through its process."""
    roots = [f"/proc/{pid}/root/home/agent" for pid in others(at)]
    return any_of((lambda path=path: os.listdir(path)) for path in ("/home/agent", *roots))


@probe(READ, CANDIDATE)
def read_the_request(at: At) -> object:
    """Read what the agent was told: budget, time, model."""
    return opened("/run/agent/door/request.json", os.O_RDONLY)


@probe(READ, CANDIDATE)
def knock_at_the_door(at: At) -> object:
    """Connect to the gateway: only the agent may."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("/run/agent/door/gateway.sock")
    return "connected"


@probe(READ, CANDIDATE)
def reach_a_socket_of_the_agent(at: At) -> object:
    """Connect to sockets that the agent listens at."""

    def connect(address: bytes | str) -> str:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(address)
        return f"{address!r} answers"

    return any_of((lambda: connect(b"\0" + needle(at, "agents socket")), lambda: connect("/home/agent/agent.sock")))


@probe(READ, CANDIDATE, AGENT)
def read_the_memory_of_a_process(at: At) -> object:
    """Read memory of somebody else's process, by its file and by a system call."""

    def by_call(pid: int) -> object:
        buffer = ctypes.create_string_buffer(16)
        vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 16)
        there = (ctypes.c_size_t * 2)(_mapped(pid), 16)
        return call("process_vm_readv", pid, vector, 1, there, 1, 0)

    return any_of(
        act
        for pid in others(at)
        for act in (lambda pid=pid: opened(f"/proc/{pid}/mem", os.O_RDONLY), lambda pid=pid: by_call(pid))
    )


@probe(READ, CANDIDATE, AGENT)
def read_the_entries_of_a_process(at: At) -> object:
    """Read what the kernel tells of somebody else's process: its files, maps, folder, variables."""
    return any_of(
        act
        for pid in others(at)
        for act in (
            lambda pid=pid: os.listdir(f"/proc/{pid}/fd"),
            lambda pid=pid: os.readlink(f"/proc/{pid}/cwd"),
            lambda pid=pid: content(f"/proc/{pid}/maps"),
            lambda pid=pid: content(f"/proc/{pid}/environ"),
            lambda pid=pid: os.listdir(f"/proc/{pid}/map_files"),
        )
    )


@probe(READ, CANDIDATE)
def use_an_inherited_descriptor(at: At) -> object:
    """Have a descriptor that was open before the script began."""
    return (
        any_of((lambda fd=fd: f"{fd}: {os.readlink(f'/proc/self/fd/{fd}')}") for fd in at.inherited)
        if at.inherited
        else None
    )


@probe(READ, CANDIDATE)
def read_shared_memory_of_the_agent(at: At) -> object:
    """Read memory that the agent shares with its children."""
    return opened("/dev/shm/agents-notes", os.O_RDONLY)


@probe(READ, CANDIDATE, AGENT)
def enter_another_slot(at: At) -> object:
    """Enter the folders of scripts: those of others for a candidate, all for the agent."""
    return any_of((lambda path=path: os.listdir(path)) for path in at.slots)


@probe(READ, CANDIDATE)
def read_the_published_submission(at: At) -> object:
    """Read the best predictions so far."""
    return opened("/home/submission/submission.csv", os.O_RDONLY)


@probe(CHEAT, CANDIDATE)
def replace_the_published_submission(at: At) -> object:
    """Hand in another file than the agent chose."""
    return any_of((lambda: opened("/home/submission/submission.csv"), lambda: created("/home/submission")))


@probe(CHEAT, CANDIDATE)
def write_to_the_journal(at: At) -> object:
    """Add to what the agent keeps of its nodes."""
    return any_of((lambda: opened("/home/agent/journal.jsonl"), lambda: created("/home/agent/nodes")))


@probe(CHEAT, CANDIDATE)
def take_the_agents_file_by_a_link(at: At) -> object:
    """Have the agent take a file of its own as this script's submission."""
    os.link("/home/agent/secret", f"{at.folder}/podium-boundary")
    os.unlink(f"{at.folder}/podium-boundary")
    return "linked"


@probe(CHEAT, CANDIDATE, AGENT)
def enter_the_supervisors_place(at: At) -> object:
    """Change what init and the supervisor stand on: root's home, their state, the gate above the door."""
    return any_of((lambda path=path: created(path)) for path in ("/root", "/run", "/run/agent", "/home", "/home/slots"))


def _holding(at: At, name: str) -> list[str]:
    wanted = needle(at, name)
    return [path for path in (*files(), *_own_entries()) if wanted in content(path)]


def _own_entries() -> list[str]:
    return [f"/proc/self/{name}" for name in ("environ", "mountinfo", "mounts", "net/unix", "cgroup")]


def _in_environments(at: At, name: str) -> list[int]:
    wanted = needle(at, name)
    return [pid for pid in (os.getpid(), *processes()) if wanted in content(f"/proc/{pid}/environ")]


def _mapped(pid: int) -> int:
    """An address that is mapped there; any where that is not told."""
    first = content(f"/proc/{pid}/maps", 4096).split(b"-")[0]
    return int(first, 16) if first else 0x400000
