"""What a node's page shows: plan, code, the change to its parents, output, review, and its model calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.cheating.standing import Judged
from harness.view.calls import Made
from harness.view.flags import flags
from harness.view.runs import OpenRun
from harness.view.source import Diff, Piece, coloured, compared
from harness.view.text import readable, shortened
from harness.view.tree import TreeNode

PHASES = ("model", "execute", "check", "review", "overhead")


@dataclass(frozen=True)
class Change:
    """The change of the code against one parent's."""

    parent: TreeNode
    gained: float | None
    diff: Diff


@dataclass(frozen=True)
class NodePage:
    """One node. `gained` is how much better than the first parent's its score is, by the metric's direction."""

    node: TreeNode
    event: Mapping[str, Any]
    plan: str
    code: str
    lines: Sequence[Sequence[Piece]]
    changes: Sequence[Change]
    output: str
    analysis: str
    why_buggy: str
    children: Sequence[TreeNode]
    before: str | None
    after: str | None
    is_best: bool
    on_best_path: bool
    phases: Sequence[tuple[str, float]]
    test: Mapping[str, Any]
    judged: Sequence[Judged]


@dataclass(frozen=True)
class CallsPart:
    """The model calls of a node, and whether the transcript was read to its end."""

    made: Sequence[Made]
    complete: bool
    cost_usd: float | None


def node_page(run: OpenRun, name: str) -> NodePage | None:
    """A node's page; None when the run has no such node."""
    with run.lock:
        node = run.tree.nodes.get(name)
        if node is None:
            return None
        before, after = run.tree.beside(name)
        children = [run.tree.nodes[child] for child in run.tree.children.get(name, ()) if child in run.tree.nodes]
        parents = [run.tree.nodes[parent] for parent in node.parents if parent in run.tree.nodes]
        best = run.tree.best
        on_path = any(one.id == name for one in run.tree.path(best))
    event = run.event(node)
    code = shortened(str(event.get("code") or ""))
    seconds = event.get("seconds") or {}
    return NodePage(
        node=node,
        event=event,
        plan=_text(event, "plan"),
        code=code,
        lines=coloured(code),
        changes=[_change(run, node, parent, code) for parent in parents if parent.span is not None and event],
        output=_text(event, "output"),
        analysis=_text(event, "analysis"),
        why_buggy=_text(event, "why_buggy"),
        children=children,
        before=before,
        after=after,
        is_best=best == name,
        on_best_path=on_path,
        phases=[(phase, float(seconds.get(phase) or 0.0)) for phase in PHASES],
        test=run.node_grades().get(name, {}),
        judged=flags(run.folder.path).of_node(name),
    )


def calls_part(run: OpenRun, page: NodePage, *, complete: bool) -> CallsPart:
    """The model calls of a node, of those read so far."""
    made = run.calls_of(page.node, page.code)
    known = [one.call.cost_usd for one in made if one.call.cost_usd is not None]
    return CallsPart(made, complete, sum(known) if known else None)


def _change(run: OpenRun, node: TreeNode, parent: TreeNode, code: str) -> Change:
    old = shortened(run.code(parent.id) or "")
    return Change(parent, gained(node, parent, maximize=run.tree.maximize), compared(old, code))


def gained(node: TreeNode, other: TreeNode, *, maximize: bool) -> float | None:
    """How much better a node's score is than another's; None where one of them has none."""
    if node.score is None or other.score is None:
        return None
    return node.score - other.score if maximize else other.score - node.score


def _text(event: Mapping[str, Any], name: str) -> str:
    return shortened(readable(str(event.get(name) or "")))
