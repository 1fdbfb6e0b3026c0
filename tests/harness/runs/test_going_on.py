"""The same command goes on with what was interrupted where that is sound; else it begins anew and says why."""

import shutil
from dataclasses import replace

import pytest

from harness.groups.coordinator import run_group
from harness.results.layout import RunStatus
from harness.runs import before_runs
from harness.runs.going_on import GoingOn
from tests.harness.groups.test_coordinator import DEAD_OWNER, QUIET
from tests.harness.runs.test_resume import interrupted, nodes, tools, tree

__all__ = ["interrupted", "tools"]


def change(folder, **fields):
    folder.write(folder.read().model_copy(update=fields))


def again(plan, group, tools, going_on, **more):
    (done,) = run_group([plan], group, tools(), jobs=1, graded=False, goes_on=going_on, **QUIET, **more)
    return done.record


@pytest.mark.parametrize(
    "left",
    [
        {},
        {"status": RunStatus.INFRA_FAILED},
        {"status": RunStatus.RUNNING, "owner": DEAD_OWNER, "ended_at": None},  # killed
    ],
)
def test_an_interrupted_run_goes_on_and_nothing_is_run_twice(interrupted, group, tools, left):
    chosen, folder = interrupted()
    change(folder, **left)
    before = tree(folder)
    record = again(chosen, group, tools, GoingOn(group))
    assert (record.status, record.attempt, record.resumed_from) == (RunStatus.COMPLETED, 2, 1)
    assert tree(folder)[: len(before)] == before and len(before) == 2
    assert sorted(node.step for node in nodes(folder)) == [1, 2, 3, 4, 5]
    assert tree(folder.attempt(1)) == before  # kept as it was
    assert record.lease_token and record.earlier_seconds > 0
    assert again(chosen, group, tools, GoingOn(group)) == record  # an outcome is never run again


@pytest.mark.parametrize(
    ("left", "changes", "words"),
    [
        ({"status": RunStatus.HARNESS_FAILED}, {}, "it ended as harness_failed"),
        ({"candidate_isolation": "none"}, {}, "keeps no journal"),
        ({}, {"budget_usd": 3.0}, "budget was None and is 3.0"),
        ({}, {"steps": 4}, "steps was 5 and is 4"),
        ({"wall_seconds": 119.9}, {}, "its time was used up"),
        ({"plan_sha256": "0" * 64}, {}, "the agent's files changed"),
    ],
)
def test_a_run_that_can_not_go_on_begins_anew_and_says_why(interrupted, group, tools, left, changes, words):
    chosen, folder = interrupted()
    change(folder, **left)
    chosen, going_on, said = replace(chosen, **changes), GoingOn(group), []
    before_runs.point_out_earlier([chosen], going_on, said.append, resume=False)
    assert words in said[0] and "starts anew" in said[0] and "2 nodes of an attempt" in said[0]
    assert not going_on(chosen)


def test_what_goes_on_is_said_with_the_way_to_begin_anew(interrupted, group):
    chosen, folder = interrupted()
    said = []
    before_runs.point_out_earlier([chosen], GoingOn(group), said.append, resume=False)
    before_runs.point_out_earlier([chosen], GoingOn(group), said.append, resume=True)
    assert said[0] == f"{folder.path.name}: goes on after 2 nodes; to begin anew instead: --anew"
    assert said[1] == f"{folder.path.name}: goes on after 2 nodes"


@pytest.mark.parametrize("how", ["anew", "by name"])
def test_who_wishes_it_begins_anew(interrupted, group, tools, how):
    chosen, folder = interrupted()
    named = {"again": {chosen.run_id}} if how == "by name" else {}
    record = again(chosen, group, tools, GoingOn(group, anew=how == "anew"), **named)
    assert (record.status, record.attempt, record.resumed_from) == (RunStatus.COMPLETED, 2, None)
    assert record.earlier_seconds == 0 and len(nodes(folder)) == 5 and len(nodes(folder.attempt(1))) == 2


def test_where_nothing_is_kept_there_is_nothing_to_go_on_from(interrupted, plan, group):
    assert GoingOn(group).past(plan()) is None
    chosen, folder = interrupted()
    folder.journal.unlink()
    assert GoingOn(group).past(chosen) is None
    change(folder, status=RunStatus.COMPLETED)
    assert GoingOn(group).past(chosen) is None


def test_an_attempt_that_was_killed_before_it_had_its_past_is_passed_over(interrupted, group, tools):
    chosen, folder = interrupted()
    shutil.copytree(folder.path, folder.path / "attempts" / "1", ignore=shutil.ignore_patterns("attempts"))
    folder.journal.unlink()
    change(folder, status=RunStatus.RUNNING, owner=DEAD_OWNER, attempt=2, resumed_from=1, ended_at=None)
    assert GoingOn(group).past(chosen).nodes == 2
    record = again(chosen, group, tools, GoingOn(group))
    assert (record.status, record.attempt, record.resumed_from) == (RunStatus.COMPLETED, 3, 1)
    assert len(nodes(folder)) == 5
