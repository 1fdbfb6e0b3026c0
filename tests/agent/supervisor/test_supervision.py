"""What dies inside the box is replaced or ends the box in order; what is not as it should be is not started."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.machine.images import ImageRef
from tests.agent.interpreter_contract import limits
from tests.agent.supervisor.box import Box, BoxInterpreter, opened
from tests.agent.supervisor.conftest import wait_until_warm

pytestmark = pytest.mark.engine

SIGNAL = """
import os, signal
for pid in map(int, filter(str.isdigit, os.listdir('/proc'))):
    try: status, line = open(f'/proc/{{pid}}/status').read(), open(f'/proc/{{pid}}/cmdline').read()
    except OSError: continue
    if {condition} and pid != os.getpid(): {action}; print(pid)
"""
KEEPER = "'Uid:\\t10200\\t0\\t0\\t0' in status"
SERVER = "'forkserver' in line and 'Uid:\\t0\\t' in status"

OF_THE_SLOT = """
import os
def uid(pid):
    try: return os.stat(f'/proc/{pid}').st_uid
    except FileNotFoundError: return None
print([pid for pid in os.listdir('/proc') if pid.isdigit() and uid(pid) == 10100])
"""


@pytest.fixture(scope="module")
def own_box(engine: Any, image: ImageRef, public_data: Path) -> Iterator[Box]:
    """A box that may be damaged."""
    with opened(engine, image.tag, public_data, "--threads", "1") as box:
        wait_until_warm(box)
        yield box


def done_to(box: Box, condition: str, action: str) -> None:
    assert box.python(SIGNAL.format(condition=condition, action=action)), f"nothing matches {condition}"


def run(box: Box, code: str, **changes: object) -> Any:
    return BoxInterpreter(box).run(code, Path(box.scratch.name), limits(**changes))


def wait_until_runs(box: Box) -> None:
    for _ in range(100):
        if box.python(OF_THE_SLOT) != "[]\n":
            return
        time.sleep(0.05)
    raise AssertionError("no process of the slot's uid: " + "".join(box.log))


def test_a_fork_server_that_dies_is_replaced_and_scripts_start_plainly_meanwhile(own_box: Box) -> None:
    done_to(own_box, SERVER, "os.kill(pid, signal.SIGKILL)")
    assert run(own_box, "print('on')").output == "on\n"
    wait_until_warm(own_box)


def test_a_fork_server_that_hangs_is_replaced_and_the_script_starts_plainly(own_box: Box) -> None:
    done_to(own_box, SERVER, "os.kill(pid, signal.SIGSTOP)")
    execution = run(own_box, "print('on')")
    assert (execution.output, execution.warm_start) == ("on\n", False)
    wait_until_warm(own_box)


def test_a_fork_server_that_dies_under_a_running_child_leaves_its_status_unknown(own_box: Box) -> None:
    with ThreadPoolExecutor() as pool:
        running = pool.submit(run, own_box, "import time; time.sleep(3); print('whole')")
        wait_until_runs(own_box)
        done_to(own_box, SERVER, "os.kill(pid, signal.SIGKILL)")
    assert running.result().outcome == "killed"
    assert running.result().output.startswith("whole\n")
    wait_until_warm(own_box)


def test_a_keeper_that_dies_is_replaced_and_what_ran_is_ended_and_reported(own_box: Box) -> None:
    with ThreadPoolExecutor() as pool:
        running = pool.submit(run, own_box, "import time; time.sleep(30)")
        wait_until_runs(own_box)
        done_to(own_box, KEEPER, "os.kill(pid, signal.SIGKILL)")
    assert running.result().outcome == "not_run"
    assert "keeper was replaced" in running.result().output
    assert own_box.python(OF_THE_SLOT) == "[]\n"
    assert run(own_box, "print('on')").output == "on\n"


def test_a_keeper_that_dies_between_two_scripts_costs_none(own_box: Box) -> None:
    done_to(own_box, KEEPER, "os.kill(pid, signal.SIGKILL)")
    time.sleep(0.5)
    assert run(own_box, "print('on')").outcome == "ok"


def test_a_keeper_that_was_slowed_is_replaced_after_the_script(own_box: Box) -> None:
    done_to(own_box, KEEPER, "os.setpriority(os.PRIO_PROCESS, pid, 19)")
    assert run(own_box, "print('on')").output == "on\n"
    assert run(own_box, "print('on')").output == "on\n"
    own_box.python(f"import os\n{SIGNAL.format(condition=KEEPER, action='assert os.getpriority(0, pid) == 0')}")


ASK = """
import array, json, os, socket
from agent.supervisor import protocol
line = interpreters[0]._slot
def ask(message, *files):
    for file in files: os.set_inheritable(file, False)
    protocol.send(line, message, files)
    return json.loads(protocol.receive(line)[0])
def opened(path, flags): return os.open(path, flags, 0o600)
good = {'sequence': 9, 'timeout_seconds': 5, 'memory_bytes': 2**29, 'output_bytes': 999, 'file_bytes': 999, 'cpus': [],
        'inputs': [], 'sampled': False}
