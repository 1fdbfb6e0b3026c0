"""Runs one script after the other in one slot, from the first byte of its folder to the last of its processes.

One keeper a slot, plain sequential code: lay out, start, follow, end everything, take output and submission, wipe. What
the script does is its own outcome; whatever goes wrong here is reported as `not_run`, and the slot is tried again.
The agent's descriptors are written to but never named: no path comes from outside.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import stat
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace

from agent.supervisor import collect, identity, protocol, slot, starting
from agent.supervisor.capture import Capture
from agent.supervisor.places import Ground, Slot
from agent.supervisor.protocol import Job, Outcome, Report
from agent.supervisor.pump import Stop, drain, follow
from agent.supervisor.starting import Exit, NotStarted, Order, ServerHangs, Started
from agent.supervisor.watch import Watch, kernel_oom_kills

MOST_CODE_BYTES = 4 * 1024 * 1024
SERVER_WAIT_SECONDS = 3.0  # for a server that is still importing: starting plainly would import the same, beside it
MOST_WARM_FAILURES = 3
LINE, NO_LINE, NEW_LINE, NEW_SERVER = b"line", b"none", b"renew", b"restart"
OUTCOMES: dict[Stop, Outcome] = {
    Stop.TIMED_OUT: "timed_out",
    Stop.FLOODED: "output_limit",
    Stop.MEMORY: "out_of_memory",
    Stop.PROCESSES: "killed",
    Stop.DISK: "killed",
}


@dataclass(frozen=True)
class Files:
    """The agent's descriptors of one job."""

    code: int
    output: int
    submission: int
    predictions: tuple[int, ...]
    inputs: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Run:
    """One script from its start to the moment when nothing of it is alive."""

    stop: Stop
    exit: Exit
    seconds: float
    capture: Capture
    peak_memory_bytes: int
    oom_kills: int
    warm: bool


