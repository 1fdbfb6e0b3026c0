"""How a group stands is read from its files: counts, what runs, what failed and why, what is missing, how long yet."""

import datetime
import json

import pytest

from harness.groups import declared
from harness.groups.leases import coordinating
from harness.groups.matrix import Matrix, crossed, named
from harness.groups.status import CLASSES, class_of, status_of
from harness.results.layout import RunStatus
from harness.results.record import ReservationRecord
from harness.runs.first_record import first_record
from harness.sandbox.owner import me
from harness.verbs import status_table
from harness.verbs.choices import BenchOptions

NOW = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
COMPETITION = "breast-cancer-wisconsin"
DEAD = "/".join([*me().split("/")[:3], "1"])


@pytest.fixture
def has(group, plan):
    """Give the group a run with that status."""

    def make(seed, status, **known):
        record = first_record(plan(seed=seed), status, attempt=known.pop("attempt", 1))
        folder = group.run(record.run_id)
        folder.write(record.model_copy(update=known))
        return folder

    return make


def declare(group, seeds):
    options = BenchOptions((COMPETITION,), group="group")
    arms = named(crossed(["aide"], ["offline"], [None]), ())
    declared.keep(group, Matrix((COMPETITION,), arms, tuple(range(seeds)), options), None)


def test_every_declared_run_is_counted_once(group, has):
    declare(group, 6)
    has(0, RunStatus.COMPLETED).grade_file.write_text('{"valid": true}')
    has(1, RunStatus.INFRA_FAILED, reason="the engine is gone", attempt=2)
    has(2, RunStatus.QUEUED)
    has(3, RunStatus.RUNNING, owner=DEAD)
    has(4, RunStatus.COMPLETED).grade_file.write_text('{"valid": false, "reason": "no file"}')
    status = status_of(group, NOW)
    assert status.counts == {"completed": 2, "infra_failed": 1, "lost": 1, "missing": 2}
    assert sum(status.counts.values()) == status.declared == 6
    assert (status.graded, status.invalid) == (2, 1)
    assert [(one.run_id[-2:], one.retry) for one in status.troubles] == [
        ("s1", "infra"),
        ("s3", "infra"),
        ("s4", "invalid"),
    ]
    assert status.troubles[0].reason == "the engine is gone" and status.troubles[0].attempt == 2
    assert status.troubles[2].reason == "no file"
    assert sorted(name[-2:] for name in status.missing) == ["s2", "s5"]


def test_a_run_that_goes_on_shows_step_score_and_time(group, has):
    folder = has(0, RunStatus.RUNNING, started_at="2026-01-01T23:58:00.000+00:00")
    node = {"type": "node", "buggy": False, "score": 0.875, "seconds": {}}
    folder.journal.write_text(json.dumps({"event": node}) + "\n")
    (one,) = status_of(group, NOW).going
    assert (one.step, one.steps, one.best, one.seconds) == (1, 2, 0.875, 120.0)


def test_where_a_run_is_what_it_goes_on_from_and_for_whom_the_group_waits_is_shown(group, has, capsys):
    place = ReservationRecord(cpus=(0, 1, 4), memory_bytes=1, disk_bytes=1, gpus=("GPU-a",))
    has(0, RunStatus.RUNNING, started_at="2026-01-01T23:58:00.000+00:00", attempt=2, resumed_from=1, reservation=place)
    stopped = has(1, RunStatus.STOPPED, reason="interrupted")
    node = {"type": "node", "buggy": True, "score": None, "seconds": {}}
    stopped.journal.write_text(json.dumps({"event": node}) + "\n")
    with coordinating(group, 2):
        status_table.show(status_of(group, NOW, lambda owner: f"s2 waits: for {owner}"), as_json=False)
    said = capsys.readouterr().out
    assert f"s2 waits: for {me()}" in said
    assert "attempt 2 (goes on from 1), on CPUs 0-1,4, GPU GPU-a" in said
    assert "stopped: interrupted; 1 nodes are kept" in said


def test_an_estimate_needs_three_finished_runs_and_somebody_at_work(group, has):
    declare(group, 7)
    for seed in range(2):
        has(seed, RunStatus.COMPLETED, wall_seconds=100.0)
    has(5, RunStatus.RUNNING, started_at="2026-01-01T23:59:00.000+00:00")
    with coordinating(group, 2):
        assert status_of(group, NOW).eta_seconds is None
        has(2, RunStatus.TIMED_OUT, wall_seconds=100.0)
        status = status_of(group, NOW)
        assert (status.eta_seconds, status.eta_from) == (pytest.approx((40 + 3 * 100) / 2), 3)
        assert status.at_work.owner == me() and status.at_work.jobs == 2
    assert status_of(group, NOW).eta_seconds is None


def test_an_earlier_versions_group_without_a_declaration_has_a_status_too(group, has):
    has(0, RunStatus.COMPLETED)
    status = status_of(group, NOW)
    assert (status.declared, status.missing, status.at_work) == (1, (), None)


@pytest.mark.parametrize("status", list(RunStatus))
def test_every_status_but_a_good_end_has_a_class_to_be_run_again_by(has, status):
    owner = {"owner": DEAD} if status is RunStatus.RUNNING else {}
    folder = has(0, status, **owner)
    kind = class_of(folder, folder.read())
    assert kind is None if status is RunStatus.COMPLETED else kind in CLASSES


def test_what_is_shown_says_why_and_what_to_type(group, has, capsys):
    declare(group, 3)
    has(0, RunStatus.INFRA_FAILED, reason="the engine\x1b[2J is gone")
    status_table.show(status_of(group, NOW), as_json=False)
    said = capsys.readouterr().out
    assert "the engine" in said and "\x1b" not in said
    assert "podium retry group --class infra,missing" in said
    assert "nobody is at work" in said


def test_as_json_it_is_one_object_with_the_same_facts(group, has, capsys):
    declare(group, 2)
    has(0, RunStatus.STOPPED)
    status_table.show(status_of(group, NOW), as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["schema_version"] == 1 and told["counts"] == {"stopped": 1, "missing": 1}
    assert told["troubles"][0]["retry"] == "stopped"


def test_following_ends_when_nobody_is_at_work(group, has, capsys):
    has(0, RunStatus.COMPLETED)
    status_table.follow(lambda: status_of(group, NOW), 0.0, as_json=True)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_arms_of_one_agent_are_apart_in_rows_and_rates(group, plan):
    from dataclasses import replace

    from harness.rates.aggregate import aggregate

    for name in ("aide", "aide.mine"):
        made = replace(plan(), configuration=name)
        group.run(made.run_id).write(first_record(made, RunStatus.COMPLETED, attempt=1))
    rows = aggregate(group).rows
    assert sorted(row.entrant for row in rows) == ["aide", "aide.mine"]
    assert {row.agent for row in rows} == {"aide"}
