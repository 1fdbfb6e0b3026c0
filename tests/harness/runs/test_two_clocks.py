"""A run's time on both clocks; its limit goes by the one that was chosen. What of the machine it had is on record."""

from dataclasses import replace

import pytest

from harness.gateway.prices import FreePrices
from harness.gateway.providers.fake import Fail, FakeProvider, Say
from harness.gateway.providers.upstream import Account, Upstream
from harness.groups.executor import Place
from harness.results.layout import RunStatus
from harness.runs.plan import sandbox_spec
from harness.runs.run import run_one
from harness.sandbox.base import Gpus
from tests.harness.runs.agents import ENDS, PRELUDE

ASKS_ONCE = (
    PRELUDE
    + """
import httpx2
client = httpx2.Client(transport=httpx2.HTTPTransport(uds=str(door / "gateway.sock")), timeout=60)
body = {"model": "model-a", "messages": [{"role": "user", "content": "hi"}]}
answer = client.post("http://podium/v1/chat/completions", json=body)
assert answer.status_code == 200, answer.text
gateway.report(EndEvent('steps', 'answered', None))
"""
)


@pytest.fixture
def busy():
    """A provider that asks the first call to come back after 14 seconds."""
    with FakeProvider(otherwise=Say()) as fake:
        fake.script(Fail(429, headers={"retry-after": "14"}))
        yield lambda plan: Upstream(Account("compatible", fake.base_url, ""), frozenset({"model-a"}), FreePrices())


def test_a_limit_of_working_time_lets_a_run_wait_for_its_provider(plan, group, tools, busy):
    """With the wall clock it would be over: the provider asks for more than the limit."""
    chosen = replace(plan(wall_seconds=12.0), clock="working")
    record = run_one(chosen, group.run(chosen.run_id), tools(ASKS_ONCE, provider=busy))

    assert (record.time_limit_seconds, record.time_limit_clock) == (12.0, "working")
    assert record.status is RunStatus.COMPLETED, record.reason
    assert record.wall_seconds - record.working_seconds >= 14


def test_clocks_and_budgets_of_tokens_are_inputs_and_places_are_not(plan):
    chosen = plan()
    others = [replace(chosen, clock="working"), replace(chosen, budget_tokens=5), chosen]
    assert len({one.sha256() for one in others}) == 3
    assert replace(chosen, place=Place(cpus=(1,), gpus=("GPU-a",), waited_seconds=3)).sha256() == chosen.sha256()


def test_what_a_run_was_given_is_in_its_box_its_request_and_its_record(plan, group, tools, tmp_path):
    place = Place(cpus=(1,), gpus=("GPU-a",), waited_seconds=2.5)
    chosen = replace(plan(), place=place, gpus=Gpus(count=1), gpus_text="1")

    spec = sandbox_spec(chosen, tmp_path, tmp_path)
    assert (spec.cpuset, spec.gpus) == ((1,), Gpus(ids=("GPU-a",)))
    assert chosen.request().candidate.cpus == (1,)

    record = run_one(replace(chosen, gpus=None), group.run(chosen.run_id), tools(ENDS.format(reason="steps")))
    kept = record.reservation
    assert (kept.cpus, kept.gpus, kept.waited_seconds) == ((1,), ("GPU-a",), 2.5)
    assert kept.memory_bytes == chosen.limits.memory_bytes and kept.disk_bytes == chosen.limits.workspace_bytes
