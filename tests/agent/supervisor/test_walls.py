"""What a candidate must not be able to do, tried from inside a hardened container, warm started.

Each script prints `reached` when it gets through; anything that it prints instead is how it was stopped.
"""

from __future__ import annotations

import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.agent.interpreter_contract import limits
from tests.agent.supervisor.box import Box, BoxInterpreter
from tests.agent.supervisor.conftest import Run

pytestmark = pytest.mark.engine

CANARY = "canary-of-the-agent-5f1c"
ATTEMPT = """
import ctypes, os, signal, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def pids(text):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            foreign = os.stat(f"/proc/{pid}").st_uid != os.getuid()
            if foreign and text in open(f"/proc/{pid}/cmdline").read().replace("\\0", " "): yield int(pid)
        except OSError: pass
others = [1, *pids("agent.supervisor")]  # init, the supervisor, two keepers and the fork server
agents = [pid for pid in pids("/opt/driver.py") if pid not in others]
"""
AS_CANDIDATE = """
import os
os.setgroups([]); os.setresgid(10100, 10100, 10100); os.setresuid(10100, 10100, 10100)
def tried(act):
    try: act(); print('reached')
    except PermissionError: print('denied')
"""


def attempt(run: Run, code: str, **changes: object) -> str:
    """Run a script that prints `reached` on success; what it printed."""
    body = textwrap.indent(textwrap.dedent(code), "    ")
    script = f"{ATTEMPT}\ntry:\n{body}\nexcept OSError as error:\n    print('denied', error.strerror)\n"
    return run(script, **changes).output


@pytest.fixture(scope="module")
def laid_out(box: Box) -> Box:
    """The agent holds a secret in its environment's place, its memory, its folder and a socket behind the gate."""
    box.agent(
        f"""
import os, socket
secret = {CANARY!r}
os.makedirs('/home/agent/nodes', exist_ok=True)
open('/home/agent/journal.jsonl', 'w').write(secret)
open('/home/submission/submission.csv', 'w').write('id\\n')
door = socket.socket(socket.AF_UNIX); door.bind('\\0podium-abstract'); door.listen()
named = socket.socket(socket.AF_UNIX); named.bind('/home/agent/agent.sock'); named.listen()
os.chmod('/home/agent/agent.sock', 0o666)
answer = os.getpid()
"""
    )
    return box


@pytest.fixture
def agent_pid(laid_out: Box) -> int:
    pid = laid_out.agent("import os; answer = os.getpid()")
    assert isinstance(pid, int)
    return pid


def test_a_candidate_has_a_uid_of_its_own_and_no_capability(run: Run) -> None:
    output = run(
        "import os\nprint(os.getresuid(), os.getresgid(), os.getgroups())\n"
        "print([line for line in open('/proc/self/status') if line.startswith(('Cap', 'NoNewPrivs', 'Seccomp:'))])"
    ).output
    assert output.startswith("(10100, 10100, 10100) (10100, 10100, 10100) []\n")
    for capabilities in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert f"{capabilities}:\\t0000000000000000" in output
    assert "NoNewPrivs:\\t1" in output and "Seccomp:\\t2" in output


@pytest.mark.parametrize("entry", ["environ", "mem", "maps", "fd", "cwd", "root", "task"])
def test_the_agent_s_process_can_t_be_read(run: Run, agent_pid: int, entry: str) -> None:
    look = {
        "fd": f"os.listdir('/proc/{agent_pid}/fd')",
        "task": f"open('/proc/{agent_pid}/task/{agent_pid}/environ').read()",
        "cwd": f"os.readlink('/proc/{agent_pid}/cwd')",
        "root": f"os.listdir('/proc/{agent_pid}/root/home/agent')",
    }.get(entry, f"open('/proc/{agent_pid}/{entry}').read()")
    assert attempt(run, f"print('reached', {look})") == "denied Permission denied\n"


def test_the_agent_s_memory_and_descriptors_can_t_be_reached_by_system_calls(run: Run, agent_pid: int) -> None:
    output = attempt(
        run,
        f"""
        page = ctypes.create_string_buffer(16)
        vector = (ctypes.c_size_t * 2)(ctypes.addressof(page), 16)
        process_vm_readv = (310, {agent_pid}, vector, 1, vector, 1, 0)
        pidfd_getfd = (438, os.pidfd_open({agent_pid}), 0, 0)
        ptrace_attach = (101, 16, {agent_pid}, 0, 0)
        for call in (process_vm_readv, pidfd_getfd, ptrace_attach):
            print(libc.syscall(*call), ctypes.get_errno())
        """,
    )
    assert output == "-1 1\n" * 3


@pytest.mark.parametrize(
    "act",
    [
        "open('/home/sample/new', 'w')",
        "open('/home/sample/train.csv', 'a')",
        "os.unlink('/home/sample/train.csv')",
        "os.symlink('/etc', '/home/sample/etc')",
        "os.chmod('/home/sample', 0o777)",
    ],
)
def test_the_sample_that_others_are_tried_on_can_t_be_changed(run: Run, act: str) -> None:
    assert attempt(run, f"{act}\nprint('reached')").startswith("denied")


