"""A group's ceiling holds over machines that are lost with their bills, and over commands that are killed."""

import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gateway.held import NAME as HELD_NAME
from harness.groups import granted
from harness.groups.budget import Amount, Ceiling, budget_of, spent_in, taken_over, unknown_in
from harness.groups.machine import no_demand
from harness.groups.reserved import Reserved
from harness.results.layout import GroupFolder
from harness.results.record import RunStatus, UsageRecord
from tests.harness import records
from tests.harness.groups.test_budget import CALL

CENT = 0.01  # a token of these tests


@dataclass(frozen=True)
class Plan:
    run_id: str
    tokens: int
    limits = None

    @property
    def budget_tokens(self):
        return self.tokens

    @property
    def budget_usd(self):
        return self.tokens * CENT


def call(tokens):
    """A line of a transcript."""
    usage = {"input": tokens, "output": 0, "cached_input": 0, "cache_write": 0, "cache_write_1h": 0}
    return orjson.dumps({**CALL, "usage": usage, "cost_usd": tokens * CENT}) + b"\n"


def usage(tokens):
    return UsageRecord(calls=1, input_tokens=tokens, cost_usd=tokens * CENT)


class Cluster:
    """A group whose runs are elsewhere: what each really spent, beside what the coordinator's folder tells of it."""

    def __init__(self, folder, ceiling, shares):
        self.group = GroupFolder(folder)
        self.ceiling = Ceiling(usd=ceiling * CENT, tokens=ceiling)
        self.plans = {plan.run_id: plan for plan in (Plan(f"c{n}--aide--s0", share) for n, share in enumerate(shares))}
        self.begins = dict.fromkeys(self.plans, 0)  # what the attempt under way took over
        self.running = {}
        self.spent = 0  # by attempts that are over, and by those that nobody hears of any more
        self.command(goes_on=False)

    def command(self, *, goes_on):
        """The same command again, after a kill."""
        for run_id in list(self.running):
            self.spent += self.most(run_id)  # nobody heard how much it was
        self.running = {}
        self.goes_on = goes_on
        self.waiting = [plan for plan in self.plans.values() if not self.is_done(plan)]
        self.admission = Reserved(
            lender=None,
            jobs=3,
            group=self.group,
            budget=budget_of(self.group, self.ceiling),
            demand_of=no_demand,
            expected=lambda plan: 1.0,
            is_done=self.is_done,
            say=lambda line: None,
            goes_on=lambda plan: goes_on,
        )

    def is_done(self, plan):
        record = self.group.run(plan.run_id).read()
        return record is not None and record.status is RunStatus.COMPLETED

    def most(self, run_id):
        """What it may spend at most in this attempt: its gateway stops it at its own ceiling."""
        return max(0, self.plans[run_id].tokens - self.begins[run_id])

    def place(self):
        for one in self.admission.admit(self.waiting):
            plan, folder = one.plan, self.group.run(one.plan.run_id)
            self.waiting.remove(plan)
            self.begins[plan.run_id] = round(taken_over(folder).tokens) if self.goes_on else 0
            before = folder.read()
            if before is not None and before.status is RunStatus.QUEUED:
                folder.record_file.unlink()
            attempt = folder.set_aside()
            came_from = attempt - 1 if self.goes_on and attempt > 1 else None
            self.write(plan.run_id, status=RunStatus.RUNNING, attempt=attempt, resumed_from=came_from, ended_at=None)
            granted.grant(folder.path, plan)
            folder.journal.write_bytes(b"")
            folder.transcript.write_bytes(call(self.begins[plan.run_id]))
            self.running[plan.run_id] = attempt

    def write(self, run_id, **known):
        folder = self.group.run(run_id)
        before = folder.read() if folder.record_file.is_file() else None
        if before is None:
            before = records.record(self.group.name, run_id.partition("--")[0])
        folder.write(before.model_copy(update=known))

    def ends(self, run_id, part, told, how):
        """It spent a part of what it may, of which the coordinator was told a part."""
        folder, begins = self.group.run(run_id), self.begins[run_id]
        really = int(self.most(run_id) * part)
        self.spent += really
        whole = begins + really
        with folder.transcript.open("ab") as log:
            log.write(call(really if how in ("comes home", "killed there") else int(really * told)))
        if how == "comes home":
            granted.settle(folder.path)
            known = {"status": RunStatus.COMPLETED, "ended_at": "2026-01-01T01:00:00.000+00:00"}
            self.write(run_id, **known, usage=usage(whole))
        elif how == "killed there":
            granted.settle(folder.path)
            self.write(run_id, status=RunStatus.LOST)
        elif how == "lost with the head":
            known = {"status": RunStatus.LOST, "ended_at": "2026-01-01T01:00:00.000+00:00"}
            self.write(run_id, **known, usage=usage(begins + int(really * told)))
        else:
            self.write(run_id, status=RunStatus.LOST)
        del self.running[run_id]
        plan = self.plans[run_id]
        if how in ("killed there", "lost"):
            attempt = folder.set_aside()
            self.write(run_id, status=RunStatus.QUEUED, attempt=attempt, resumed_from=None, ended_at=None)
            self.waiting.append(plan)
        self.admission.release(plan)


