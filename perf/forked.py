"""Runs scripts as forks of one process that has the slow imports behind it, so that hundreds fit into minutes.

For scripts of our own only: nothing is isolated, and a script has the caller's rights. Everything else is as in the
agent's `PlainInterpreter`: a folder with `input/` and `working/`, one stream of output, a time limit.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agent.contract import CandidateLimits, Outcome
from agent.interpreter import NO_INPUTS, Execution
from agent.supervisor.protocol import PREDICTIONS

SERVER = """
import importlib, json, os, runpy, select, signal, sys, time, traceback

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")})
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except ImportError:
        pass
for line in sys.stdin:
    job = json.loads(line)
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.setsid()
        output = os.open(os.path.join(job["folder"], "output.txt"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(job["folder"])
        code = 0
        try:
            runpy.run_path("solution.py", run_name="__main__")
        except SystemExit as end:
            code = int(end.code or 0) if isinstance(end.code, int) or end.code is None else 1
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    ended = os.pidfd_open(child)
    timed_out = not select.select([ended], [], [], job["seconds"])[0]
    if timed_out:
        os.killpg(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    os.close(ended)
    report = {"status": os.waitstatus_to_exitcode(status), "timed_out": timed_out}
    report |= {"seconds": time.monotonic() - began, "peak": usage.ru_maxrss * 1024}
    print(json.dumps(report), flush=True)
"""
PRELOADED = (
    "pandas", "scipy.sparse", "scipy.stats", "sklearn.ensemble", "sklearn.linear_model", "sklearn.model_selection",
    "sklearn.feature_extraction.text", "sklearn.decomposition", "sklearn.pipeline", "sklearn.svm", "joblib",
    "threadpoolctl", "lightgbm", "xgboost", "catboost", "PIL.Image", "pyarrow.parquet", "pydicom",
)  # fmt: skip


class ForkServer:
    """The warm process. A context manager; used by one thread."""

    def __init__(self, python: Path = Path(sys.executable)) -> None:
        self._server = subprocess.Popen(
            [python, "-c", SERVER, json.dumps(PRELOADED)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._server.stdin is not None:
            self._server.stdin.close()
        self._server.wait()

    def ask(self, folder: Path, seconds: float) -> dict[str, Any]:
        """Run `folder/solution.py` and say how it ended."""
        if self._server.stdin is None or self._server.stdout is None:
            raise RuntimeError("the server was started without pipes")
        self._server.stdin.write(json.dumps({"folder": str(folder), "seconds": seconds}) + "\n")
        self._server.stdin.flush()
        report: dict[str, Any] = json.loads(self._server.stdout.readline())
        return report


@dataclass(frozen=True)
class ForkingInterpreter:
    """One candidate at a time on one data folder, or a sample of it, each a fork of the warm process."""

    server: ForkServer
    data: Path
    sample: Path | None = None

    def run(
        self,
        code: str,
        node_dir: Path,
        limits: CandidateLimits,
        inputs: Mapping[str, Path] = NO_INPUTS,
        *,
        sampled: bool = False,
    ) -> Execution:
        """Run `code`; see `agent.interpreter.Interpreter.run`. There is no sample here: stand-ins are small."""
        node_dir.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="candidate-", ignore_cleanup_errors=True) as place:
            folder = Path(place)
            (folder / "solution.py").write_text(code, encoding="utf-8")
            data = self.sample if sampled and self.sample is not None else self.data
            (folder / "input").symlink_to(data.resolve())
            (folder / "working").mkdir()
            (folder / "earlier").mkdir()
            for name, path in inputs.items():
                shutil.copyfile(path, folder / "earlier" / name)
            report = self.server.ask(folder, limits.timeout_seconds)
            made = dict.fromkeys(("submission.csv", *PREDICTIONS), folder / "working")
            kept = {"solution.py": folder, "output.txt": folder, **made}
            for file, inside in kept.items():
                if (inside / file).is_file():
                    shutil.copyfile(inside / file, node_dir / file)
        return _execution(report, node_dir)

    def close(self) -> None:
        """Leave the server to whoever started it."""


def _execution(report: dict[str, Any], node_dir: Path) -> Execution:
    status, submission = int(report["status"]), node_dir / "submission.csv"
    outcome: Outcome = "ok" if status == 0 else "failed"
    if status < 0:
        outcome = "timed_out" if report["timed_out"] else "killed"
    return Execution(
        outcome=outcome,
        exit_code=status if status >= 0 else None,
        signal=-status if status < 0 else None,
        seconds=report["seconds"],
        output=(node_dir / "output.txt").read_text(encoding="utf-8", errors="replace"),
        peak_memory_bytes=report["peak"],
        submission=submission if submission.is_file() else None,
        submission_problem=None if submission.is_file() else "there is no working/submission.csv",
        warm_start=True,
    )
