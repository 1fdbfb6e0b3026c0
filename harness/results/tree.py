"""A run's search tree as data: nodes, parents, scores, actions, flags, tokens, seconds; from its journal and record.

The journal is the agent's own account. Parents that were not reported before their child are kept as data and drawn
nowhere, so that whatever was reported, the tree is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from harness.contract import Direction
from harness.errors import UserError
from harness.grading.grade_nodes import NodeGrades
from harness.runs.chosen import chosen_node

if TYPE_CHECKING:
    from harness.results.layout import RunFolder, RunRecord


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TreeNode(_Kept):
    """One node; `score` is the agent's own validation score, `test_score` only there after `podium grade-nodes`."""

    node: str
    step: int
    action: str
    parents: tuple[str, ...]
    score: float | None
    test_score: float | None
    buggy: bool
    why_buggy: str | None
    outcome: str
    flags: tuple[str, ...]
    plan: str
    tokens: dict[str, int]
    seconds: dict[str, float]


class Tree(_Kept):
    """`tree.json`: the tree of one run. `best_path` leads from a draft to the chosen node, by first parents."""

    schema_version: Literal[1] = 1
    group: str
    run_id: str
    competition: str
    agent: str
    model: str
    seed: int
    status: str
    metric: str
    direction: Direction
    chosen: str | None
    best_path: tuple[str, ...]
    nodes: tuple[TreeNode, ...]

    def first_parents(self) -> dict[str, str | None]:
        """Return each node's first parent that came before it; None for those that hang on nothing."""
        found: dict[str, str | None] = {}
        for node in self.nodes:
            found[node.node] = next((parent for parent in node.parents if parent in found), None)
        return found


def tree_of(folder: RunFolder, record: RunRecord) -> Tree:
    """Read the tree of a run; raise `UserError` when it has no finished node."""
    events = list(folder.events())
    nodes = {event["node"]: event for event in events if event["type"] == "node"}
    if not nodes:
        raise UserError(f"{record.group}/{record.run_id} has no finished node ({record.status}): nothing to export")
    chosen = chosen_node(record, events)
    graded = _test_scores(folder)
    found = tuple(_node(event, graded.get(event["node"])) for event in nodes.values())
    tree = Tree(
        group=record.group,
        run_id=record.run_id,
        competition=record.competition,
        agent=record.agent,
        model=record.model,
        seed=record.seed,
        status=str(record.status),
        metric=record.request.competition.metric,
        direction=record.request.competition.direction,
        chosen=chosen if chosen in nodes else None,
        best_path=(),
        nodes=found,
    )
    return tree.model_copy(update={"best_path": _path(tree)})


def _path(tree: Tree) -> tuple[str, ...]:
    above = tree.first_parents()
    path, node = [], tree.chosen
    while node is not None:
        path.append(node)
        node = above[node]
    return tuple(reversed(path))


def _node(event: dict[str, Any], test_score: float | None) -> TreeNode:
    return TreeNode(
        node=event["node"],
        step=event["step"],
        action=event["action"],
        parents=tuple(event["parents"]),
        score=event["score"],
        test_score=test_score,
        buggy=event["buggy"],
        why_buggy=event["why_buggy"],
        outcome=event["outcome"],
        flags=_flags(event),
        plan=event["plan"],
        tokens=dict(event["tokens"]),
        seconds=dict(event["seconds"]),
    )


def _flags(event: dict[str, Any]) -> tuple[str, ...]:
    """Return what is worth knowing of a node beside its score."""
    facts = {
        "invalid-submission": event["submission_valid"] is False,
        "score-read-by-model": event["reviewed_by"] == "model",
        "not-run": event["outcome"] == "not_run",
        "repeats-another": event.get("duplicate_of") is not None,
        "failed-on-a-sample": bool((event.get("trial") or {}).get("decided")),
        "too-good": event.get("leakage") is not None,
        "leak": (event.get("leakage") or {}).get("verdict") == "leak",
    }
    return tuple(name for name, true in facts.items() if true)


def _test_scores(folder: RunFolder) -> dict[str, float | None]:
    try:
        grades = NodeGrades.model_validate_json(folder.node_grades.read_bytes())
    except FileNotFoundError:
        return {}
    return {grade.node: grade.test_score for grade in grades.nodes}
