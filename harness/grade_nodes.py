"""What every node of a finished run would have scored: `podium grade-nodes` → `node_grades.json`.

It tells how far validation scores can be trusted: the gap between them and the test scores, what the best node by test
would have been, and how the two rank the nodes. It is done after a run only, and nothing of it goes back to any agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from harness.contract import Direction
from harness.errors import UserError
from harness.files import write_json

if TYPE_CHECKING:
    from harness.competition import Competition
    from harness.manifest import Prepared
    from harness.results import RunFolder, RunRecord


class NodeGrade(BaseModel):
    """One node: its own score, and the test's; None where there is none, and then the reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    node: str
    step: int
    action: str
    buggy: bool
    validation_score: float | None
    test_score: float | None
    reason: str | None


class NodeGrades(BaseModel):
    """`node_grades.json`. Gaps are how much better validation was than test, in the metric's unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    run_id: str
    competition: str
    edition: str
    stand_in: bool
    metric: str
    direction: Direction
    chosen: str | None
    chosen_test_score: float | None
    oracle: str | None
    oracle_test_score: float | None
    lost_by_choice: float | None
    mean_gap: float | None
    chosen_gap: float | None
    rank_correlation: float | None
    compared: int
    nodes: tuple[NodeGrade, ...]


def grade_nodes(folder: RunFolder, record: RunRecord, competition: Competition, prepared: Prepared) -> NodeGrades:
    """Grade each node's submission and write `node_grades.json`; other data than the run's are the user's error."""
    from harness.grade_run import log_reading, refuse_other_data

    refuse_other_data(record, competition, prepared)
    log_reading(folder, "nodes")
    found = recomputed(folder, record, competition, prepared)
    write_json(folder.node_grades, found.model_dump(mode="json"))
    return found


def recomputed(folder: RunFolder, record: RunRecord, competition: Competition, prepared: Prepared) -> NodeGrades:
    """The nodes' grades as they would be now; writes nothing."""
    from harness.data_in_use import in_use
    from harness.grade import grade
    from harness.grade_run import refuse_other_data

    refuse_other_data(record, competition, prepared)
    if competition.unlabelled:
        raise UserError(
            f"nobody here knows the labels of {competition.id}'s test rows, so no node can be graded on them"
        )
    events = list(folder.events())
    graded = []
    with in_use(prepared):
        for event in (event for event in events if event["type"] == "node"):
            path = folder.node_submission(event["node"])
            report = grade(competition, prepared, path if path.is_file() else None)
            graded.append(
                NodeGrade(
                    node=event["node"],
                    step=event["step"],
                    action=event["action"],
                    buggy=event["buggy"],
                    validation_score=event["score"],
                    test_score=report.score,
                    reason=report.reason,
                )
            )
    chosen = [event["node"] for event in events if event["type"] == "best"]
    return summarise(record, competition.at(prepared.manifest.edition), graded, chosen[-1] if chosen else None)


def summarise(
    record: RunRecord, competition: Competition, nodes: Sequence[NodeGrade], chosen: str | None
) -> NodeGrades:
    """Return the nodes' grades with what follows from them."""
    sign = 1.0 if competition.metric.direction == "maximize" else -1.0
    by_id = {node.node: node for node in nodes}
    scored = [node for node in nodes if node.test_score is not None and not node.buggy]
    oracle = max(scored, key=lambda node: sign * (node.test_score or 0.0), default=None)
    both = [(node.validation_score, node.test_score) for node in scored if node.validation_score is not None]
    gaps = [sign * (mine - test) for mine, test in both if test is not None]
    mine = by_id.get(chosen) if chosen else None
    return NodeGrades(
        run_id=record.run_id,
        competition=record.competition,
        edition=record.data.edition,
        stand_in=record.data.stand_in,
        metric=competition.metric.name,
        direction=competition.metric.direction,
        chosen=chosen,
        chosen_test_score=mine.test_score if mine else None,
        oracle=oracle.node if oracle else None,
        oracle_test_score=oracle.test_score if oracle else None,
        lost_by_choice=_difference(oracle, mine, sign),
        mean_gap=sum(gaps) / len(gaps) if gaps else None,
        chosen_gap=_gap(mine, sign),
        rank_correlation=_rank_correlation(both),
        compared=len(both),
        nodes=tuple(nodes),
    )


def _difference(oracle: NodeGrade | None, chosen: NodeGrade | None, sign: float) -> float | None:
    if oracle is None or chosen is None or oracle.test_score is None or chosen.test_score is None:
        return None
    return sign * (oracle.test_score - chosen.test_score)


def _gap(node: NodeGrade | None, sign: float) -> float | None:
    if node is None or node.validation_score is None or node.test_score is None:
        return None
    return sign * (node.validation_score - node.test_score)


def _rank_correlation(pairs: Sequence[tuple[float | None, float | None]]) -> float | None:
    """Spearman's, of at least three nodes that differ in both scores."""
    from scipy.stats import spearmanr

    mine, test = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if len(pairs) < 3 or len(set(mine)) < 2 or len(set(test)) < 2:
        return None
    return float(spearmanr(mine, test).statistic)
