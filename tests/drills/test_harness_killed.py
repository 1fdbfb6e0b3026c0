"""kill -9 of the command at every stage: the same command goes on, attempts are kept, and nothing is left."""

import signal

import pytest

from harness.gateway.providers.fake import Hang, Say
from harness.results.layout import RunStatus
from tests.drills.conftest import tells
from tests.drills.struck import PLACES

pytestmark = pytest.mark.engine

BEFORE_ITS_END = [name for name, place in PLACES.items() if not place.over]
AFTER_ITS_END = [name for name, place in PLACES.items() if place.over]


def test_a_command_that_is_killed_at_every_stage_is_finished_by_the_same_command(drill, engine):
    for place in BEFORE_ITS_END:
        killed_at(drill, place)
    for step in (Hang(60), Say(text="sleep 60")):  # a model call, a script
        drill.during(step, lambda process: process.kill())
    for place in AFTER_ITS_END:
        killed_at(drill, place)
        assert drill.only_run().read().status is RunStatus.COMPLETED
    ended = drill.only_run().read()
    drill.bench()
    drill.balance()
    folder = drill.only_run()
    assert folder.read() == ended  # a run that had ended was not run again
    earlier = [folder.attempt(number).read().status for number in folder.attempts()]
    assert set(earlier) == {RunStatus.LOST} and len(earlier) == len(BEFORE_ITS_END) - NOT_BEGUN + 2
    drill.refuse_leftovers(engine)


NOT_BEGUN = 1  # of the places: data are prepared before a run has an attempt


def killed_at(drill, place):
    drill.model.script(*tells("submit"))
    killed = drill.struck(place, 0)
    assert killed.returncode == -signal.SIGKILL, (place, killed.stderr)