ENDS = ("comes home", "killed there", "lost", "lost with the head")


@settings(max_examples=60, deadline=None)
@given(
    ceiling=st.integers(1, 200),
    shares=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    steps=st.lists(
        st.tuples(st.sampled_from([*ENDS, *ENDS, "command killed", "goes on"]), st.floats(0, 1), st.floats(0, 1)),
        max_size=25,
    ),
    seed=st.integers(0, 99),
)
def test_the_ceiling_holds_over_nodes_whatever_is_lost(ceiling, shares, steps, seed):
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder) / "g", ceiling, shares)
        for what, part, told in steps:
            cluster.place()
            in_flight = sum(map(cluster.most, cluster.running))
            assert cluster.spent + in_flight <= ceiling, "what runs may spend now does not fit any more"
            if what in ENDS and cluster.running:
                cluster.ends(rng.choice(sorted(cluster.running)), part, told, what)
            elif what not in ENDS:
                cluster.command(goes_on=what == "goes on")
            known = sum((spent_in(run) for run in cluster.group.runs()), Amount()).tokens
            assert cluster.spent <= known + sum(map(cluster.most, cluster.running)), "something is not in the books"
        assert cluster.spent <= ceiling


@pytest.fixture
def lost(tmp_path):
    """A run that was lost with its machine when 10 of its 50 tokens were known of."""
    group = records.group_at(tmp_path / "g")
    folder = records.write(group, records.record("g", "a", status=RunStatus.LOST, ended_at=None), None)
    folder.transcript.write_bytes(call(10))
    granted.grant(folder.path, Plan("a", 50))
    return folder


def test_an_attempt_that_is_lost_with_its_bill_counts_in_full(lost):
    assert spent_in(lost) == Amount(0.5, 50) and unknown_in(lost) == Amount(0.4, 40)
    lost.set_aside()
    assert spent_in(lost) == Amount(0.5, 50), "it counts as an earlier attempt, too"


def test_one_whose_bill_came_counts_as_it_was(lost):
    (lost.path / HELD_NAME).write_text('{"schema_version": 1, "cost_usd": 0.05, "tokens": 5}')
    granted.settle(lost.path)
    assert spent_in(lost) == Amount(0.15000000000000002, 15) and unknown_in(lost) == Amount()


def test_one_that_goes_on_begins_with_what_is_known_and_the_rest_of_the_lost_one_stays_spent(lost):
    assert taken_over(lost) == Amount(0.1, 10)
    lost.set_aside()
    known = {"attempt": 2, "resumed_from": 1, "usage": usage(30)}
    lost.write(records.record("g", "a", **known))
    assert spent_in(lost).tokens == 70, "10 and 20 that are known, and 40 that may have been spent"


def test_a_run_without_a_ceiling_is_granted_nothing(tmp_path):
    granted.grant(tmp_path, Plan("a", 0))
    assert list(tmp_path.iterdir()) == [] and granted.read_granted(tmp_path) == granted.Granted()


def test_a_lost_bill_is_said(lost):
    said = []
    group = GroupFolder(lost.path.parent)
    plan = Plan("a--aide--s0", 50)
    admission = Reserved(
        lender=None,
        jobs=1,
        group=group,
        budget=budget_of(group, Ceiling(tokens=100)),
        demand_of=no_demand,
        expected=lambda plan: 1.0,
        is_done=lambda plan: False,
        say=said.append,
    )
    (one,) = admission.admit([plan])
    admission.release(one.plan)
    assert said == [
        "a--aide--s0: what its lost attempts spent is not known in full; $0.40 and 40 tokens more count as spent"
    ]
