"""A run whose search is guided by held-back rows: what it saw, how its end was chosen, and what was handed in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness import contract
from harness.data import search_view
from harness.data.manifest import Prepared
from harness.data.prepare_search import prepare_search
from harness.errors import InfrastructureError, Interrupted, UserError
from harness.gateway.scores import ScoreLine, read_scores
from harness.grading.grade_nodes import grade_nodes
from harness.grading.grade_run import grade_run
from harness.results.layout import RunFolder
from harness.results.record import RunStatus
from harness.runs.final_run import finalists, scripts
from harness.runs.run import run_one
from tests.harness.runs.host_sandbox import HostSandbox
from tests.harness.runs.scripts import Scripts


@pytest.fixture(scope="session")
def view(prepared: Any) -> search_view.SearchView:
    item, data = prepared
    return prepare_search(item, data, data_home=data.folder.parent)


@pytest.fixture
def held_back(plan: Any, view: search_view.SearchView) -> Any:
    """Make plans whose search is guided by held-back rows."""
    return lambda **more: replace(plan(**more), view=view)


@pytest.fixture
def quick(tools: Any) -> Any:
    """The tools of a run whose model and scripts take no time."""
    return lambda agent=None, **more: tools(agent, **{"provider": lambda plan: Scripts(), **more})


def ids(path: Path) -> set[str]:
    return set(pd.read_csv(path, dtype=str)["id"])


class SecondBoxes(HostSandbox):
    """Boxes of this machine of which the second kind, that only runs the chosen script, fails as told."""

    how = "script"

    def start(self) -> None:
        request = json.loads((self.mounts[contract.DOOR] / contract.REQUEST_NAME).read_text())
        if request["rerun"] and self.how == "engine":
            raise InfrastructureError("the engine is gone")
        if request["rerun"]:
            request["rerun"][-1]["code"] = "raise SystemExit('not this time')"
            (self.mounts[contract.DOOR] / contract.REQUEST_NAME).write_text(json.dumps(request))
        super().start()


def test_the_search_sees_the_view_and_the_chosen_script_runs_again_on_all_data(
    held_back: Any, group: Any, tools: Any, view: search_view.SearchView
) -> None:
    made = held_back(steps=3)
    folder, given = group.run(made.run_id), tools()
    record = run_one(made, folder, given)
    assert (record.status, record.submission_from) == (RunStatus.COMPLETED, "rerun")
    first, second = tools.sandboxes
    assert (first.mounts[contract.DATA], second.mounts[contract.DATA]) == (view.public, made.prepared.public)
    assert record.request.validation == "hidden-split" and record.held_back is not None
    assert record.held_back.sha256 == view.manifest.fingerprint
    assert record.final is not None and record.final.handed_in == "rerun" and record.final.script_seconds > 0
    assert record.final.node == record.final.finalists[0].node
    assert ids(folder.submission) == ids(made.prepared.sample)
    grade = grade_run(folder, record, made.competition, made.prepared)
    assert grade.valid and grade.score is not None and grade.score > 0.9
    again = folder.final.read()
    assert again is not None and again.usage.calls == 0 and again.status is RunStatus.COMPLETED


def test_the_nodes_scores_are_the_gateways_and_both_parts_are_kept_by_the_harness_alone(
    held_back: Any, group: Any, tools: Any, view: search_view.SearchView
) -> None:
    made = held_back(steps=1)
    folder = group.run(made.run_id)
    run_one(made, folder, tools())
    lines = read_scores(folder.scores)
    nodes = [event for event in folder.events() if event["type"] == "node"]
    assert [line.told for line in lines] == [node["score"] for node in nodes if not node["buggy"]] and lines
    assert all(node["printed_score"] is not None for node in nodes if not node["buggy"])
    told = folder.journal.read_text() + folder.transcript.read_text()
    assert not any(str(line.pick) in told for line in lines)


def test_where_the_script_fails_the_second_time_its_test_rows_of_the_search_are_handed_in(
    held_back: Any, group: Any, quick: Any, tools: Any
) -> None:
    made = held_back(steps=2)
    folder = group.run(made.run_id)
    record = run_one(made, folder, quick(sandbox=SecondBoxes))
    assert record.final is not None and record.final.handed_in == "search"
    assert "outcome: failed" in record.final.reason and record.submission_from == "journal"
    assert ids(folder.submission) == ids(made.prepared.sample)
    assert grade_run(folder, record, made.competition, made.prepared).valid


def test_where_infrastructure_fails_the_second_box_twice_the_run_is_infrastructures(
    held_back: Any, group: Any, quick: Any, tools: Any
) -> None:
    made = held_back(steps=1)
    record = run_one(made, group.run(made.run_id), quick(sandbox=type("Gone", (SecondBoxes,), {"how": "engine"})))
    assert record.status is RunStatus.INFRA_FAILED and "the engine is gone" in record.reason
    assert len(tools.sandboxes) == 3


def test_a_run_that_is_stopped_hands_in_the_test_rows_of_what_it_has(
    held_back: Any, group: Any, quick: Any, tools: Any
) -> None:
    made = held_back(steps=50)
    folder = group.run(made.run_id)
    seen: list[Any] = []
    given = quick(on_event=lambda plan, stored: seen.append(stored.event), stop=lambda: _has(seen, "best"))
    record = run_one(made, folder, given)
    assert (record.status, record.final, record.submission_from) == (RunStatus.STOPPED, None, "container")
    assert ids(folder.submission) == ids(made.prepared.sample) and len(tools.sandboxes) == 1


def _has(events: list[Any], kind: str) -> bool:
    return any(event.type == kind for event in events)


def test_a_run_that_is_gone_on_with_scores_no_node_twice(held_back: Any, group: Any, quick: Any, tools: Any) -> None:
    made = replace(held_back(steps=4), arguments=("breast-cancer-wisconsin", "--seed", "0"))
    folder = group.run(made.run_id)
    seen: list[Any] = []
    given = quick(on_event=lambda plan, stored: seen.append(stored.event), end=lambda: _has(seen, "node"))
    with pytest.raises(Interrupted):
        run_one(made, folder, given)
    record = run_one(made, folder, quick(), goes_on=True)
    lines = read_scores(folder.scores)
    assert [line.node for line in lines] == ["n0001", "n0002", "n0003", "n0004"]
    assert {line.outcome for line in lines} == {"scored"}
    assert record.final is not None and record.final.handed_in == "rerun"


def test_a_self_validated_run_has_neither_scores_nor_a_second_box(
    plan: Any, group: Any, quick: Any, tools: Any
) -> None:
    made = plan(steps=1)
    folder = group.run(made.run_id)
    record = run_one(made, folder, quick())
    assert (record.request.validation, record.held_back, record.final) == ("self", None, None)
    assert not folder.scores.exists() and len(tools.sandboxes) == 1


def line(node: str, search: float, pick: float) -> ScoreLine:
    return ScoreLine(sequence=1, received_at="", node=node, outcome="scored", search=search, pick=pick, told=search)


@pytest.mark.parametrize(("direction", "chosen"), [("maximize", "n3"), ("minimize", "n1")])
def test_the_pick_part_decides_among_the_best_few_by_the_search_part(direction: Any, chosen: str) -> None:
    scores = [line(f"n{place}", place / 10, 1 - abs(place - 3) / 10) for place in range(1, 9)]
    good = {one.node for one in scores if one.node != "n8"}
    found = finalists(scores, good, direction)
    best = {"n3", "n4", "n5", "n6", "n7"} if direction == "maximize" else {"n1", "n2", "n3", "n4", "n5"}
    assert {one.node for one in found} == best
    assert found[0].node == chosen


def test_what_a_blend_is_made_of_is_run_before_it_and_before_what_was_made_of_it() -> None:
    def event(action: str, *parents: str) -> dict[str, Any]:
        return {"action": action, "parents": list(parents), "code": action}

    nodes = {
        "n1": event("draft"),
        "n2": event("improve", "n1"),
        "n3": event("draft"),
        "n4": event("ensemble", "n2", "n3"),
        "n5": event("improve", "n4"),
        "n6": event("ensemble", "n5", "n3"),
    }
    assert [rerun.node for rerun in scripts("n2", nodes)] == ["n2"]
    assert [(rerun.node, rerun.reads) for rerun in scripts("n5", nodes)] == [
        *(("n2", ()), ("n3", ()), ("n5", ("n2", "n3")))
    ]
    assert [rerun.node for rerun in scripts("n6", nodes)] == ["n2", "n3", "n5", "n6"]


def test_a_plan_with_held_back_rows_is_another_one(plan: Any, held_back: Any) -> None:
    assert plan().sha256() != held_back().sha256()


def test_nothing_of_the_labels_that_are_held_back_is_mounted_in_either_box(
    held_back: Any, group: Any, quick: Any, tools: Any, view: search_view.SearchView
) -> None:
    """What the first box sees: nothing of `held_back/`, neither mounted nor copied."""
    made = held_back(steps=1)
    run_one(made, group.run(made.run_id), quick())
    sources = [source for box in tools.sandboxes for source in box.mounts.values()]
    assert not any(_reaches(source, hidden) for source in sources for hidden in _hidden(view, made.prepared))


def _hidden(view: search_view.SearchView, prepared: Prepared) -> list[Path]:
    return [view.search_truth, view.pick_truth, view.test_ids, prepared.private]


def _reaches(mounted: Path, hidden: Path) -> bool:
    return hidden.resolve().is_relative_to(mounted.resolve())


def test_the_folder_of_a_run_names_its_second_part(tmp_path: Path) -> None:
    assert RunFolder(tmp_path).final.path == tmp_path / "final"


def test_nodes_are_graded_by_the_test_rows_of_what_they_predicted(
    held_back: Any, group: Any, quick: Any, view: search_view.SearchView
) -> None:
    made = held_back(steps=2)
    folder = group.run(made.run_id)
    record = run_one(made, folder, quick())
    found = grade_nodes(folder, record, made.competition, made.prepared)
    assert found.validation == "hidden-split" and record.final is not None and found.chosen == record.final.node
    assert [node.test_score for node in found.nodes] == [0.5, 0.5]
    assert all(node.pick_score == 0.5 and node.printed_score != node.validation_score for node in found.nodes)
    assert found.handed_in_test_score == 0.5


def test_without_the_rows_that_guided_a_run_its_nodes_are_not_graded(held_back: Any, group: Any, quick: Any) -> None:
    made = held_back(steps=1)
    folder = group.run(made.run_id)
    record = run_one(made, folder, quick())
    assert record.held_back is not None
    other = record.model_copy(update={"held_back": record.held_back.model_copy(update={"sha256": "0" * 64})})
    with pytest.raises(UserError, match=r"podium prepare breast-cancer-wisconsin --validation hidden-split"):
        grade_nodes(folder, other, made.competition, made.prepared)