class Keeper:
    """Serves `agent` until it hangs up; `control` brings connections to the fork server."""

    def __init__(self, place: Slot, ground: Ground, agent: socket.socket, control: socket.socket) -> None:
        self._slot = place
        self._ground = ground
        self._agent = agent
        self._control = control
        self._server: socket.socket | None = None
        self._server_expected = True
        self._warm_failures = 0

    def serve(self) -> bool:
        """Take jobs one by one until the agent or the supervisor is gone; False when somebody slowed this process."""
        standing = identity.standing()
        poller = select.poll()
        poller.register(self._agent, select.POLLIN)
        poller.register(self._control, select.POLLIN)
        with suppress(protocol.Closed):
            while identity.standing() == standing:
                ready = {fd for fd, _ in poller.poll()}
                if self._control.fileno() in ready:
                    self._take_control()
                if self._agent.fileno() in ready:
                    protocol.send(self._agent, protocol.encode(self._next()))
            return False
        return True

    def _next(self) -> Report:
        """One message of the agent, whatever it is, gets one report."""
        descriptors: list[int] = []
        sequence = 0
        try:
            message, descriptors = protocol.receive(self._agent, protocol.JOB_DESCRIPTORS + protocol.MOST_INPUTS)
            job = protocol.read_job(message)
            sequence = job.sequence
            return self.run(job, self._files(descriptors, len(job.inputs)))
        except (protocol.Malformed, NotStarted, identity.Unended, OSError) as error:
            self._say(f"{type(error).__name__}: {error}")
            return Report(sequence, "not_run", problem=f"{type(error).__name__}: {error}"[:500])
        finally:
            protocol.close(descriptors)

    def _files(self, descriptors: list[int], inputs: int) -> Files:
        """Regular files of the workspace alone: a descriptor of /proc would be written with another's rights."""
        modes = (os.O_RDONLY, *[os.O_WRONLY] * (protocol.JOB_DESCRIPTORS - 1), *[os.O_RDONLY] * inputs)
        if len(descriptors) != len(modes):
            raise protocol.Malformed(f"{len(descriptors)} descriptors came with the job; {len(modes)} belong to it")
        device = self._ground.home.stat().st_dev
        for descriptor, mode in zip(descriptors, modes, strict=True):
            status, flags = os.fstat(descriptor), fcntl.fcntl(descriptor, fcntl.F_GETFL)
            if not stat.S_ISREG(status.st_mode) or status.st_dev != device:
                raise protocol.Malformed("a descriptor is not a regular file in the workspace")
            if flags & os.O_PATH or flags & os.O_ACCMODE not in (mode, os.O_RDWR):
                raise protocol.Malformed("a descriptor is not open for what it is there for")
        code, output, submission, *others = descriptors
        count = len(protocol.PREDICTIONS)
        return Files(code, output, submission, tuple(others[:count]), tuple(others[count:]))

    def run(self, job: Job, files: Files) -> Report:
        """One script, from an empty slot to an empty slot."""
        code = os.pread(files.code, MOST_CODE_BYTES + 1, 0)
        if len(code) > MOST_CODE_BYTES:
            raise protocol.Malformed(f"the code is longer than {MOST_CODE_BYTES} bytes")
        identity.end_all(self._slot.identity)
        slot.lay_out(self._slot, self._ground.sample if job.sampled else self._ground.data, code)
        slot.lay_out_inputs(self._slot, dict(zip(job.inputs, files.inputs, strict=True)), job.file_bytes)
        run = self._execute(job)
        slot.keep_results(self._slot)
        for left in slot.sweep_shared(self._slot, self._ground):
            self._say(f"not removed: {left}")
        outcome, note = _judged(run)
        size, problem = self._hand_over(job, files, run.capture.text(note))
        predictions = self._hand_over_predictions(job, files)
        slot.clear(self._slot)
        return _report(job, run, outcome, size, problem, predictions)

    def _hand_over(self, job: Job, files: Files, output: bytes) -> tuple[int | None, str | None]:
        """Write output and submission; on a disk that the submission itself fills, the output is what is kept."""
        try:
            _replace(files.output, output)
            return slot.take(self._slot, collect.SUBMISSION, files.submission, job.file_bytes)
        except OSError as error:
            slot.clear(self._slot)
            os.ftruncate(files.submission, 0)
            _replace(files.output, output)
            return None, f"working/submission.csv could not be kept: {error.strerror}"

    def _hand_over_predictions(self, job: Job, files: Files) -> tuple[str, ...]:
        """Write what else was predicted, where there is some and room for it; nothing depends on it."""
        taken: list[str] = []
        for name, into in zip(protocol.PREDICTIONS, files.predictions, strict=True):
            try:
                size, _ = slot.take(self._slot, name, into, job.file_bytes)
            except OSError:
                os.ftruncate(into, 0)
                continue
            if size:
                taken.append(name)
        return tuple(taken)

    def _execute(self, job: Job) -> _Run:
        """Start, follow and end; the seconds are the script's own."""
        capture = Capture(job.output_bytes)
        watch = Watch(self._slot, self._ground, job.memory_bytes)
        kills = kernel_oom_kills()
        reading, writing = os.pipe()
        try:
            try:
                started, warm = self._start(Order(self._slot, job.file_bytes, job.cpus, writing))
            finally:
                os.close(writing)
            begun = time.monotonic()
            try:
                stop = follow(started.pidfd, reading, capture, begun + job.timeout_seconds, watch)
                seconds = time.monotonic() - begun
            finally:
                identity.end_all(self._slot.identity)
            exit_ = started.wait()
            drain(reading, capture)
        finally:
            os.close(reading)
        peak = max(watch.peak_bytes, exit_.peak_memory_bytes)
        return _Run(stop, exit_, seconds, capture, peak, kernel_oom_kills() - kills, warm)

    def _start(self, order: Order) -> tuple[Started, bool]:
        """Warm where that works, else plain; True for warm."""
        server = self._server_when_ready()
        if server is not None:
            try:
                started = starting.start_warm(order, server)
                self._warm_failures = 0
                return started, True
            except NotStarted as error:
                self._give_up(server, error)
                identity.end_all(self._slot.identity)
        return starting.start_plain(order, self._ground), False

    def _server_when_ready(self) -> socket.socket | None:
        deadline = time.monotonic() + SERVER_WAIT_SECONDS
        poller = select.poll()
        poller.register(self._control, select.POLLIN)
        while poller.poll(0):
            self._take_control()
        while self._server is None and self._server_expected and time.monotonic() < deadline:
            if poller.poll((deadline - time.monotonic()) * 1000):
                self._take_control()
        return self._server

    def _take_control(self) -> None:
        message, descriptors = protocol.receive(self._control, most_descriptors=1)
        if self._server is not None:
            self._server.close()
        self._server_expected = message != NO_LINE
        self._server = socket.socket(fileno=descriptors[0]) if message == LINE else None

    def _give_up(self, server: socket.socket, error: NotStarted) -> None:
        """Drop a line on which a late answer may come, and ask for a new one, or for a new server."""
        self._say(f"plain start: {error}")
        server.close()
        self._server, self._server_expected = None, False
        self._warm_failures += 1
        if self._warm_failures <= MOST_WARM_FAILURES:
            protocol.send(self._control, NEW_SERVER if isinstance(error, ServerHangs) else NEW_LINE)

    def _say(self, text: str) -> None:
        print(f"slot {self._slot.number}: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the container's log


def _replace(file: int, content: bytes) -> None:
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    collect.write(file, content)


def _judged(run: _Run) -> tuple[Outcome, str | None]:
    """The outcome, and a line for the end of the output where the script can't have said it itself."""
    if run.stop is not Stop.EXITED:
        return OUTCOMES[run.stop], f"ended after {run.seconds:.1f} s: {run.stop.value}"
    if run.exit.code == 0:
        return "ok", None
    out_of_memory = "the kernel ended a process: the container is out of memory" if run.oom_kills else None
    if run.exit.code is None or run.exit.code < 0:
        if run.oom_kills and run.exit.code in (None, -9):
            return "out_of_memory", out_of_memory
        return "killed", f"ended by signal {-run.exit.code}" if run.exit.code else "ended by an unknown signal"
    return "failed", out_of_memory


def _report(
    job: Job, run: _Run, outcome: Outcome, size: int | None, problem: str | None, predictions: tuple[str, ...]
) -> Report:
    code = run.exit.code if run.stop is Stop.EXITED else None
    report = Report(
        job.sequence,
        outcome,
        seconds=run.seconds,
        peak_memory_bytes=run.peak_memory_bytes,
        output_bytes=run.capture.total,
        dropped_bytes=run.capture.dropped,
        submission_bytes=size,
        submission_problem=problem,
        predictions=predictions,
        warm_start=run.warm,
    )
    if code is None:
        return report
    return replace(report, exit_code=code) if code >= 0 else replace(report, signal=-code)
