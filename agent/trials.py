"""A cheap first run of a script on a sample of the data, so that a mistake shows in minutes and not after hours.

A script that fails on the sample is not run in full. Two things keep that from doing harm. A trial is made where it can
save something: not of small data, not while full runs are quick, not with too little time. And a sample that scripts
for all data can't work with must not fail them all: after some failures in a row a failing script is run in full
anyway, and if it works there, no more trials are made.
"""

from __future__ import annotations

import statistics
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from agent.contract import Outcome, Trial
from agent.interpreter import Execution
from agent.sample import NotSampled, Sample, make_sample

MOST_SECONDS = 600.0
SHARE = 0.1  # of what a full run may take
LEAST_SECONDS = 10.0
QUICK_SECONDS = 20.0  # full runs that take less are their own trial
KNOWN_RUNS = 2
DOUBTS_AT_FIRST = 2  # failures in a row after which the sample is doubted, before a script ever worked on it
DOUBTS_LATER = 5
MOST_TIMEOUTS = 2
FAILING: frozenset[Outcome] = frozenset({"failed", "out_of_memory", "output_limit", "killed"})

NOTE = (
    "[This was a first run on a sample of the data ({about}). It failed, so the script was not run on all of them.]\n"
)


@dataclass(frozen=True)
class Tried:
    """One trial: how it ended, and why it failed (None: it did not, or it did not come to an end)."""

    execution: Execution
    about: str
    problem: str | None

    def record(self, *, decided: bool) -> Trial:
        """What the journal keeps of it."""
        return Trial(self.about, self.execution.outcome, round(self.execution.seconds, 3), decided)

    def as_outcome(self) -> Execution:
        """The node's execution, where the script is not run in full; predictions made of the sample are dropped."""
        execution = self.execution
        if execution.submission is not None:
            execution.submission.unlink(missing_ok=True)
        output = NOTE.format(about=self.about) + execution.output
        return replace(execution, output=output, submission=None, submission_problem=self.problem)


class Trials:
    """Used by many threads. The sample is made beside the first questions to a model, which take longer."""

    def __init__(self, data: Path, folder: Path, make: Callable[[Path, Path], Sample] = make_sample) -> None:
        self._lock = threading.Lock()
        self._sample: Sample | None = None
        self._off: str | None = None
        self._worked = False
        self._failures = 0
        self._timeouts = 0
        self._full_seconds: list[float] = []
        self._maker = threading.Thread(target=self._make, args=(make, data, folder), name="sample", daemon=True)
        self._maker.start()

    def _make(self, make: Callable[[Path, Path], Sample], data: Path, folder: Path) -> None:
        try:
            self._sample = make(data, folder)
        except NotSampled as reason:
            self._off = str(reason)
        except (OSError, ValueError) as error:  # a full disk, a table that is none: the run goes on without trials
            self._off = f"no sample could be made: {type(error).__name__}: {error}"

    def seconds(self, full_seconds: float) -> float | str:
        """How long a trial may take now, or why none is made."""
        self._maker.join()
        with self._lock:
            if self._off is not None:
                return self._off
            allowed = min(MOST_SECONDS, SHARE * full_seconds)
            if allowed < LEAST_SECONDS:
                return f"a full run has {full_seconds:.0f} s at most"
            known = self._full_seconds
            if len(known) >= KNOWN_RUNS and statistics.median(known) < QUICK_SECONDS:
                return f"full runs are quick: {statistics.median(known):.0f} s"
            return allowed

    def tried(self, execution: Execution) -> Tried:
        """Say what the end of a trial means."""
        assert self._sample is not None
        problem = None
        if execution.outcome in FAILING:
            problem = f"on a sample of the data: {execution.outcome}"
        elif execution.outcome == "ok" and execution.submission is None:
            problem = f"on a sample of the data: {execution.submission_problem or 'the script wrote no submission'}"
        return Tried(execution, self._sample.about, problem)

    def decides(self, tried: Tried) -> bool:
        """Whether a trial stands for the full run; notes how it went."""
        with self._lock:
            if tried.problem is None:
                self._note_no_failure(tried.execution)
                return False
            self._failures += 1
            return self._failures % (DOUBTS_LATER if self._worked else DOUBTS_AT_FIRST) != 0

    def _note_no_failure(self, execution: Execution) -> None:
        if execution.outcome == "ok":
            self._worked, self._failures = True, 0
        elif execution.outcome == "timed_out":
            self._timeouts += 1
            if self._timeouts >= MOST_TIMEOUTS:
                self._off = "scripts take too long on the sample, too"

    def ran_in_full(self, tried: Tried | None, execution: Execution) -> None:
        """Learn from a full run, also from one that was made because the sample is in doubt."""
        with self._lock:
            if execution.outcome == "ok":
                self._full_seconds.append(execution.seconds)
            if tried is not None and tried.problem is not None and execution.outcome == "ok":
                self._off = "a script that failed on the sample works on all data"
