"""The wall clock is set forward or back under a run: durations, order and evidence do not follow it."""

import datetime

import pytest

from harness.gateway.journal import StoredEvent
from harness.grading import grade_run as grading
from harness.rates.aggregate import aggregate
from harness.results import layout
from harness.results.layout import RunStatus
from harness.runs.isolation import statement
from harness.runs.resume import _all_seconds
from harness.runs.run import run_one
from tests.harness.runs.agents import ENDS

DAY = 86_400


@pytest.fixture
def clock(monkeypatch):
    """Set the wall clock of records by so many seconds; the monotonic one goes on as it is."""
    by = [0]

    def now():
        moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=by[0])
        return moment.isoformat(timespec="milliseconds")

    monkeypatch.setattr(layout, "now", now)
    monkeypatch.setattr(grading, "now", now)

    def set_by(seconds):
        by[0] = seconds

    return set_by


@pytest.mark.parametrize("seconds", [DAY, -DAY], ids=["forward", "back"])
def test_a_clock_that_is_set_under_a_run_changes_no_duration_and_no_outcome(
    plan, group, tools, prepared, clock, seconds
):
    def set_it(plan, stored):
        clock(seconds)

    folder = group.run(plan().run_id)
    record = run_one(plan(), folder, tools(ENDS.format(reason="steps"), on_event=set_it))
    assert (record.status, record.reason) == (RunStatus.COMPLETED, "told so")
    assert (record.ended_at > record.created_at) is (seconds > 0)  # it was really set
    assert 0 < record.wall_seconds < 120
    grading.grade_run(folder, record, *prepared)
    assert aggregate(group).missing == 0
    assert not [doubt for doubt in statement(folder, record).doubts if "BEFORE" in doubt]


def test_a_clock_that_is_set_back_between_a_run_and_its_grading_casts_no_doubt(plan, group, tools, prepared, clock):
    folder = group.run(plan().run_id)
    record = run_one(plan(), folder, tools(ENDS.format(reason="steps")))
    clock(-DAY)
    grading.grade_run(folder, record, *prepared)
    told = statement(folder, record)
    assert [text for text in told.evidence if "the clock was set back" in text]
    assert not [text for text in told.doubts if "BEFORE" in text]


def test_a_run_that_is_gone_on_with_has_used_the_time_that_passed_and_not_what_the_clock_says(plan, group, tools):
    record = run_one(plan(), group.run(plan().run_id), tools(ENDS.format(reason="steps")))
    killed = record.model_copy(update={"ended_at": None, "wall_seconds": None})
    late = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=DAY)
    stored = [StoredEvent.model_construct(sequence=1, received_at=late.isoformat(), elapsed_seconds=5.25, event=None)]
    assert _all_seconds(killed, stored) == 5.25
    assert _all_seconds(record, stored) == record.wall_seconds
