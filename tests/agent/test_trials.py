"""A script is tried on a sample first: what that saves, and what keeps it from doing harm."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.contract import CandidateLimits, Outcome, Trial
from agent.interpreter import Execution
from agent.sample import Cut, NotSampled, Sample
from agent.trials import DOUBTS_AT_FIRST, Trials
from tests.agent.conftest import Bench, BenchMaker, execution, make_request

ABOUT = "1,000 of 50,000 rows of train.csv"
LONG = CandidateLimits(3600.0, 1 << 30, 65536, 1 << 30, (0,))


def trials(make: Callable[[Path, Path], Sample] | None = None) -> Trials:
    cut = Cut(Path("train.csv"), 1_000, 50_000)
    return Trials(Path("data"), Path("sample"), make or (lambda data, into: Sample(into, (cut,))))


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    path = tmp_path / "submission.csv"
    path.write_text("id,y\n1,0\n")
    return path


def ended(made: Bench) -> Bench:
    made.agent.run()
    return made


class Scripts:
    """Ends each run as the list says, in order; the trial and the full run of a script are two."""

    def __init__(self, submission: Path, *outcomes: Outcome, seconds: float = 100.0) -> None:
        self._left = list(outcomes)
        self._submission = submission
        self._seconds = seconds

    def __call__(self, code: str) -> Execution:
        outcome = self._left.pop(0)
        score = 0.5 if outcome == "ok" else None
        made = execution(score, outcome, self._submission if outcome == "ok" else None)
        return replace(made, seconds=self._seconds)


def run(bench: BenchMaker, scripts: Callable[[str], Execution], steps: int = 1, made: Trials | None = None) -> Bench:
    request = make_request(steps=steps, num_drafts=steps, candidate=LONG, deadline_seconds=86400.0)
    return ended(bench(scripts, request=request, trials=made or trials()))


class TestOneScript:
    def test_one_that_works_on_the_sample_is_run_in_full(self, bench: BenchMaker, submission: Path) -> None:
        made = run(bench, Scripts(submission, "ok", "ok"))
        assert made.interpreter.sampled == [True, False]
        assert made.nodes[0].trial == Trial(ABOUT, "ok", 100.0, decided=False) and not made.nodes[0].buggy

    def test_one_that_fails_there_is_not(self, bench: BenchMaker, submission: Path) -> None:
        made = run(bench, Scripts(submission, "failed"))
        (node,) = made.nodes
        assert made.interpreter.sampled == [True]
        assert node.trial == Trial(ABOUT, "failed", 100.0, decided=True)
        assert node.buggy and node.why_buggy == "on a sample of the data: failed" and node.outcome == "failed"
        assert node.output.startswith(f"[This was a first run on a sample of the data ({ABOUT}).")

    def test_the_trial_has_a_tenth_of_the_time_and_ten_minutes_at_most(
        self, bench: BenchMaker, submission: Path
    ) -> None:
        made = run(bench, Scripts(submission, "ok", "ok"))
        first, full = (limits.timeout_seconds for limits in made.interpreter.limits)
        assert first == pytest.approx(full / 10, rel=1e-3)
        assert trials().seconds(9 * 3600) == 600.0

    def test_a_sample_s_predictions_are_never_a_submission(self, bench: BenchMaker, submission: Path) -> None:
        made = run(bench, Scripts(submission, "ok", "failed"))
        assert made.gateway.checked == [] and made.nodes[0].submission_valid is None

    def test_no_submission_from_the_sample_is_a_failure(self, bench: BenchMaker) -> None:
        made = run(bench, lambda code: execution(0.5))
        assert made.nodes[0].why_buggy == "on a sample of the data: the script wrote no ./working/submission.csv"
        assert (made.nodes[0].score, made.nodes[0].printed_score) == (None, None)  # it was of the sample

    def test_one_that_does_not_end_in_time_is_run_in_full(self, bench: BenchMaker, submission: Path) -> None:
        made = run(bench, Scripts(submission, "timed_out", "ok"))
        assert made.interpreter.sampled == [True, False] and not made.nodes[0].buggy
        assert made.nodes[0].trial == Trial(ABOUT, "timed_out", 100.0, decided=False)


class TestWhenItIsLeftOut:
    def test_without_the_setting_nothing_is_tried_or_recorded(self, bench: BenchMaker, submission: Path) -> None:
        made = ended(bench(Scripts(submission, "ok"), steps=1))
        assert made.interpreter.sampled == [False] and made.nodes[0].trial is None

    def test_of_data_that_can_not_be_sampled(self, bench: BenchMaker, submission: Path) -> None:
        def make(data: Path, into: Path) -> Sample:
            raise NotSampled("the data are small: 1.2 MB")

        made = run(bench, Scripts(submission, "ok"), made=trials(make))
        assert made.interpreter.sampled == [False] and made.nodes[0].trial == Trial("the data are small: 1.2 MB")

    def test_a_sample_that_can_not_be_written_ends_no_run(self, bench: BenchMaker, submission: Path) -> None:
        def make(data: Path, into: Path) -> Sample:
            raise OSError(28, "No space left on device")

        made = run(bench, Scripts(submission, "ok"), made=trials(make))
        assert "No space left" in (made.nodes[0].trial or Trial("")).about and not made.nodes[0].buggy

    def test_while_full_runs_are_quick(self, bench: BenchMaker, submission: Path) -> None:
        made = run(bench, Scripts(submission, *["ok"] * 5, seconds=2.0), steps=3)
        assert made.interpreter.sampled == [True, False, True, False, False]
        assert (made.nodes[2].trial or Trial("")).about == "full runs are quick: 2 s"

    def test_with_too_little_time_for_a_script(self) -> None:
        assert trials().seconds(60.0) == "a full run has 60 s at most"

    def test_after_two_that_took_too_long(self, bench: BenchMaker, submission: Path) -> None:
        made = run(bench, Scripts(submission, *["timed_out", "ok"] * 2, "ok"), steps=3)
        assert made.interpreter.sampled == [True, False, True, False, False]


class TestDoubt:
    def test_after_failures_alone_a_script_is_run_in_full_anyway(self, bench: BenchMaker, submission: Path) -> None:
        made = run(bench, Scripts(submission, "failed", "failed", "failed"), steps=2)
        assert DOUBTS_AT_FIRST == 2 and made.interpreter.sampled == [True, True, False]
        assert [(node.trial or Trial("")).decided for node in made.nodes] == [True, False]

    def test_a_sample_that_fails_what_works_is_given_up(self, bench: BenchMaker, submission: Path) -> None:
        made = run(bench, Scripts(submission, "failed", "failed", "ok", "ok"), steps=3)
        assert made.interpreter.sampled == [True, True, False, False]
        assert [node.buggy for node in made.nodes] == [True, False, False]
        assert (made.nodes[2].trial or Trial("")).about == "a script that failed on the sample works on all data"

    def test_a_sample_that_scripts_have_worked_on_is_trusted_longer(self, bench: BenchMaker, submission: Path) -> None:
        made = run(bench, Scripts(submission, "ok", "ok", *["failed"] * 6), steps=6)
        assert made.interpreter.sampled == [True, False, True, True, True, True, True, False]


def test_the_sample_is_made_once_while_the_model_is_asked(bench: BenchMaker, submission: Path) -> None:
    made: list[str] = []
    ready = threading.Event()

    def make(data: Path, into: Path) -> Sample:
        ready.wait(10)
        made.append(threading.current_thread().name)
        return Sample(into, (Cut(Path("train.csv"), 1, 2),))

    waiting = trials(make)
    ready.set()
    run(bench, Scripts(submission, *["ok"] * 4), steps=2, made=waiting)
    assert made == ["sample"]
