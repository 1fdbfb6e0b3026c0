"""The command line's process ends with everything said, whatever other threads are doing."""

import os
import subprocess
import sys

import pytest

BEGIN = "from harness.verbs.leaving import leave\n"
BUSY = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"


def ended(code: str, **options: object) -> subprocess.CompletedProcess[str]:
    options = {"capture_output": True, "env": {**os.environ, "PYTHONUNBUFFERED": ""}, **options}
    return subprocess.run([sys.executable, "-c", BEGIN + code], text=True, timeout=60, check=False, **options)


@pytest.mark.parametrize(("code", "status"), [("None", 0), ("0", 0), ("3", 3), ("130", 130), ("'a reason'", 1)])
def test_the_exit_status_is_that_of_a_system_exit(code: str, status: int) -> None:
    assert ended(f"leave({code})").returncode == status
    assert ended(f"raise SystemExit({code})").returncode == status


def test_a_reason_is_said() -> None:
    assert ended("leave('a reason')").stderr == "a reason\n"


def test_what_was_printed_is_written_and_exit_functions_run() -> None:
    done = ended("import atexit\natexit.register(print, 'exit function')\nprint('printed', end=' ')\nleave(0)")
    assert done.stdout == "printed exit function\n"


def test_threads_that_are_no_daemons_are_waited_for() -> None:
    done = ended(f"import threading, time\nthreading.Timer(0.3, print, ('whole',)).start()\n{BUSY}leave(0)")
    assert done.stdout == "whole\n"


def test_the_interpreter_is_not_torn_down() -> None:
    """A teardown would make this thread abort the process, as one in C++ may."""
    done = ended(
        "import os\n"
        "class Told:\n"
        "    def __del__(self): os.write(1, b'torn down')\n"
        "told = Told()\n"
        "told.itself = told\n"
        "leave(0)"
    )
    assert done.stdout == ""


def test_output_that_nobody_reads_any_more_is_an_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = ended("print('lost')\nleave(0)", capture_output=False, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert done.returncode == 120
