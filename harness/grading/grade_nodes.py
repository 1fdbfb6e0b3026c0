"""What every node of a finished run would have scored: `podium grade-nodes` → `node_grades.json`.

It tells how far validation scores can be trusted: the gap between them and the test scores, what the best node by test
would have been, and how the two rank the nodes. It is done after a run only, and nothing of it goes back to any agent.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from harness.contract import Direction, Validation
from harness.errors import InvalidSubmission, UserError
from harness.files import write_json
from harness.runs.chosen import chosen_node

if TYPE_CHECKING:
    from harness.data.manifest import Prepared
    from harness.results.layout import RunFolder, RunRecord
    from harness.specs.competition import Competition


SOON_BYTES = 2**30  # of all nodes' submissions: at some 100 MB a second


class NodeGrade(BaseModel):
    """One node: the score that guided the search, and the test's; None where there is none, and then the reason.

    `printed_score` is its script's own; `pick_score`, in the mode hidden-split, that on the rows that decide the end.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    node: str
    step: int
    action: str
    buggy: bool
    validation_score: float | None
    printed_score: float | None = None
    pick_score: float | None = None
    test_score: float | None
    reason: str | None


class NodeGrades(BaseModel):
    """`node_grades.json`. Gaps are how much better validation was than test, in the metric's unit.

    In the mode hidden-split nodes are graded by the test rows of what they predicted in the search, trained on less
    data than the script that was handed in: that one's grade is `handed_in_test_score`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    run_id: str
    competition: str
    edition: str
    stand_in: bool
    metric: str
    direction: Direction
    validation: Validation = "self"
    chosen: str | None
    chosen_test_score: float | None
    handed_in_test_score: float | None = None
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
    from harness.grading.grade_run import log_reading, refuse_other_data

    refuse_other_data(record, competition, prepared)
    log_reading(folder, "nodes")
    found = recomputed(folder, record, competition, prepared)
    write_json(folder.node_grades, found.model_dump(mode="json"))
    return found


def recomputed(folder: RunFolder, record: RunRecord, competition: Competition, prepared: Prepared) -> NodeGrades:
    """The nodes' grades as they would be now; writes nothing."""
    from harness.data.data_in_use import in_use
    from harness.gateway.scores import read_scores
    from harness.grading.grade import grade
    from harness.grading.grade_run import refuse_other_data

    refuse_other_data(record, competition, prepared)
    if competition.unlabelled:
        raise UserError(
            f"nobody here knows the labels of {competition.id}'s test rows, so no node can be graded on them"
        )
    events = list(folder.events())
    picks = {line.node: line.pick for line in read_scores(folder.scores) if line.outcome == "scored"}
    graded = []
    with in_use(prepared), _test_rows(record, competition, prepared) as test_rows:
        for event in (event for event in events if event["type"] == "node"):
            path = folder.node_submission(event["node"])
            score, reason = None, None
            try:
                report = grade(competition, prepared, test_rows(path) if path.is_file() else None)
                score, reason = report.score, report.reason
            except InvalidSubmission as invalid:
                reason = str(invalid)
            graded.append(
                NodeGrade(
                    node=event["node"],
                    step=event["step"],
                    action=event["action"],
                    buggy=event["buggy"],
                    validation_score=event["score"],
                    printed_score=event.get("printed_score"),
                    pick_score=picks.get(event["node"]),
                    test_score=score,
                    reason=reason,
                )
            )
        handed_in = grade(competition, prepared, folder.submission if folder.submission.is_file() else None)
    found = summarise(record, competition.at(prepared.manifest.edition), graded, chosen_node(record, events))
    return found.model_copy(update={"handed_in_test_score": handed_in.score})


def grade_nodes_soon(
    folder: RunFolder, record: RunRecord, competition: Competition, prepared: Prepared
) -> NodeGrades | None:
    """Do the same where it does not take long; None where the nodes' submissions are too many or too large."""
    if competition.unlabelled:
        return None
    size = sum(path.stat().st_size for path in folder.nodes.glob("*/submission.csv"))
    return grade_nodes(folder, record, competition, prepared) if size <= SOON_BYTES else None


@contextmanager
def _test_rows(record: RunRecord, competition: Competition, prepared: Prepared) -> Iterator[Callable[[Path], Path]]:
    """Give what makes a node's submission one that can be graded; where rows were held back, it has others too."""
    if record.held_back is None:
        yield lambda path: path
        return
    from harness.data import search_view

    view = search_view.find(prepared.folder, prepared.manifest.fingerprint)
    if view is None or view.manifest.fingerprint != record.held_back.sha256:
        raise UserError(
            f"the rows that guided {record.run_id} are no longer at hand, so its nodes can't be graded. They are held "
            f"back again by: podium prepare {competition.id} --validation hidden-split"
        )
    spec = competition.at(prepared.manifest.edition).submission
    with tempfile.TemporaryDirectory(prefix="podium-nodes-") as folder:

        def of_test(path: Path) -> Path:
            made = Path(folder) / "submission.csv"
            search_view.as_public(spec, view, prepared.sample, path).to_csv(made, index=False)
            return made

        yield of_test


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
        validation=record.request.validation,
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
