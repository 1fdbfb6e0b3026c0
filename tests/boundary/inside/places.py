"""Leave the box by what it can see and write: the kernel's own files, mounts, the host's folders, its engine."""

from __future__ import annotations

import os
import socket

from tests.boundary.inside.base import (
    AGENT,
    CANDIDATE,
    CHEAT,
    EVERYBODY,
    FOREIGN,
    LEAVE,
    UNPRIVILEGED,
    At,
    any_of,
    call,
    content,
    created,
    needle,
    opened,
    probe,
)

ENGINES = (
    *("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock"),
    *("/run/crio/crio.sock", "/run/dbus/system_bus_socket", "/run/systemd/private", "/run/user/0/docker.sock"),
)
VIRTUAL = ("/proc", "/sys", "/dev")
EXPECTED = ("/", "/home", "/home/data", "/home/data/description.md", "/run/agent/door", "/opt/podium/prompts", "/tmp")
ENGINES_OWN = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/sbin/docker-init", "/usr/sbin/docker-init")
SAMPLE = "/opt/podium/sample_submission.csv"


@probe(LEAVE, *EVERYBODY)
def use_the_container_engine(at: At) -> object:
    """Connect to a container engine or a service manager, by the places where their sockets are."""

    def connect(path: str) -> str:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(path)
        return f"{path} answers"

    return any_of((lambda path=path: connect(path)) for path in ENGINES)


@probe(LEAVE, *EVERYBODY)
def find_a_folder_of_the_host(at: At) -> object:
    """Find a mount beside those that a box has."""
    return next((target for target, _ in _mounts() if target not in (*EXPECTED, *ENGINES_OWN, SAMPLE)), None)


@probe(LEAVE, *EVERYBODY)
def write_to_a_folder_of_the_host(at: At) -> object:
    """Find a mount of the host that may be written to."""
    return next((target for target, options in _mounts() if "rw" in options and target not in ("/home", "/tmp")), None)


@probe(LEAVE, *EVERYBODY)
def write_to_the_root(at: At) -> object:
    """Change the system: programs, settings, libraries."""
    return any_of(
        (lambda path=path: created(path)) for path in ("/", "/etc", "/usr/bin", "/usr/lib", "/var", "/opt", "/root")
    )


@probe(LEAVE, *EVERYBODY)
def write_to_the_public_data(at: At) -> object:
    """Change the competition's data, which other runs read too."""
    return any_of((lambda: created("/home/data"), lambda: opened("/home/data/train.csv")))


@probe(CHEAT, *EVERYBODY)
def change_the_request(at: At) -> object:
    """Give itself more steps, time or another metric."""
    return any_of((lambda: opened("/run/agent/door/request.json"), lambda: created("/run/agent/door")))


@probe(CHEAT, *UNPRIVILEGED)
def change_the_agent(at: At) -> object:
    """Change the agent's code, its Python, its start."""
    return any_of((lambda path=path: _written(path)) for path in ("/opt/agent", "/opt/podium"))


@probe(CHEAT, CANDIDATE, AGENT)
def change_the_candidates_python(at: At) -> object:
    """Change the interpreter or a package that scripts run with."""
    return _written("/opt/candidate")


@probe(CHEAT, CANDIDATE)
def change_the_prompts(at: At) -> object:
    """Change what the model is asked."""
    return any_of((lambda: created("/opt/podium/prompts"), lambda: created("/home/sample")))


@probe(LEAVE, *EVERYBODY)
def set_a_kernel_variable(at: At) -> object:
    """Change the kernel: what runs at a crash, how memory is given out, who may do what."""
    names = (
        "kernel/core_pattern",
        "kernel/modprobe",
        "kernel/hostname",
        "vm/overcommit_memory",
        "fs/protected_hardlinks",
    )
    return any_of((lambda name=name: opened(f"/proc/sys/{name}")) for name in names)


@probe(LEAVE, *EVERYBODY, some_kernels=True)
def press_a_magic_key(at: At) -> object:
    """Open the file whose letters restart or stop the machine."""
    return opened("/proc/sysrq-trigger")


@probe(LEAVE, *EVERYBODY, some_kernels=True)
def write_to_the_kernels_devices(at: At) -> object:
    """Change a device or the program that the kernel starts for one."""
    return any_of(
        (lambda path=path: opened(path)) for path in ("/sys/kernel/uevent_helper", "/sys/power/state", *_modes())
    )


