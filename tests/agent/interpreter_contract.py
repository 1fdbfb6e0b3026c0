"""What every interpreter must do; each implementation's test module subclasses this with its own fixture."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.contract import CandidateLimits
from agent.interpreter import Execution, Interpreter

LIMITS = CandidateLimits(
    timeout_seconds=30, memory_bytes=512 * 2**20, output_bytes=20_000, file_bytes=16 * 2**20, cpus=(0,)
)
SAMPLE_CSV = "id,target\n2,1\n"
TRAIN_CSV = "id,target\n1,0\n2,1\n"


def limits(**changes: object) -> CandidateLimits:
    return CandidateLimits(**{**LIMITS.__dict__, **changes})  # type: ignore[arg-type]


class InterpreterContract:
    """A subclass provides `interpreter`; `train.csv` is `TRAIN_CSV` in its data and `SAMPLE_CSV` in its sample."""

    @pytest.fixture
    def interpreter(self) -> Interpreter:
        raise NotImplementedError

    @pytest.fixture
    def run(self, interpreter: Interpreter, tmp_path: Path):
        def run(code: str, **changes: object) -> Execution:
            return interpreter.run(code, tmp_path / "node", limits(**changes))

        return run

    def test_a_script_that_works_is_ok_and_leaves_three_files(self, run, tmp_path: Path) -> None:
        code = "print('validation score: 0.5')\nopen('working/submission.csv', 'w').write('id\\n1\\n')\n"
        execution = run(code)
        assert (execution.outcome, execution.exit_code, execution.signal) == ("ok", 0, None)
        assert execution.output == "validation score: 0.5\n"
        assert execution.submission == tmp_path / "node" / "submission.csv"
        assert execution.submission_problem is None
        assert (tmp_path / "node" / "submission.csv").read_text() == "id\n1\n"
        assert (tmp_path / "node" / "solution.py").read_text() == code
        assert (tmp_path / "node" / "output.txt").read_text() == execution.output

    def test_the_data_are_at_input(self, run) -> None:
        assert run("print(open('input/train.csv').read(), end='')").output == TRAIN_CSV

    def test_a_trial_finds_the_sample_at_input(self, interpreter: Interpreter, tmp_path: Path) -> None:
        code = "print(open('input/train.csv').read(), end='')"
        assert interpreter.run(code, tmp_path / "trial", LIMITS, sampled=True).output == SAMPLE_CSV
        assert interpreter.run(code, tmp_path / "full", LIMITS).output == TRAIN_CSV

    def test_a_script_is_the_main_module_in_its_own_folder(self, run) -> None:
        code = (
            "import os, sys\nassert __name__ == '__main__'\nassert sys.argv == ['solution.py']\n"
            "assert __file__ == os.path.join(os.getcwd(), 'solution.py')\nassert sys.path[0] == os.getcwd()\n"
            "assert sys.modules['__main__'].__dict__ is globals()\n"
        )
        assert run(code).output == ""

    def test_a_traceback_names_only_the_script(self, run) -> None:
        execution = run("def f():\n    1 / 0\nf()\n")
        assert (execution.outcome, execution.exit_code) == ("failed", 1)
        lines = execution.output.splitlines()
        assert lines[0] == "Traceback (most recent call last):"
        assert [line.rpartition("/")[2] for line in lines if line.startswith("  File")] == [
            'solution.py", line 3, in <module>',
            'solution.py", line 2, in f',
        ]
        assert lines[-1] == "ZeroDivisionError: division by zero"

    def test_a_syntax_error_is_printed_as_python_does(self, run) -> None:
        execution = run("print('a')\nx = = 1\n")
        assert execution.exit_code == 1
        lines = execution.output.splitlines()
        assert lines[0].endswith('solution.py", line 2')
        assert lines[-1] == "SyntaxError: invalid syntax"

    @pytest.mark.parametrize(
        ("statement", "outcome", "exit_code", "printed"),
        [
            ("sys.exit(0)", "ok", 0, ""),
            ("sys.exit()", "ok", 0, ""),
            ("sys.exit(3)", "failed", 3, ""),
            ("sys.exit('no luck')", "failed", 1, "no luck\n"),
            ("raise SystemExit(256 + 7)", "failed", 7, ""),
            ("import os; os._exit(9)", "failed", 9, ""),
        ],
    )
    def test_exit_codes_are_python_s(self, run, statement: str, outcome: str, exit_code: int, printed: str) -> None:
        execution = run(f"import sys\n{statement}\n")
        assert (execution.outcome, execution.exit_code, execution.output) == (outcome, exit_code, printed)

    def test_a_script_that_crashes_the_interpreter_is_killed_by_its_signal(self, run) -> None:
        execution = run("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
        assert (execution.outcome, execution.exit_code, execution.signal) == ("killed", None, 11)

    def test_output_printed_before_a_kill_is_kept(self, run) -> None:
        execution = run("print('so far'); import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
        assert execution.output.startswith("so far\n")

    def test_exit_functions_run_and_open_files_are_flushed(self, run, tmp_path: Path) -> None:
        code = (
            "import atexit, sys\natexit.register(print, 'at exit')\n"
            "kept = open('working/submission.csv', 'w')\nkept.write('id\\n1\\n')\nsys.stdout.write('no newline')\n"
        )
        assert run(code).output == "no newlineat exit\n"
        assert (tmp_path / "node" / "submission.csv").read_text() == "id\n1\n"

    def test_threads_are_waited_for(self, run) -> None:
        code = "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.2), print('late'))).start()\n"
        assert run(code).output == "late\n"

    def test_a_script_is_ended_at_its_timeout(self, run) -> None:
        execution = run("print('begun')\nwhile True: pass", timeout_seconds=1.0)
        assert execution.outcome == "timed_out"
        assert execution.output.startswith("begun\n")
        assert execution.seconds >= 1.0, "it had all of its time"
        assert execution.exit_code is None, "it was ended, and did not end"
        assert run("print('the next')").output == "the next\n"

    def test_signals_can_t_be_used_to_outlive_the_timeout(self, run) -> None:
        code = (
            "import signal, time\n"
            "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(number, lambda *a: 0)\n"
            "while True: time.sleep(1)"
        )
        assert run(code, timeout_seconds=1.0).outcome == "timed_out"

    def test_children_of_a_script_end_with_it(self, run, tmp_path: Path) -> None:
        code = "import os, time\nif os.fork() == 0:\n    time.sleep(60)\nprint('parent is done')\n"
        execution = run(code)
        assert execution.outcome == "ok"
        assert execution.seconds < 20

    def test_a_script_may_close_its_output_and_work_on(self, run) -> None:
        code = (
            "import os, time\nprint('before', flush=True)\nos.close(1); os.close(2)\ntime.sleep(0.3)\n"
            "open('working/submission.csv', 'w').write('id\\n')\nos._exit(0)"
        )
        execution = run(code)
        assert execution.outcome == "ok"
        assert execution.output == "before\n"
        assert execution.submission is not None

    def test_long_output_keeps_head_and_tail(self, run) -> None:
        execution = run("for i in range(100_000): print(i)", output_bytes=1000)
        assert execution.outcome == "ok"
        assert execution.output.startswith("0\n1\n2\n")
        assert execution.output.endswith("99998\n99999\n")
        assert "bytes cut" in execution.output
        assert len(execution.output) < 1100

    def test_a_gigabyte_of_output_ends_the_script(self, run) -> None:
        code = "import os\nblock = b'x' * 2**20\nfor _ in range(1024): os.write(1, block)\n"
        execution = run(code)
        assert execution.outcome == "output_limit"
        assert len(execution.output) < 21_000

    def test_bytes_that_are_no_text_are_replaced(self, run) -> None:
        assert run(r"import os; os.write(1, b'\xff\xfe ok\n')").output == "�� ok\n"

    def test_standard_input_is_empty(self, run) -> None:
        assert run("import sys; print(repr(sys.stdin.read()))").output == "''\n"

    def test_no_submission_has_a_reason(self, run, tmp_path: Path) -> None:
        execution = run("pass")
        assert execution.submission is None
        assert "no working/submission.csv" in execution.submission_problem
        assert not (tmp_path / "node" / "submission.csv").exists()

    @pytest.mark.parametrize(
        "made",
        [
            "os.symlink('/etc/passwd', 'working/submission.csv')",
            "os.mkfifo('working/submission.csv')",
            "os.mkdir('working/submission.csv')",
            "os.rmdir('working'); os.symlink('/etc', 'working')",
        ],
    )
    def test_a_submission_that_is_no_plain_file_is_refused(self, run, made: str, tmp_path: Path) -> None:
        execution = run(f"import os\n{made}")
        assert execution.submission is None
        assert execution.submission_problem
        assert not (tmp_path / "node" / "submission.csv").exists()

    def test_a_file_larger_than_allowed_can_t_be_written(self, run) -> None:
        code = "f = open('working/big', 'wb')\nfor _ in range(64): f.write(b'x' * 2**20)\n"
        execution = run(f"import time; time.sleep(0.2)\n{code}")
        assert execution.outcome == "failed"
        assert "File too large" in execution.output

    def test_nothing_of_the_agent_s_environment_is_seen(self, run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PODIUM_CANARY", "canary-of-the-environment")
        assert "canary" not in run("import os; print(dict(os.environ))").output

    def test_threads_are_asked_to_match_the_cpus(self, run) -> None:
        assert run("import os; print(os.environ['OMP_NUM_THREADS'])", cpus=(0, 1)).output == "2\n"

    def test_one_script_leaves_nothing_to_the_next(self, run) -> None:
        run("open('working/left', 'w').write('x'); open('left', 'w').write('x')")
        listing = run("import os; print(sorted(os.listdir('.')), os.listdir('working'))").output
        assert listing == "['input', 'solution.py', 'tmp', 'working'] []\n"

    def test_files_of_earlier_scripts_are_at_earlier_as_copies_that_can_t_be_written(
        self, interpreter: Interpreter, tmp_path: Path
    ) -> None:
        first = tmp_path / "first.csv"
        first.write_text("id,y\n1,0.5\n")
        code = (
            "import os\nprint(sorted(os.listdir('earlier')), open('earlier/n0001.csv').read(), end='')\n"
            "try: open('earlier/n0001.csv', 'w'); print('written' if os.getuid() else 'denied')\n"
            "except PermissionError: print('denied')\n"
        )
        execution = interpreter.run(code, tmp_path / "node", limits(), {"n0001.csv": first})
        assert execution.output == "['n0001.csv'] id,y\n1,0.5\ndenied\n"
        assert first.read_text() == "id,y\n1,0.5\n"
        listing = interpreter.run("import os; print(os.listdir('.'))", tmp_path / "node", limits()).output
        assert "earlier" not in listing

    def test_predictions_are_kept_beside_the_submission(self, run, tmp_path: Path) -> None:
        run("for name in ('oof', 'test', 'other'): open(f'working/{name}.csv', 'w').write(name)")
        left = {path.name: path.read_text() for path in tmp_path.rglob("node*/*.csv")}
        assert left == {"oof.csv": "oof", "test.csv": "test"}

    @pytest.mark.parametrize("made", ["os.symlink('/etc/passwd', name)", "os.mkfifo(name)", "os.mkdir(name)"])
    def test_predictions_that_are_no_plain_file_are_left(self, run, made: str, tmp_path: Path) -> None:
        execution = run(f"import os; name = 'working/oof.csv'; {made}; print('done')")
        assert (execution.outcome, execution.output) == ("ok", "done\n")
        assert not list(tmp_path.rglob("oof.csv"))

    def test_peak_memory_is_measured(self, run) -> None:
        assert run("x = b'x' * (200 * 2**20)").peak_memory_bytes > 200 * 2**20
