"""kill -9 of a container engine (one of the tests' own) at every stage: infrastructure's fault, and then it goes on."""

import pytest

from harness.gateway.providers.fake import Hang, Say
from harness.results.layout import RunStatus
from tests.drills.conftest import tells

pytestmark = pytest.mark.engine

WHILE_IT_LASTS = (
    "a workspace is half made",
    "a container is made",
    "a container has started",
    "the submission is to be taken",
)


def test_whenever_the_engine_dies_the_run_is_infrastructures_and_the_same_command_finishes_it(drill, other):
    killed = killed_at(drill, other, "data are prepared")
    assert killed.returncode == 3 and "does not answer" in killed.stderr
    assert not drill.results.exists() or not list(drill.group().runs())
    for place in WHILE_IT_LASTS:
        killed = killed_at(drill, other, place)
        is_infrastructures(drill, killed.returncode, killed.stderr)
    for step in (Hang(60), Say(text="sleep 60")):  # a model call, a script
        code, said = drill.during(step, lambda process: other.kill())
        is_infrastructures(drill, code, said)
        other.start()

    killed = killed_at(drill, other, "the box is to be removed")
    record = drill.only_run().read()
    assert (killed.returncode, record.status) == (0, RunStatus.COMPLETED), killed.stderr
    assert "podium clean" in record.reason  # the outcome stands, and what was left is said
    drill.bench()
    assert drill.only_run().read() == record
    drill.balance()
    folder = drill.only_run()
    earlier = [folder.attempt(number).read().status for number in folder.attempts()]
    assert earlier == [RunStatus.INFRA_FAILED] * 6
    drill.refuse_leftovers(other.client())
    assert not other.client().containers.list(all=True) and not other.client().volumes.list()


def test_an_engine_that_dies_after_a_run_is_not_needed_for_grading(drill, other):
    drill.model.script(*tells("submit"))
    killed = killed_at(drill, other, "grading", start=False)
    assert killed.returncode == 0, killed.stderr
    drill.balance()
    other.start()


def killed_at(drill, engine, place, *, start=True):
    drill.model.script(*tells("submit"))
    killed = drill.struck(place, engine.pid)
    engine.kill()  # it is gone, and is waited for
    if start:
        engine.start()
    while not drill.model._steps.empty():
        drill.model._steps.get()
    return killed


def is_infrastructures(drill, code, said):
    record = drill.only_run().read()
    assert (code, record.status) == (3, RunStatus.INFRA_FAILED), (said, record)
    assert "engine" in record.reason and "podium doctor" in record.reason
    assert record.ended_at and not drill.only_run().grade_file.exists()
