"""The wall clock is set forward and back under a run: durations, limits, order and evidence do not follow it."""

from pathlib import Path

import pytest

from harness.gateway.providers.fake import Say
from harness.results.layout import RunStatus

pytestmark = pytest.mark.engine

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
DAY = 86_400


@pytest.fixture
def clock(drill, tmp_path):
    """Set the command's wall clock, while it runs; the monotonic one goes on as it is."""
    if not LIBRARIES:
        pytest.skip("no libfaketime, with which a process's clock can be set: apt-get install libfaketime")
    file = tmp_path / "clock"

    def set_by(seconds):
        file.write_text(f"{seconds:+d}\n")

    set_by(0)
    drill.environ |= {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    return set_by


@pytest.mark.parametrize("seconds", [DAY, -DAY], ids=["forward", "back"])
def test_a_clock_that_is_set_under_a_run_changes_no_duration_and_no_outcome(drill, engine, clock, seconds):
    code, said = drill.during(Say(text="sleep 2"), lambda process: clock(seconds))
    record = drill.only_run().read()
    assert (code, record.status) == (4, RunStatus.COMPLETED), said  # nothing was handed in
    assert 2 < record.wall_seconds < 120
    assert 0 <= record.usage.model_seconds < 60 and record.usage.waiting_seconds < 60
    drill.balance()
    drill.refuse_leftovers(engine)


def test_a_clock_that_is_set_back_between_a_run_and_its_grading_casts_no_doubt(drill, clock):
    drill("run", *drill.arguments()[1:])
    clock(-DAY)
    drill("grade", f"{drill.name}/{drill.only_run().path.name}", expect=4)
    drill("aggregate", drill.name)
    drill.balance()
