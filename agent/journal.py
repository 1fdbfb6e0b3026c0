"""The search tree as an append-only list of finished nodes, with the proposals that are still being worked on.

What a policy or a prompt asks for (best, good, buggy leaves, children, chains of debugs) is kept up to date as nodes
arrive, so that a step costs the same at 20 nodes and at 10,000. Nothing here is ever changed or removed; the record
that survives a killed run is the gateway's journal.jsonl, not this object.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from agent.contract import Action, Direction, NodeEvent, Outcome
from agent.excerpt import excerpt


@dataclass(frozen=True)
class Node:
    """One finished attempt: a script, what running it gave, and what the review made of it.

    `output` is what prompts may need of the candidate's output; the whole of it is in the node's own folder.
    """

    id: str
    step: int
    action: Action
    parents: tuple[str, ...]
    plan: str
    code: str
    outcome: Outcome
    output: str
    score: float | None
    buggy: bool
    why_buggy: str | None
    analysis: str
    duplicate_of: str | None = None

    @classmethod
    def from_event(cls, event: NodeEvent) -> Node:
        """Take from a node's event what the search goes on with."""
        return cls(
            id=event.node,
            step=event.step,
            action=event.action,
            parents=event.parents,
            plan=event.plan,
            code=event.code,
            outcome=event.outcome,
            output=excerpt(event.output),
            score=event.score,
            buggy=event.buggy,
            why_buggy=event.why_buggy,
            analysis=event.analysis,
            duplicate_of=event.duplicate_of,
        )


@dataclass(frozen=True)
class Pending:
    """A proposal that the policy made and that no node answers yet."""

    id: str
    step: int
    action: Action
    parents: tuple[str, ...]


class View(Protocol):
    """Figures that a policy keeps about a journal, without arguments to make them."""

    def add(self, journal: Journal, node: Node) -> None:
        """Take in a node that is now in the journal."""
        ...


V = TypeVar("V", bound=View)


