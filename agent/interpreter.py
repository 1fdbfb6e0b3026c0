"""Runs a candidate script as `python solution.py` and says how it ended.

The agent sees one method. `PlainInterpreter` starts a child process of its own and protects nothing: the script has the
agent's uid, may read its files and outlive it by leaving its process group; it is for tests and for work outside a
container. Inside the container `SlotInterpreter` asks the supervisor's keeper, which runs the script under another uid.
A script's failure of any kind is an `Execution`; an exception here means that the interpreter itself is broken.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from agent.contract import DATA, SAMPLE, CandidateLimits, Outcome
from agent.supervisor.capture import Capture
from agent.supervisor.collect import SUBMISSION, Refused, collect
from agent.supervisor.environment import candidate_environment
from agent.supervisor.protocol import PREDICTIONS, Closed, Job, Report, encode, receive, send
from agent.supervisor.pump import Stop, drain, follow
from agent.supervisor.slot import EARLIER

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
STOPPED: dict[Stop, Outcome] = {Stop.TIMED_OUT: "timed_out", Stop.FLOODED: "output_limit"}


@dataclass(frozen=True)
class Execution:
    """How one candidate ended. `output` is head and tail of what it printed, with a line that says what was cut."""

    outcome: Outcome
    exit_code: int | None
    signal: int | None
    seconds: float
    output: str
    peak_memory_bytes: int
    submission: Path | None
    submission_problem: str | None
    warm_start: bool


class InterpreterBroken(Exception):
    """Scripts can't be run any more, whatever they are."""


NO_INPUTS: Mapping[str, Path] = {}


class Interpreter(Protocol):
    """Runs one script at a time; `run` is used by one thread at a time."""

    def run(
        self,
        code: str,
        node_dir: Path,
        limits: CandidateLimits,
        inputs: Mapping[str, Path] = NO_INPUTS,
        *,
        sampled: bool = False,
    ) -> Execution:
        """Run `code`; leave `solution.py`, `output.txt` and, where they were made, `submission.csv` and `PREDICTIONS`.

        The script finds read-only copies of `inputs` in `earlier/`, by their names, and in `input/` the data, or the
        sample of them.
        """
        ...

    def close(self) -> None:
        """End a script that still runs, from any thread; nothing is run afterwards."""
        ...


class PlainInterpreter:
    """A child process in a temporary folder, without isolation and without a memory limit."""

    def __init__(self, python: Path = Path(sys.executable), data: Path = DATA, sample: Path = SAMPLE) -> None:
        self._python = python
        self._data = data
        self._sample = sample
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._closed = False

    def run(
        self,
        code: str,
        node_dir: Path,
        limits: CandidateLimits,
        inputs: Mapping[str, Path] = NO_INPUTS,
        *,
        sampled: bool = False,
    ) -> Execution:
        """Run `code`; see `Interpreter.run`."""
        node_dir.mkdir(parents=True, exist_ok=True)
        (node_dir / "solution.py").write_text(code, encoding="utf-8", errors="replace")
        with tempfile.TemporaryDirectory(prefix="candidate-", ignore_cleanup_errors=True) as name:
            folder = Path(name).resolve()
            self._lay_out(folder, (node_dir / "solution.py").read_bytes(), inputs, sampled=sampled)
            ended = self._execute(folder, limits)
            submission, problem = _collected(folder, node_dir / SUBMISSION, limits.file_bytes)
            for name in PREDICTIONS:
                _collected(folder, node_dir / name, limits.file_bytes)
        (node_dir / "output.txt").write_bytes(ended.output)
        return Execution(
            outcome=ended.outcome,
            exit_code=ended.returncode if ended.returncode >= 0 else None,
            signal=-ended.returncode if ended.returncode < 0 else None,
            seconds=ended.seconds,
            output=ended.output.decode("utf-8", errors="replace"),
            peak_memory_bytes=ended.peak_memory_bytes,
            submission=submission,
            submission_problem=problem,
            warm_start=False,
        )

    def close(self) -> None:
        """End a script that still runs."""
        with self._lock:
            self._closed = True
            if self._running is not None:
                _end_group(self._running)

    def _lay_out(self, folder: Path, code: bytes, inputs: Mapping[str, Path], *, sampled: bool) -> None:
        (folder / "solution.py").write_bytes(code)
        (folder / "input").symlink_to((self._sample if sampled else self._data).resolve())
        (folder / "working").mkdir()
        (folder / "tmp").mkdir()
        if inputs:
            (folder / EARLIER).mkdir()
        for name, path in inputs.items():
            shutil.copyfile(path, folder / EARLIER / name)
            (folder / EARLIER / name).chmod(0o400)

    def _execute(self, folder: Path, limits: CandidateLimits) -> _Ended:
        capture = Capture(limits.output_bytes)
        reading, writing = os.pipe()
        started = time.monotonic()
        try:
            try:
                process = self._start(folder, limits, writing)
            finally:
                os.close(writing)
            stop = _followed(process, reading, capture, started + limits.timeout_seconds)
            seconds = time.monotonic() - started
            with self._lock:  # after this the number can name another process
                self._running = None
                peak = _reap(process)
            drain(reading, capture)
        finally:
            os.close(reading)
        outcome, note = _judged(process.returncode, stop, seconds)
        return _Ended(outcome, process.returncode, seconds, capture.text(note), peak)

    def _start(self, folder: Path, limits: CandidateLimits, writing: int) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise InterpreterBroken("the interpreter was closed")
            self._running = process = subprocess.Popen(
                [self._python, "solution.py"],
                cwd=folder,
                env=candidate_environment(folder, len(limits.cpus)),
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
            )
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limits.file_bytes, limits.file_bytes))
            resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
        return process


