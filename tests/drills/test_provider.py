"""The provider is down, slow, cuts answers off or sends garbage: whole runs, as users meet it."""

import pytest

from harness.gateway.providers.fake import Cut, Drop, Fail, Garbage, Hang, Raw
from harness.results.layout import RunStatus
from tests.drills.conftest import tells

pytestmark = pytest.mark.engine

SOON = {"retry-after-ms": "1"}
TROUBLE = (
    Fail(503, headers=SOON),
    Fail(429, headers=SOON),
    Fail(529, headers=SOON),
    Drop(),
    Garbage(),
    Cut(),
    Raw((b"HTTP/1.1 200 OK\r\n", b"\x00\xff garbage")),
    Hang(0.5),
)


def test_trouble_that_passes_is_waited_out_and_the_agent_notices_nothing(drill, engine):
    for trouble in TROUBLE:
        drill.model.script(trouble, *tells("submit"))
    drill.bench()
    record = drill.only_run().read()
    assert (record.status, record.reason) == (RunStatus.COMPLETED, "the agent ended with 0")
    assert record.usage.waiting_seconds > 0
    drill.balance()
    drill.refuse_leftovers(engine)


def test_a_provider_that_stays_down_is_infrastructures_and_once_it_is_back_the_same_command_goes_on(drill, engine):
    drill.model._otherwise = Fail(503, headers=SOON)
    drill.bench(expect=3)
    folder = drill.only_run()
    record = folder.read()
    assert record.status is RunStatus.INFRA_FAILED and "the model could not be had" in record.reason
    assert not folder.grade_file.exists()
    drill.model._otherwise = tells("done")[0]
    drill.model.script(*tells("submit"))
    drill.bench()
    drill.balance()
    assert [folder.attempt(number).read() for number in folder.attempts()] == [record]
    drill.refuse_leftovers(engine)