@probe(LEAVE, *EVERYBODY)
def change_the_own_limits(at: At) -> object:
    """Make a control group, or change what the own may use."""
    tops = [entry.path for entry in os.scandir("/sys/fs/cgroup") if entry.is_dir(follow_symlinks=False)]
    return any_of((lambda top=top: _new_folder(top)) for top in ("/sys/fs/cgroup", *tops))


@probe(LEAVE, *EVERYBODY, some_kernels=True)
def read_the_kernels_memory(at: At) -> object:
    """Read memory of the kernel, and of everybody."""
    return any_of((lambda path=path: _read(path, 64)) for path in ("/proc/kcore", "/dev/mem"))


@probe(LEAVE, *EVERYBODY, some_kernels=True)
def read_what_the_kernel_keeps(at: At) -> object:
    """Read keys, timers, firmware: what an engine hides."""
    paths = (
        "/proc/keys",
        "/proc/timer_list",
        "/proc/latency_stats",
        "/proc/sched_debug",
        "/sys/firmware/acpi/tables/DSDT",
    )
    return any_of((lambda path=path: _read(path, 64)) for path in paths)


@probe(LEAVE, *EVERYBODY)
def read_the_kernels_log(at: At) -> object:
    """Read what the kernel says, of other boxes too."""
    size_of_the_log = 10
    return any_of((lambda: call("klogctl", size_of_the_log, None, 0), lambda: opened("/dev/kmsg", os.O_RDONLY)))


@probe(LEAVE, *EVERYBODY)
def find_a_process_of_the_host(at: At) -> object:
    """See a process of the host, by a word in its command line."""
    wanted = needle(at, "host process")
    return next(
        (pid for pid in os.listdir("/proc") if pid.isdigit() and wanted in content(f"/proc/{pid}/cmdline")), None
    )


@probe(LEAVE, AGENT, FOREIGN)
def take_more_than_the_share_of_disk(at: At) -> object:
    """Reserve more of the workspace than the run may have."""
    return _reserved("/home/agent/podium-boundary", at.disk_bytes)


@probe(LEAVE, *UNPRIVILEGED)
def take_more_than_the_share_of_temporary_files(at: At) -> object:
    """Reserve more of /tmp or of shared memory than there may be."""
    return any_of(
        (lambda path=path: _reserved(path, at.tmp_bytes))
        for path in ("/tmp/podium-boundary", "/dev/shm/podium-boundary")
    )


@probe(LEAVE, AGENT, FOREIGN)
def take_more_than_the_share_of_processes(at: At) -> object:
    """Start more processes than the run may have."""
    children: list[int] = []
    try:
        while len(children) <= at.processes:
            pid = os.fork()
            if pid == 0:
                os.read(at.never, 1)
                os._exit(0)
            children.append(pid)
    finally:
        for pid in children:
            os.kill(pid, 9)
        for pid in children:
            os.waitpid(pid, 0)
    return f"{len(children)} processes"


def _mounts() -> list[tuple[str, list[str]]]:
    found = []
    for line in content("/proc/self/mountinfo").decode("utf-8", "replace").splitlines():
        target, options = line.split()[4:6]
        if not target.startswith(VIRTUAL):
            found.append((target, options.split(",")))
    return found


def _written(top: str) -> object:
    """Any file or folder below that may be changed."""
    for folder, below, names in os.walk(top):
        below[:] = below[:40]
        for path in (folder, *(os.path.join(folder, name) for name in names[:40])):
            if os.access(path, os.W_OK, follow_symlinks=False) and not os.path.islink(path):
                return created(path) if path == folder else opened(path)
    return None


def _modes() -> list[str]:
    return ["/sys/kernel/mm/transparent_hugepage/enabled", "/sys/module/kernel/parameters/panic"]


def _new_folder(top: str) -> str:
    path = f"{top}/podium-boundary-{os.getpid()}"
    os.mkdir(path)
    os.rmdir(path)
    return f"a control group below {top}"


def _read(path: str, most: int) -> str | None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        found = os.read(descriptor, most)
    finally:
        os.close(descriptor)
    return f"{len(found)} bytes of {path}" if found else None


def _reserved(path: str, share: int) -> str:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, share + (1 << 20))
    finally:
        os.close(descriptor)
        os.unlink(path)
    return f"{share + (1 << 20)} bytes of {path}"
