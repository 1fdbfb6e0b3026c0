"""Whatever a candidate does, it is that node's outcome: nothing of it is left, and the next one runs as usual."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.agent.interpreter_contract import limits
from tests.agent.supervisor.box import Box, BoxInterpreter
from tests.agent.supervisor.conftest import Run

pytestmark = pytest.mark.engine

MIB = 2**20
LEFT = """
import os
for pid in filter(str.isdigit, os.listdir('/proc')):
    lines = open(f'/proc/{pid}/status').read()
    if '\\t10100\\t' in lines and 'State:\\tZ' not in lines: print('process', pid)
for folder in ('/tmp', '/dev/shm'):
    for name in os.listdir(folder):
        if os.lstat(f'{folder}/{name}').st_uid == 10100: print('file', folder, name)
"""


@pytest.fixture(autouse=True)
def leaves_nothing(box: Box, run: Run) -> Iterator[None]:
    """After each of these: nothing of the uid is left, and the next script starts warm and works."""
    yield
    assert box.python(LEFT) == ""
    after = run("import os; print(sorted(os.listdir('.')))")
    assert (after.outcome, after.warm_start) == ("ok", True), box.log
    assert after.output == "['input', 'solution.py', 'tmp', 'working']\n"


def test_a_daemon_that_left_its_session_ends_with_the_script(run: Run) -> None:
    execution = run(
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        for fd in (0, 1, 2): os.close(fd)\n"
        "        while True: time.sleep(0.01)\n"
        "    os._exit(0)\n"
        "os.wait(); print('daemon started')\n"
    )
    assert (execution.outcome, execution.output) == ("ok", "daemon started\n")


def test_daemons_that_fork_on_and_on_end_with_the_script(run: Run) -> None:
    execution = run(
        "import os, signal, time\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "for _ in range(8):\n"
        "    if os.fork() == 0:\n"
        "        while True:\n"
        "            if os.fork() > 0: os._exit(0)\n"
        "            os.setsid()\n"
        "time.sleep(0.3); print('done')\n"
    )
    assert (execution.outcome, execution.output) == ("ok", "done\n")


def test_processes_that_stop_and_kill_each_other_end(run: Run) -> None:
    execution = run(
        "import os, signal, time\n"
        "for number in range(1, 32):\n"
        "    try: signal.signal(number, signal.SIG_IGN)\n"
        "    except OSError: pass\n"
        "children = []\n"
        "for _ in range(6):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        while True:\n"
        "            os.kill(os.getppid(), signal.SIGSTOP) if children == [1] else time.sleep(0.01)\n"
        "    children.append(pid)\n"
        "for pid in children: os.kill(pid, signal.SIGSTOP)\n"
        "while True: time.sleep(1)\n",
        timeout_seconds=1.0,
    )
    assert execution.outcome == "timed_out"


def test_a_script_that_stops_itself_is_ended_at_its_timeout(run: Run) -> None:
    execution = run("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", timeout_seconds=1.0)
    assert execution.outcome == "timed_out"
    assert execution.seconds < 3


def test_a_fork_bomb_is_ended(run: Run) -> None:
    code = "import os, time\nwhile True:\n    try: os.fork()\n    except OSError: time.sleep(0.01)\n"
    execution = run(code, timeout_seconds=60)
    assert execution.outcome == "killed"
    assert "share of processes" in execution.output


def test_threads_without_end_are_ended(run: Run) -> None:
    code = (
        "import threading, time\n"
        "while True:\n"
        "    try: threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "    except RuntimeError: time.sleep(0.01)\n"
    )
    execution = run(code, timeout_seconds=20)
    assert execution.outcome == "killed"
    assert "share of processes" in execution.output


def test_more_memory_than_its_share_ends_the_script(run: Run) -> None:
    code = "import time\nheld = []\nwhile True:\n    held.append(b'x' * 2**24); time.sleep(0.01)\n"
    execution = run(code, memory_bytes=600 * MIB)
    assert execution.outcome == "out_of_memory"
    assert "share of memory" in execution.output
    assert 600 * MIB < execution.peak_memory_bytes < 1300 * MIB


def test_memory_of_children_counts_too(run: Run) -> None:
    code = (
        "import os, time\nfor _ in range(4):\n    if os.fork() == 0:\n"
        "        held = bytearray(os.urandom(1024)) * (200 * 1024); time.sleep(60)\ntime.sleep(60)\n"
    )
    assert run(code, memory_bytes=600 * MIB, timeout_seconds=30).outcome == "out_of_memory"


def test_memory_that_children_only_share_is_not_counted_again(run: Run) -> None:
    code = (
        "import os, time\nheld = bytearray(os.urandom(1024)) * (200 * 1024)\nchildren = []\n"
        "for _ in range(6):\n    pid = os.fork()\n    if pid == 0: time.sleep(1.5); os._exit(0)\n"
        "    children.append(pid)\n"
        "for pid in children: os.waitpid(pid, 0)\nprint('shared')\n"
    )
    execution = run(code, memory_bytes=600 * MIB)
    assert (execution.outcome, execution.output) == ("ok", "shared\n")


def test_a_script_faster_than_the_watcher_meets_the_kernel_first(run: Run, box: Box) -> None:
    before = box.agent("import os; answer = os.getpid()")
    code = "import mmap\nm = mmap.mmap(-1, 8 * 2**30)\nfor at in range(0, len(m), 4096): m[at] = 1\n"
    execution = run(code, memory_bytes=2**40, timeout_seconds=60)
    assert (execution.outcome, execution.signal) == ("out_of_memory", 9)
    assert box.agent("import os; answer = os.getpid()") == before


def test_a_full_shared_memory_is_an_error_of_the_script(run: Run) -> None:
    execution = run("f = open('/dev/shm/x', 'wb')\nwhile True: f.write(bytes(2**20))", file_bytes=2**40)
    assert execution.outcome == "failed"
    assert "No space left on device" in execution.output


def test_a_full_tmp_is_an_error_of_the_script(run: Run) -> None:
    execution = run("f = open('/tmp/x', 'wb')\nwhile True: f.write(bytes(2**20))", file_bytes=2**40)
    assert execution.outcome == "failed"
    assert "No space left on device" in execution.output


def test_a_full_disk_is_an_error_of_the_script_and_its_output_is_kept(box: Box, run: Run) -> None:
    if not box.limited:
        pytest.skip("the workspace is a plain volume here: filling it would fill the host's disk")
    code = "print('begun')\nf = open('working/x', 'wb')\nwhile True: f.write(bytes(2**20))"
    execution = run(code, file_bytes=2**40)
    assert execution.outcome == "failed"
    assert execution.output.startswith("begun\n")
    assert "No space left on device" in execution.output


def test_a_disk_kept_full_ends_the_script(box: Box, run: Run) -> None:
    if not box.limited:
        pytest.skip("the workspace is a plain volume here: filling it would fill the host's disk")
    code = (
        "import time\nf = open('working/x', 'wb', buffering=0)\n"
        "while True:\n    try: f.write(bytes(2**20))\n    except OSError: time.sleep(0.1)\n"
    )
    execution = run(code, file_bytes=2**40, timeout_seconds=60)
    assert execution.outcome == "killed"
    assert "disk full" in execution.output


def test_a_disk_full_of_empty_files_ends_the_script(box: Box, run: Run) -> None:
    if not box.limited:
        pytest.skip("the workspace is a plain volume here: filling it would fill the host's disk")
    code = (
        "import itertools, os, time\nfor n in itertools.count():\n"
        "    try: os.close(os.open(f'working/{n}', os.O_CREAT))\n    except OSError: time.sleep(0.1)\n"
    )
    execution = run(code, timeout_seconds=120)
    assert execution.outcome == "killed"
    assert "disk full" in execution.output


def test_a_submission_that_fills_the_disk_costs_only_itself(box: Box, run: Run) -> None:
    if not box.limited:
        pytest.skip("the workspace is a plain volume here: filling it would fill the host's disk")
    code = (
        "f = open('working/submission.csv', 'wb', buffering=0)\n"
        "try:\n    while True: f.write(bytes(2**20))\nexcept OSError as error: print(error.strerror)\n"
    )
    execution = run(code, file_bytes=2**40)
    assert (execution.outcome, execution.output) == ("ok", "No space left on device\n")
    assert execution.submission is None
    assert "could not be kept" in (execution.submission_problem or "")


def test_a_tree_too_deep_for_any_path_is_wiped(run: Run) -> None:
    code = (
        "import os\nfor _ in range(3000):\n    os.mkdir('d' * 50); os.chdir('d' * 50)\nopen('x', 'w'); print('deep')\n"
    )
    assert run(code).output == "deep\n"


def test_folders_closed_to_their_owner_are_wiped(run: Run) -> None:
    code = (
        "import os\nfor top in ('working/a', 'tmp/a', '/tmp/a', '/dev/shm/a'):\n"
        "    os.makedirs(f'{top}/b/c'); open(f'{top}/b/c/file', 'w').close()\n"
        "    for folder in (f'{top}/b/c', f'{top}/b', top): os.chmod(folder, 0)\n"
        "os.chmod('working', 0); os.chmod('.', 0)\nprint('closed')\n"
    )
    assert run(code).output == "closed\n"


def test_access_lists_on_the_slot_s_own_folder_do_not_last(run: Run) -> None:
    code = (
        "import os, struct\nnobody_may_anything = ((1, 0, 2**32 - 1), (4, 0, 2**32 - 1), (32, 0, 2**32 - 1))\n"
        "entries = b''.join(struct.pack('<HHI', *entry) for entry in nobody_may_anything)\n"
        "os.setxattr('.', 'system.posix_acl_default', struct.pack('<I', 2) + entries)\nprint('set')\n"
    )
    assert run(code).output == "set\n"
    assert run("open('working/x', 'w').write('x'); print(open('working/x').read())").output == "x\n"


def test_a_thousand_entries_in_shared_folders_are_swept(run: Run) -> None:
    code = "import os\nfor n in range(1000): open(f'/tmp/f{n}', 'w').close(); os.makedirs(f'/dev/shm/d{n}/e')\n"
    assert run(code).outcome == "ok"


def test_a_folder_in_tmp_that_another_slot_filled_costs_neither_its_outcome(box: Box, run: Run) -> None:
    opened = "import os, time\nos.mkdir('/tmp/open'); os.chmod('/tmp/open', 0o777)\n"
    planted = "import os, time\nwhile not os.path.isdir('/tmp/open'): time.sleep(0.01)\n"
    with ThreadPoolExecutor() as pool:
        other = pool.submit(
            BoxInterpreter(box, slot=1).run,
            planted + "time.sleep(0.2); os.makedirs('/tmp/open/theirs/deep')\ntime.sleep(2); print('planted')\n",
            Path(box.scratch.name),
            limits(),
        )
        mine = run(opened + "while not os.path.isdir('/tmp/open/theirs'): time.sleep(0.01)\nprint('filled')\n")
    assert (mine.outcome, mine.output) == ("ok", "filled\n")
    assert other.result().output == "planted\n"
    box.python("import os\nos.setuid(10100)\nos.chmod('/tmp/open', 0o777)")
    box.python("import os, shutil\nos.setuid(10101)\nshutil.rmtree('/tmp/open/theirs')")
    box.python("import os\nos.setuid(10100)\nos.rmdir('/tmp/open')")


def test_what_is_printed_after_the_script_s_end_by_its_daemons_is_not_waited_for(run: Run) -> None:
    code = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    while True: os.write(1, b'daemon\\n' * 1000)\n"
        "time.sleep(0.2)\n"
    )
    began = time.monotonic()
    assert run(code).outcome in ("ok", "output_limit")
    assert time.monotonic() - began < 20


def test_two_slots_run_at_once_and_do_not_end_each_other(box: Box, run: Run) -> None:
    other = BoxInterpreter(box, slot=1)
    with ThreadPoolExecutor() as pool:
        long = pool.submit(other.run, "import time; time.sleep(3); print('whole')", Path(box.scratch.name), limits())
        while not long.done():
            assert run("import os, signal; os.fork(); os.kill(-1, signal.SIGKILL)").outcome in ("ok", "killed")
    assert (long.result().outcome, long.result().output) == ("ok", "whole\n")
