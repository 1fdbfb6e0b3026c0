"""A group never spends more than its ceiling, whatever runs, ends or is killed meanwhile."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UserError
from harness.gateway.held import NAME as HELD_NAME
from harness.groups.budget import Amount, Ceiling, GroupBudget, budget_of, most_of, refuse_open_ends, spent_in
from harness.results.record import RunStatus, UsageRecord
from tests.harness import records

CALL = {
    "schema_version": 1,
    "sequence": 1,
    "started_at": "2026-01-01T00:00:00+00:00",
    "provider": "openai",
    "api": "chat",
    "path": "/v1/chat/completions",
    "model": "m",
    "stream": False,
    "request_hash": "",
    "request": None,
    "added": {},
    "outcome": "answered",
    "status": 200,
    "content_type": "application/json",
    "response": None,
    "raw": "",
    "raw_base64": None,
    "usage": {"input": 100, "output": 7, "cached_input": 0, "cache_write": 0, "cache_write_1h": 0},
    "cost_usd": 0.25,
    "latency_seconds": 1.0,
    "waiting_seconds": 0.0,
    "attempts": 1,
    "client_gone": False,
    "error": None,
    "label": None,
}


def used(usd, tokens=0):
    return UsageRecord(calls=1, input_tokens=tokens, cost_usd=usd)


def test_a_run_reserves_its_share_and_gives_back_what_it_did_not_spend():
    budget = GroupBudget(Ceiling(usd=10.0))
    assert budget.reserve("a", Amount(5.0)) and budget.reserve("b", Amount(5.0))
    assert not budget.reserve("c", Amount(5.0)) and budget.can_ever(Amount(5.0))

    budget.release("a", Amount(1.0))
    assert not budget.reserve("c", Amount(5.0))
    budget.release("b", Amount(2.0))
    assert budget.reserve("c", Amount(5.0))


def test_what_is_left_of_tokens_counts_too():
    budget = GroupBudget(Ceiling(tokens=100), {"earlier": Amount(0.0, 60)})
    assert not budget.reserve("a", Amount(0.0, 41)) and budget.reserve("a", Amount(0.0, 40))
    assert "60 of the group's 100 tokens" in budget.told(Amount(0.0, 41))


@given(
    st.floats(0.5, 50.0),
    st.lists(st.tuples(st.floats(0.01, 8.0), st.floats(0.0, 1.0), st.booleans()), max_size=40),
)
def test_the_ceiling_holds_whatever_runs_cost_of_their_shares(ceiling, runs):
    budget, open_runs = GroupBudget(Ceiling(usd=ceiling)), []
    for number, (share, part, ends) in enumerate(runs):
        if budget.reserve(f"run-{number}", Amount(share)):
            open_runs.append((f"run-{number}", share * part))
        if ends and open_runs:
            budget.release(*(lambda run: (run[0], Amount(run[1])))(open_runs.pop(0)))
        assert budget.used().usd + sum(spent for _, spent in open_runs) <= ceiling + 1e-6
    for run, spent in open_runs:
        budget.release(run, Amount(spent))
    assert budget.used().usd <= ceiling + 1e-6


def test_what_earlier_attempts_spent_counts_after_a_restart(tmp_path):
    group = records.group_at(tmp_path / "g")
    folder = records.write(group, records.record("g", "a", attempt=2, usage=used(1.0, 10)), None)
    first = folder.attempt(1)
    first.path.mkdir(parents=True)
    first.write(records.record("g", "a", status=RunStatus.INFRA_FAILED, usage=used(0.5, 5)))
    records.write(group, records.record("g", "b", usage=used(2.0, 20)), None)

    budget = budget_of(group, Ceiling(usd=10.0))
    assert budget.used() == Amount(3.5, 35)
    assert budget_of(group, Ceiling()).used() == Amount()


def test_what_an_attempt_took_over_from_another_is_counted_once(tmp_path):
    group = records.group_at(tmp_path / "g")
    folder = records.write(group, records.record("g", "a", attempt=2, resumed_from=1, usage=used(3.0)), None)
    first = folder.attempt(1)
    first.path.mkdir(parents=True)
    first.write(records.record("g", "a", status=RunStatus.STOPPED, usage=used(2.0)))
    assert spent_in(folder) == Amount(3.0)

    folder.write(records.record("g", "a", attempt=2, resumed_from=1, status=RunStatus.INFRA_FAILED, usage=used(0.0)))
    assert spent_in(folder) == Amount(2.0)


def test_of_a_killed_run_the_transcript_and_the_calls_in_flight_count(tmp_path):

    group = records.group_at(tmp_path / "g")
    folder = records.write(group, records.record("g", "a", status=RunStatus.RUNNING, ended_at=None), None)
    folder.transcript.write_bytes(orjson.dumps(CALL) + b"\n" + b'{"schema_ver')
    (folder.path / HELD_NAME).write_text('{"schema_version": 1, "cost_usd": 0.5, "tokens": 1000}   ')

    assert spent_in(folder) == Amount(0.75, 1107)


class Plan:
    run_id, replay = "run", None

    def __init__(self, usd=None, tokens=None, models=("openai/m",)):
        self.budget_usd, self.budget_tokens, self.models = usd, tokens, models


def test_a_run_without_a_ceiling_of_its_own_is_refused_where_the_group_has_one():
    with pytest.raises(UserError, match="--budget-tokens N"):
        refuse_open_ends(Ceiling(tokens=100), Plan(usd=5.0))
    with pytest.raises(UserError, match="--budget USD"):
        refuse_open_ends(Ceiling(usd=100), Plan())
    refuse_open_ends(Ceiling(usd=100), Plan(models=("offline",)))
    refuse_open_ends(Ceiling(usd=100, tokens=100), Plan(usd=5.0, tokens=50))


def test_one_that_goes_on_may_use_what_is_left_of_its_own_ceiling():
    assert most_of(Plan(5.0, 100), Amount(2.0, 30), goes_on=True) == Amount(3.0, 70)
    assert most_of(Plan(5.0, 100), Amount(2.0, 30), goes_on=False) == Amount(5.0, 100)