os.makedirs('/home/agent/x', exist_ok=True)
code = opened('/home/agent/x/code', os.O_RDWR | os.O_CREAT)
out = opened('/home/agent/x/out', os.O_WRONLY | os.O_CREAT)
sub = opened('/home/agent/x/sub', os.O_WRONLY | os.O_CREAT)
subs = [sub] * 3  # the submission, and two kinds of predictions
job = json.dumps(good).encode()
with_input = json.dumps(good | {'inputs': ['a.csv']}).encode()
"""


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("ask(b'{')", "not a JSON object"),
        ("ask(b'x' * 9000, code, out, *subs)", "not a JSON object"),
        ("ask(b'[' * 9000, code, out, *subs)", "not a JSON object"),
        ("ask(job.replace(b'9,', b'true,', 1), code, out, *subs)", "sequence is not an integer"),
        ("ask(job)", "0 descriptors"),
        ("ask(job, code, out)", "2 descriptors"),
        ("ask(job, code, out, *subs, sub)", "6 descriptors came with the job; 5 belong"),
        ("ask(job, code, out, *subs, *[code] * 33)", "more descriptors"),
        ("ask(with_input, code, out, *subs)", "5 descriptors came with the job; 6 belong"),
        ("ask(with_input, code, out, *subs, sub)", "not open for what it is there for"),
        ("ask(with_input, code, out, *subs, os.open('/proc/self/environ', os.O_RDONLY))", "not a regular file in the"),
        (
            "(os.truncate('/home/agent/x/code', 1000), ask(with_input, code, out, *subs, code))[1]",
            "a.csv has 1000 bytes",
        ),
        ("ask(job, out, out, *subs)", "not open for what it is there for"),
        ("ask(job, code, opened('/home/agent/x/code', os.O_RDONLY), *subs)", "not open for what it is there for"),
        ("ask(job, opened('/home/agent/x/code', os.O_PATH), out, *subs)", "not open for what it is there for"),
        (
            "ask(job, code, opened('/proc/self/oom_score_adj', os.O_WRONLY), *subs)",
            "not a regular file in the workspace",
        ),
        ("ask(job, code, os.pipe()[1], *subs)", "not a regular file in the workspace"),
        ("ask(job, opened('/home/agent', os.O_RDONLY), out, *subs)", "not a regular file in the workspace"),
        ("ask(job, code, out, line.fileno(), sub, sub)", "not a regular file in the workspace"),
        ("(os.truncate('/home/agent/x/code', 2**23), ask(job, code, out, *subs))[1]", "the code is longer"),
    ],
)
def test_a_wrong_request_is_refused_and_the_next_one_works(own_box: Box, call: str, reason: str) -> None:
    reply = own_box.agent(f"{ASK}\nanswer = {call}")
    assert reply["outcome"] == "not_run"
    assert reason in reply["problem"]
    assert run(own_box, "print('on')").output == "on\n"


def test_the_container_s_exit_status_is_the_agent_s(engine: Any, image: ImageRef, public_data: Path) -> None:
    with opened(engine, image.tag, public_data, "--no-warm") as box:
        box.tell("import os; os._exit(7)")
        assert box.ended() == 7


def test_an_agent_that_is_killed_gives_75(engine: Any, image: ImageRef, public_data: Path) -> None:
    with opened(engine, image.tag, public_data, "--no-warm") as box:
        box.tell("import os; os.kill(os.getpid(), 9)")
        assert box.ended() == 75
        assert "ended by signal 9" in "".join(box.log)


def test_a_request_to_end_reaches_the_agent_which_may_end_in_order(
    engine: Any, image: ImageRef, public_data: Path
) -> None:
    code = (
        "import signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(5))\n"
        "print('{\"id\": 0}', flush=True)\ntime.sleep(60)"
    )
    agent = ("/opt/agent/bin/python", "-I", "-c", code)
    with opened(engine, image.tag, public_data, agent=agent) as box:
        box.ask()
        subprocess.run(["docker", "kill", "--signal=TERM", box.name], check=True, capture_output=True)
        assert box.ended() == 5


def test_an_agent_that_ignores_the_request_to_end_is_ended(engine: Any, image: ImageRef, public_data: Path) -> None:
    code = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('{\"id\": 0}', flush=True)\ntime.sleep(60)"
    agent = ("/opt/agent/bin/python", "-I", "-c", code)
    with opened(engine, image.tag, public_data, "--no-warm", agent=agent) as box:
        box.ask()
        subprocess.run(["docker", "kill", "--signal=TERM", box.name], check=True, capture_output=True)
        began = time.monotonic()
        assert box.ended() == 75
        assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("docker", "said"),
    [
        (["--tmpfs=/run/agent:mode=0777"], "/run/agent belongs to 0:0"),
        (["--user=10001"], "runs as uid 10001"),
        (["--tmpfs=/home/agent"], "/home/agent belongs to 0:0"),
        (["--tmpfs=/opt/candidate"], "/opt/candidate/bin/python is missing"),
    ],
)
def test_a_box_with_an_open_wall_is_not_started(
    engine: Any, image: ImageRef, public_data: Path, docker: list[str], said: str
) -> None:
    with opened(engine, image.tag, public_data, docker=docker) as box:
        assert box.ended() == 70
        time.sleep(0.2)
        assert said in "".join(box.log)
