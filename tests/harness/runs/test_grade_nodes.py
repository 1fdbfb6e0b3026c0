"""Every node of a finished run is graded: the gap, the oracle's choice, and how the two scores rank the nodes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.errors import UserError
from harness.grading.grade_nodes import NodeGrades, grade_nodes
from harness.grading.grade_run import record_to_grade
from harness.results.layout import RunFolder, RunStatus
from harness.runs.first_record import first_record


def event(node: str, step: int, score: float | None) -> dict[str, Any]:
    return {"type": "node", "node": node, "step": step, "action": "draft", "score": score, "buggy": score is None}


@pytest.fixture
def finished(plan: Any, tmp_path: Path) -> tuple[RunFolder, Any]:
    """A run of four nodes: three working ones whose truth gets worse as their own scores get better, one broken."""
    made = plan()
    folder = RunFolder(tmp_path / "run")
    truth = pd.read_csv(made.prepared.private / "test.csv")[["id", "malignant"]]
    rng = np.random.default_rng(0)
    events = []
    for number, (own, noise) in enumerate([(0.7, 0.2), (0.8, 0.6), (0.9, 1.5)], start=1):
        path = folder.node_submission(f"n000{number}")
        path.parent.mkdir(parents=True)
        chances = 1 / (1 + np.exp(-(truth["malignant"] - 0.5 + noise * rng.normal(size=len(truth)))))
        truth.assign(malignant=chances).to_csv(path, index=False)
        events += [event(f"n000{number}", number, own), {"type": "best", "node": f"n000{number}", "score": own}]
    events.append(event("n0004", 4, None))
    folder.journal.write_text("".join(json.dumps({"event": one}) + "\n" for one in events) + '{"event": {"ty')
    folder.write(first_record(made, RunStatus.COMPLETED, attempt=1))
    return folder, made


def graded(finished: tuple[RunFolder, Any]) -> NodeGrades:
    folder, made = finished
    return grade_nodes(folder, record_to_grade(folder), made.competition, made.prepared)


def test_every_node_has_its_own_score_and_the_tests(finished: tuple[RunFolder, Any]) -> None:
    found = graded(finished)
    assert [node.validation_score for node in found.nodes] == [0.7, 0.8, 0.9, None]
    scores = [node.test_score for node in found.nodes]
    assert scores[0] is not None and scores[1] is not None and scores[2] is not None and scores[3] is None
    assert scores[0] > scores[1] > scores[2] > 0.5
    assert found.nodes[3].reason == "there is no submission file"


def test_what_choosing_lost_and_how_far_validation_was_off(finished: tuple[RunFolder, Any]) -> None:
    found = graded(finished)
    assert (found.chosen, found.oracle) == ("n0003", "n0001")
    assert found.oracle_test_score is not None and found.chosen_test_score is not None
    assert found.lost_by_choice == pytest.approx(found.oracle_test_score - found.chosen_test_score)
    assert found.chosen_gap == pytest.approx(0.9 - found.chosen_test_score)
    assert (found.rank_correlation, found.compared) == (pytest.approx(-1), 3)


def test_it_is_kept_beside_the_run(finished: tuple[RunFolder, Any]) -> None:
    found = graded(finished)
    assert NodeGrades.model_validate_json(finished[0].node_grades.read_bytes()) == found


def test_a_run_that_is_not_over_is_not_looked_into(finished: tuple[RunFolder, Any]) -> None:
    folder, made = finished
    folder.write(first_record(made, RunStatus.INFRA_FAILED, attempt=1))
    with pytest.raises(UserError, match="nothing to grade"):
        graded(finished)


def test_other_data_than_the_runs_are_refused(finished: tuple[RunFolder, Any]) -> None:
    folder, made = finished
    record = record_to_grade(folder)
    other = record.model_copy(update={"data": record.data.model_copy(update={"data_sha256": "0" * 64})})
    with pytest.raises(UserError, match="are not those that"):
        grade_nodes(folder, other, made.competition, made.prepared)
    assert not folder.node_grades.exists()


def test_a_run_without_nodes_has_nothing_to_tell(finished: tuple[RunFolder, Any]) -> None:
    finished[0].journal.write_text("")
    found = graded(finished)
    assert found.nodes == () and found.oracle is None and found.mean_gap is None and found.rank_correlation is None


def test_the_verb_names_a_run_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIUM_RESULTS", str(tmp_path))
    ended = CliRunner().invoke(app, ["grade-nodes", "nothing/here"])
    assert ended.exit_code != 0 and isinstance(ended.exception, UserError)
