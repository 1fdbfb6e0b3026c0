"""A run's search tree as its journal tells it, light enough to be kept: no code and no output, but where they lie.

Grows with the journal; `changes` says which nodes a page that has seen so much of it lacks. What an event holds beyond
the fields that are known here (another release, another agent) is kept as a node's `marks` and shown by name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.report.series import failure, plain
from harness.view.tail import Line, Span, Tail
from harness.view.words import words_of

RUNNING, GOOD = "running", "good"
SHOWN = """
type node step action parents plan code outcome exit_code output score buggy why_buggy analysis reviewed_by
submission_valid warm_start seconds tokens asks
"""
KNOWN = frozenset(SHOWN.split())  # what pages show of a node by themselves
NODE_ID = re.compile(r"[0-9a-z-]{1,32}")
LONGEST_TITLE = 110
MOST_PARENTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeNode:
    """One node. `state` is `good`, `running` or what went wrong; `span` is where its event lies in the journal."""

    id: str
    step: int
    action: str
    parents: tuple[str, ...]
    state: str = RUNNING
    score: float | None = None
    title: str = ""
    seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    proposed_at: str | None = None
    ended_at: str | None = None
    span: Span | None = None
    marks: tuple[tuple[str, str], ...] = ()


@dataclass
class Tree:
    """Every node so far, in the order in which they were proposed."""

    maximize: bool
    nodes: dict[str, TreeNode] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    published: str | None = None
    chosen: str | None = None  # by the harness, at the end of a run that was validated on held-back rows
    ended: str | None = None
    packages: int | None = None
    log: list[str] = field(default_factory=list)

    def grow(self, tail: Tail, until: float | None = None) -> None:
        """Take what is new in the journal."""
        for line in tail.read(until):
            self.take(line)

    def take(self, line: Line) -> None:
        """Take one line; what is no event of a known form is passed over."""
        event = line.value.get("event")
        if not isinstance(event, dict):
            return
        at = line.value.get("received_at")
        if "node" in event and not NODE_ID.fullmatch(str(event["node"])):
            return  # the gateway takes no such name, and names become addresses and files here
        match event.get("type"):
            case "proposal":
                self._put(_proposed(event, at))
            case "node":
                self._put(_finished(event, at, line.span, self.nodes.get(str(event.get("node")))))
            case "best":
                self.published = str(event.get("node"))
                self.log.append(self.published)
            case "end":
                self.ended = plain(f"{event.get('reason')}: {event.get('message')}")
            case "start":
                self.packages = len(event.get("packages") or ())

    @property
    def best(self) -> str | None:
        """The node whose submission is handed in; before one is, that with the best score."""
        for decided in (self.chosen, self.published):
            if decided in self.nodes:
                return decided
        scored = [node for node in self.nodes.values() if node.state == GOOD and node.score is not None]
        sign = 1.0 if self.maximize else -1.0
        return max(scored, key=lambda node: sign * (node.score or 0.0)).id if scored else None

    def path(self, node: str | None) -> list[TreeNode]:
        """The way from a draft to a node, along first parents."""
        way: list[TreeNode] = []
        seen: set[str] = set()
        while node in self.nodes and node not in seen:
            seen.add(node)
            way.append(self.nodes[node])
            node = way[-1].parents[0] if way[-1].parents else None
        return way[::-1]

    def beside(self, node: str) -> tuple[str | None, str | None]:
        """The nodes proposed just before and after one."""
        order = list(self.nodes)
        at = order.index(node)
        return (order[at - 1] if at else None), (order[at + 1] if at + 1 < len(order) else None)

    def changes(self, after: int) -> Iterator[TreeNode]:
        """The nodes that changed since the log had so many entries, each once."""
        for name in dict.fromkeys(self.log[after:]):
            if name in self.nodes:
                yield self.nodes[name]

    def _put(self, node: TreeNode) -> None:
        if node.id not in self.nodes:
            for parent in node.parents:
                self.children.setdefault(parent, []).append(node.id)
        self.nodes[node.id] = node
        self.log.append(node.id)


def _proposed(event: Mapping[str, Any], at: str | None) -> TreeNode:
    return TreeNode(
        id=str(event.get("node")),
        step=_whole(event.get("step")),
        action=plain(str(event.get("action")), 40),
        parents=_parents(event),
        proposed_at=at,
    )


def _finished(event: Mapping[str, Any], at: str | None, span: Span, proposed: TreeNode | None) -> TreeNode:
    buggy = bool(event.get("buggy"))
    seconds = event.get("seconds") or {}
    tokens = event.get("tokens") or {}
    return TreeNode(
        id=str(event.get("node")),
        step=_whole(event.get("step")),
        action=plain(str(event.get("action")), 40),
        parents=_parents(event),
        state=plain(_failure(event), 60) if buggy else GOOD,
        score=None if buggy else _number(event.get("score")),
        title=plain(str(event.get("plan") or ""), LONGEST_TITLE),
        seconds=sum(_number(value) or 0.0 for value in seconds.values()),
        input_tokens=_whole(tokens.get("input")),
        output_tokens=_whole(tokens.get("output")),
        proposed_at=proposed.proposed_at if proposed else None,
        ended_at=at,
        span=span,
        marks=_marks(event),
    )


def _marks(event: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What an event says beyond the fields known here, and beyond what goes without saying."""
    more = {name: event[name] for name in sorted(set(event) - KNOWN) if event[name] not in (None, "", [], {}, False)}
    if more.get("printed_score") == event.get("score"):
        more.pop("printed_score", None)
    if isinstance(trial := more.get("trial"), dict) and trial.get("outcome") is None:
        del more["trial"]  # there was none
    return tuple((plain(name.replace("_", " "), 40), plain(words_of(value), 200)) for name, value in more.items())


def _failure(event: Mapping[str, Any]) -> str:
    known = {"outcome": "not said", "submission_valid": None, "score": None}
    return failure({**known, **event})


def _parents(event: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(parent) for parent in (event.get("parents") or ())[:MOST_PARENTS])


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _whole(value: object) -> int:
    return int(_number(value) or 0)