@pytest.mark.parametrize(
    "path", ["/home/agent", "/home/agent/journal.jsonl", "/run/agent", "/run/agent/door", "/home/slots", "/root"]
)
def test_folders_of_others_can_t_be_read(laid_out: Box, run: Run, path: str) -> None:
    look = "open" if path.endswith("jsonl") else "os.listdir"
    assert attempt(run, f"print('reached', {look}({path!r}))") == "denied Permission denied\n"


def test_the_uid_alone_keeps_the_walls_without_landlock(laid_out: Box) -> None:
    code = AS_CANDIDATE + (
        "for path in ('/home/agent', '/run/agent/door', '/home/slots/1/run', '/root'):\n"
        "    tried(lambda: os.listdir(path))\n"
        "mine = os.getpid()\n"
        "for pid in map(int, filter(str.isdigit, os.listdir('/proc'))):\n"
        "    if pid != mine:\n"
        "        tried(lambda: os.kill(pid, 0)); tried(lambda: open(f'/proc/{pid}/environ').read())\n"
    )
    output = laid_out.python(code).splitlines()
    assert len(output) >= 4 + 2 * 6
    assert set(output) == {"denied"}


@pytest.mark.parametrize("address", ["/run/agent/door/gateway.sock", "/home/agent/agent.sock", "\0podium-abstract"])
def test_no_socket_of_the_agent_can_be_connected_to(laid_out: Box, run: Run, address: str) -> None:
    output = attempt(run, f"socket.socket(socket.AF_UNIX).connect({address!r}); print('reached')")
    assert output in ("denied Permission denied\n", "denied Operation not permitted\n")


@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM", "SIGSTOP", "SIGINT"])
def test_nothing_else_can_be_signalled(laid_out: Box, run: Run, number: str) -> None:
    output = attempt(
        run,
        f"""
        assert agents and len(others) >= 5, (agents, others)
        for pid in agents + others:
            try: os.kill(pid, signal.{number}); print('reached', pid)
            except PermissionError: print('denied')
        """,
    )
    assert set(output.splitlines()) == {"denied"}


def test_killing_everything_ends_only_the_candidate(laid_out: Box, run: Run) -> None:
    before = laid_out.agent("import os; answer = os.getpid()")
    execution = run("import os, signal\nos.kill(-1, signal.SIGKILL)\nos.kill(os.getpid(), signal.SIGKILL)")
    assert execution.outcome == "killed"
    assert laid_out.agent("import os; answer = os.getpid()") == before
    assert run("print(1)").warm_start


def test_others_can_t_be_slowed(laid_out: Box, run: Run) -> None:
    output = attempt(
        run,
        """
        for pid in agents + others:
            for change in (lambda: os.setpriority(os.PRIO_PROCESS, pid, 19), lambda: os.sched_setaffinity(pid, {0}),
                           lambda: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))):
                try: change(); print('reached', pid)
                except PermissionError: print('denied')
        """,
    )
    assert set(output.splitlines()) == {"denied"}


def test_another_slot_s_folder_can_t_be_entered_even_when_its_owner_opens_it(laid_out: Box, run: Run) -> None:
    code = (
        "import os, time\nos.chmod('.', 0o777); os.chmod('working', 0o777); open('working/open', 'w').write('x')\n"
        "open('/tmp/opened', 'w').close(); time.sleep(3)\nprint(oct(os.stat('.').st_mode))"
    )
    with ThreadPoolExecutor() as pool:
        other = pool.submit(BoxInterpreter(laid_out, slot=1).run, code, Path(laid_out.scratch.name), limits())
        waiting = "import time\nwhile not os.path.exists('/tmp/opened'): time.sleep(0.01)\n"
        output = attempt(run, f"{waiting}print('reached', os.listdir('/home/slots/1/run'))")
        alone = laid_out.python(AS_CANDIDATE + "tried(lambda: os.listdir('/home/slots/1/run'))")
    assert other.result().output == "0o40777\n"
    assert output == "denied Permission denied\n"
    assert alone == "denied\n"


def test_the_own_gate_can_t_be_opened(run: Run) -> None:
    assert attempt(run, "os.chmod('/home/slots/0', 0o777); print('reached')") == "denied Operation not permitted\n"


@pytest.mark.parametrize(
    "path",
    [
        "/home/x",
        "/home/data/x",
        "/home/submission/submission.csv",
        "/home/slots/0/x",
        "/x",
        "/etc/passwd",
        "/opt/candidate/x",
        "/opt/agent/lib/python3.11/site-packages/agent/x",
        "/proc/sys/kernel/core_pattern",
        "/sys/fs/cgroup/x",
        "/dev/x",
        "/dev/mqueue/x",
        "/run/lock/x",
    ],
)
def test_nothing_outside_the_own_folder_can_be_written(laid_out: Box, run: Run, path: str) -> None:
    output = attempt(run, f"open({path!r}, 'a').write('x'); print('reached')")
    assert output.startswith("denied ")