class SlotInterpreter:
    """Asks one slot's keeper, over the socket that the supervisor left open; for use inside the container."""

    def __init__(self, slot: socket.socket) -> None:
        self._slot = slot
        self._sequence = 0

    def run(
        self,
        code: str,
        node_dir: Path,
        limits: CandidateLimits,
        inputs: Mapping[str, Path] = NO_INPUTS,
        *,
        sampled: bool = False,
    ) -> Execution:
        """Run `code`; see `Interpreter.run`."""
        node_dir.mkdir(parents=True, exist_ok=True)
        (node_dir / "solution.py").write_text(code, encoding="utf-8", errors="replace")
        with contextlib.ExitStack() as files:
            descriptors = [
                _opened(files, node_dir / "solution.py", os.O_RDONLY),
                _opened(files, node_dir / "output.txt", NEW_FILE),
                *(_opened(files, node_dir / name, NEW_FILE) for name in (SUBMISSION, *PREDICTIONS)),
                *(_opened(files, path, os.O_RDONLY) for path in inputs.values()),
            ]
            report = self._ask(limits, tuple(inputs), descriptors, sampled=sampled)
        output = (node_dir / "output.txt").read_bytes()
        if report.problem:
            output += f"[the script could not be run: {report.problem}]\n".encode()
            (node_dir / "output.txt").write_bytes(output)
        if report.submission_bytes is None:
            (node_dir / SUBMISSION).unlink()
        for name in set(PREDICTIONS) - set(report.predictions):
            (node_dir / name).unlink()
        return _execution(report, output, node_dir)

    def close(self) -> None:
        """Do nothing: the supervisor ends what runs when the agent leaves."""

    def _ask(
        self, limits: CandidateLimits, inputs: tuple[str, ...], descriptors: list[int], *, sampled: bool
    ) -> Report:
        """Send one job and wait for its report; others are left from a keeper that was replaced."""
        self._sequence += 1
        job = Job(
            sequence=self._sequence,
            timeout_seconds=limits.timeout_seconds,
            memory_bytes=limits.memory_bytes,
            output_bytes=limits.output_bytes,
            file_bytes=limits.file_bytes,
            cpus=limits.cpus,
            inputs=inputs,
            sampled=sampled,
        )
        try:
            self._forget_old_reports()
            send(self._slot, encode(job), descriptors)
            while (report := self._next_report()).sequence not in (0, self._sequence):
                pass
        except Closed:
            raise InterpreterBroken("the slot's keeper has ended for good; see the container's log") from None
        return report

    def _forget_old_reports(self) -> None:
        poller = select.poll()
        poller.register(self._slot, select.POLLIN)
        while poller.poll(0):
            self._next_report()

    def _next_report(self) -> Report:
        message, _ = receive(self._slot)
        return Report(**json.loads(message))


def slots(environ: Mapping[str, str]) -> list[SlotInterpreter]:
    """Return an interpreter for each slot that the supervisor gave this process; none outside the container."""
    numbers = [int(number) for number in environ.get("PODIUM_SLOTS", "").split(",") if number]
    return [SlotInterpreter(socket.socket(fileno=number)) for number in numbers]


def _opened(files: contextlib.ExitStack, path: Path, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    files.callback(os.close, descriptor)
    return descriptor


def _execution(report: Report, output: bytes, node_dir: Path) -> Execution:
    return Execution(
        outcome=report.outcome,
        exit_code=report.exit_code,
        signal=report.signal,
        seconds=report.seconds,
        output=output.decode("utf-8", errors="replace"),
        peak_memory_bytes=report.peak_memory_bytes,
        submission=node_dir / SUBMISSION if report.submission_bytes is not None else None,
        submission_problem=report.submission_problem or (report.problem if report.submission_bytes is None else None),
        warm_start=report.warm_start,
    )


class _Ended(NamedTuple):
    outcome: Outcome
    returncode: int  # as subprocess has it: negative for a signal
    seconds: float
    output: bytes
    peak_memory_bytes: int


def _followed(process: subprocess.Popen[bytes], reading: int, capture: Capture, deadline: float) -> Stop:
    """Follow to the end, then end the process group: a script's own children must not outlive it."""
    pidfd = os.pidfd_open(process.pid)
    try:
        return follow(pidfd, reading, capture, deadline)
    finally:
        os.close(pidfd)
        _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # before wait: until then the number can't name another group


def _reap(process: subprocess.Popen[bytes]) -> int:
    """Wait for the process and return its peak memory in bytes; `Popen.wait` would not tell it."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss * 1024


def _judged(returncode: int, stop: Stop, seconds: float) -> tuple[Outcome, str | None]:
    if stop in STOPPED:
        return STOPPED[stop], f"ended after {seconds:.1f} s: {stop.value}"
    if returncode == 0:
        return "ok", None
    return ("failed", None) if returncode > 0 else ("killed", f"ended by signal {-returncode}")


def _collected(folder: Path, target: Path, limit_bytes: int) -> tuple[Path | None, str | None]:
    descriptor = os.open(target, NEW_FILE | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        collect(folder, descriptor, limit_bytes, target.name)
    except Refused as error:
        target.unlink()
        return None, str(error)
    finally:
        os.close(descriptor)
    return target, None