@dataclass
class Journal:
    """The tree so far. `append` and `propose` are the only ways to change it; everything else reads."""

    direction: Direction
    _nodes: dict[str, Node] = field(default_factory=dict)
    _pending: dict[str, Pending] = field(default_factory=dict)
    _children: dict[str, list[str]] = field(default_factory=dict)
    _debug_depth: dict[str, int] = field(default_factory=dict)
    _buggy_leaves: dict[str, Node] = field(default_factory=dict)
    _ranked: list[tuple[float, int, str]] = field(default_factory=list)
    _buggy: list[Node] = field(default_factory=list)
    _draft_ids: list[str] = field(default_factory=list)
    _branches: dict[str, str] = field(default_factory=dict)
    _busy: dict[str, int] = field(default_factory=dict)
    _best_at: int = 0
    _proposed: int = 0
    _draft_at: int = 0
    _repeats: int = 0
    _views: dict[type[View], View] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self._nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes.values())

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._nodes

    def __getitem__(self, node_id: str) -> Node:
        return self._nodes[node_id]

    def propose(self, pending: Pending) -> None:
        """Note a proposal; its parents stop being leaves at once, so that no two workers mend the same node."""
        self._check_new(pending.id, pending.parents)
        self._pending[pending.id] = pending
        self._link(pending.id, pending.action, pending.parents)
        branch = self._branches[pending.id]
        self._busy[branch] = self._busy.get(branch, 0) + 1

    def append(self, node: Node) -> None:
        """Add a finished node, which answers its proposal if there is one."""
        pending = self._pending.get(node.id)
        if pending is None:
            self._check_new(node.id, node.parents)
            self._link(node.id, node.action, node.parents)
        elif (pending.action, pending.parents) != (node.action, node.parents):
            raise ValueError(f"node {node.id} is a {node.action} of {node.parents}, but was proposed as {pending}")
        if self._pending.pop(node.id, None) is not None:
            self._busy[self._branches[node.id]] -= 1
        self._nodes[node.id] = node
        self._debug_depth[node.id] = self._depth_of(node)
        self._index(node)
        for view in self._views.values():
            view.add(self, node)

    def _check_new(self, node_id: str, parents: Sequence[str]) -> None:
        if node_id in self._nodes or node_id in self._pending:
            raise ValueError(f"node {node_id} is in the journal already")
        missing = [parent for parent in parents if parent not in self._nodes]
        if missing:
            raise ValueError(f"node {node_id} names parents that are not in the journal: {missing}")

    def _link(self, node_id: str, action: Action, parents: Sequence[str]) -> None:
        self._proposed += 1
        if action == "draft":
            self._draft_ids.append(node_id)
            self._draft_at = self._proposed
        self._branches[node_id] = self._branches[parents[0]] if parents else node_id
        for parent in parents:
            self._children.setdefault(parent, []).append(node_id)
            self._buggy_leaves.pop(parent, None)

    def _depth_of(self, node: Node) -> int:
        if node.action != "debug":
            return 0
        return 1 + max((self._debug_depth[parent] for parent in node.parents), default=0)

    def _index(self, node: Node) -> None:
        if node.buggy or node.score is None:
            self._buggy.append(node)
            self._buggy_leaves[node.id] = node
        else:
            worse_first = -node.score if self.direction == "maximize" else node.score
            insort(self._ranked, (worse_first, len(self._nodes), node.id))
            if self._ranked[0][2] == node.id:
                self._best_at = len(self._nodes)
        self._repeats = self._repeats + 1 if node.duplicate_of is not None else 0

    @property
    def best(self) -> Node | None:
        """The good node with the best score; of equal ones the earliest."""
        return self._nodes[self._ranked[0][2]] if self._ranked else None

    @property
    def stalled(self) -> int:
        """How many nodes came since the best one; all of them while nothing works."""
        return len(self._nodes) - self._best_at

    @property
    def since_draft(self) -> int:
        """How many nodes were proposed since the last draft; all of them while there is none."""
        return self._proposed - self._draft_at

    @property
    def repeats(self) -> int:
        """How many of the last nodes, without a gap, only repeated a program."""
        return self._repeats

    def top(self, count: int) -> list[Node]:
        """Return up to `count` good nodes, best first; of equal ones the earliest first."""
        return [self._nodes[node_id] for _, _, node_id in self._ranked[:count]]

    @property
    def good_count(self) -> int:
        """How many nodes have a score that counts."""
        return len(self._ranked)

    @property
    def good(self) -> list[Node]:
        """Every node with a score that counts, best first."""
        return self.top(len(self._ranked))

    @property
    def buggy(self) -> Sequence[Node]:
        """Every buggy node, in order of arrival."""
        return tuple(self._buggy)

    def recent_buggy(self, count: int) -> list[Node]:
        """Return the last `count` buggy nodes, in order of arrival."""
        return self._buggy[-count:] if count > 0 else []

    @property
    def draft_ids(self) -> Sequence[str]:
        """The ids of all drafts, pending ones too, in order."""
        return tuple(self._draft_ids)

    @property
    def drafts(self) -> int:
        """How many drafts there are, buggy and pending ones too."""
        return len(self._draft_ids)

    @property
    def pending(self) -> tuple[Pending, ...]:
        """Proposals without a node yet, in order."""
        return tuple(self._pending.values())

    def children(self, node_id: str) -> tuple[str, ...]:
        """Return the ids of a node's children, pending ones too, in order."""
        return tuple(self._children.get(node_id, ()))

    def branch(self, node_id: str) -> str:
        """Return the id of the draft that a node, pending or not, goes back to by its first parents."""
        return self._branches[node_id]

    def is_busy(self, branch: str) -> bool:
        """Is a proposal below this draft, or the draft itself, still being worked on?"""
        return self._busy.get(branch, 0) > 0

    def view(self, kind: type[V]) -> V:
        """Return a policy's own figures about the tree: made of the nodes so far, then told of each new one.

        They follow from the nodes alone, so a resumed run has them too.
        """
        if kind not in self._views:
            made = kind()
            for node in self:
                made.add(self, node)
            self._views[kind] = made
        found = self._views[kind]
        assert isinstance(found, kind)
        return found

    def debug_depth(self, node_id: str) -> int:
        """Return how many debugs in a row led to this node; 0 for a draft or an improvement."""
        return self._debug_depth[node_id]

    def buggy_leaves(self, longest_chain: int) -> list[Node]:
        """Return buggy nodes without children that fewer than `longest_chain` debugs in a row led to."""
        depth = self._debug_depth
        return [node for node_id, node in self._buggy_leaves.items() if depth[node_id] < longest_chain]