def test_the_own_oom_score_can_t_be_lowered(run: Run) -> None:
    assert run("print(open('/proc/self/oom_score_adj').read())").output.strip() == "1000"
    assert attempt(run, "open('/proc/self/oom_score_adj', 'w').write('0'); print('reached')").startswith("denied")


@pytest.mark.parametrize(
    "call", ["os.setuid(0)", "os.setuid(10001)", "os.setresuid(-1, 10101, -1)", "os.setgid(10001)"]
)
def test_no_other_uid_can_be_taken(run: Run, call: str) -> None:
    assert attempt(run, f"{call}; print('reached')") == "denied Operation not permitted\n"


def test_a_planted_setuid_shell_gives_nothing(run: Run) -> None:
    output = run(
        "import os, shutil, subprocess\nshutil.copy('/bin/dash', 'working/sh'); os.chmod('working/sh', 0o6755)\n"
        "print(subprocess.run(['working/sh', '-p', '-c', 'id -u; id -un'], capture_output=True, text=True).stdout)"
    ).output
    assert output.split() == ["10100", "candidate0"]


@pytest.mark.parametrize(
    ("name", "number", "arguments"),
    [
        ("memfd_create", 319, "b'x', 0"),
        ("io_uring_setup", 425, "8, ctypes.create_string_buffer(120)"),
        ("shmget", 29, "0, 4096, 0o1600"),
        ("msgget", 68, "0, 0o1600"),
        ("semget", 64, "0, 1, 0o1600"),
        ("mq_open", 240, "b'x', 0o102, 0o600, 0"),
        ("add_key", 248, "b'user', b'x', b'x', 1, -4"),
        ("userfaultfd", 323, "1"),
        ("bpf", 321, "0, 0, 0"),
        ("unshare", 272, "0x10000000"),
    ],
)
def test_a_closed_system_call_is_as_if_it_did_not_exist(run: Run, name: str, number: int, arguments: str) -> None:
    call = f"print(libc.syscall({number}, {arguments}), ctypes.get_errno())"
    assert run(f"import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n{call}").output == "-1 38\n", name


@pytest.mark.parametrize("family", [40, 38, 17, 31, 44])  # vsock, crypto, packet, bluetooth, xdp
def test_rare_socket_families_are_closed(run: Run, family: int) -> None:
    output = attempt(run, f"socket.socket({family}, socket.SOCK_STREAM); print('reached')")
    assert output.startswith("denied")


def test_there_is_no_network(run: Run) -> None:
    assert run("import socket; print(socket.if_nameindex())").output == "[(1, 'lo')]\n"
    way = "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('198.51.100.1', 9)); print('reached')"
    assert "denied" in attempt(run, way)  # sends nothing, and needs a route


def test_nothing_is_inherited_but_the_three_standard_descriptors(run: Run) -> None:
    output = run(
        "import os\nfor fd in range(4096):\n    try: print(fd, os.readlink(f'/proc/self/fd/{fd}').split(':')[0])\n"
        "    except OSError: pass\n"
    ).output
    assert output.splitlines() == ["0 /dev/null", "1 pipe", "2 pipe"]


def test_the_agent_holds_no_capability_either(laid_out: Box) -> None:
    status = laid_out.agent("answer = open('/proc/self/status').read()")
    assert "Uid:\t10001\t10001\t10001\t10001" in status
    assert "CapEff:\t0000000000000000" in status and "CapPrm:\t0000000000000000" in status


def test_the_agent_can_t_enter_a_slot_or_signal_the_supervisor(laid_out: Box) -> None:
    answer = laid_out.agent(
        "import os\nanswer, parent = [], os.getppid()\n"
        "for act in (lambda: os.listdir('/home/slots/0/run'), lambda: os.kill(parent, 9), lambda: os.setuid(0)):\n"
        "    try: act(); answer.append('reached')\n"
        "    except PermissionError: answer.append('denied')\n"
    )
    assert answer == ["denied"] * 3


def test_the_secret_is_nowhere_in_what_a_candidate_can_read(laid_out: Box, run: Run) -> None:
    """Reads every file below the places that are not the system's own."""
    output = run(
        f"""
import os
found = []
for top in ('/home', '/run', '/tmp', '/dev/shm', '/opt/podium', '/proc'):
    for folder, folders, names in os.walk(top):
        folders[:] = [] if folder.count('/') > 6 else folders
        for name in names:
            path = os.path.join(folder, name)
            if path.endswith(('kmsg', 'solution.py', 'trace_pipe', '/mem')): continue
            try:
                fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                if b'{CANARY}' in os.read(fd, 1 << 20): found.append(path)
                os.close(fd)
            except OSError: pass
print(found)
"""
    ).output
    assert output == "[]\n"
