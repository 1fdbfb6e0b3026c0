"""A run's model calls as its transcript tells them, light enough to be kept, and which node each was made for.

A call whose label names a node is that node's. One without (an older run, a foreign agent) belongs to the node that
was being made when it was sent; where several were (workers), to the one whose code it holds, else to all of them,
which the page says.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.report.series import plain
from harness.view.tail import Line, Span, Tail, bytes_at
from harness.view.tree import Tree, TreeNode

LONGEST_LINE = 400  # characters of a line of code that a call is recognised by


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One model call. None: the provider did not say, or the price is not known."""

    number: int
    at: float
    started_at: str
    provider: str
    model: str
    api: str
    outcome: str
    status: int
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    latency_seconds: float
    waiting_seconds: float
    label: str
    error: str
    span: Span


@dataclass
class Calls:
    """Every call so far, as they ended."""

    lines: list[Call] = field(default_factory=list)

    def grow(self, tail: Tail, until: float | None = None) -> None:
        """Take what is new in the transcript."""
        for line in tail.read(until):
            self.lines.append(_call(line))

    def by_number(self, number: int) -> Call | None:
        """A call by the number that the transcript gives it."""
        guess = self.lines[number - 1] if 0 < number <= len(self.lines) else None
        if guess is not None and guess.number == number:
            return guess
        return next((call for call in self.lines if call.number == number), None)

    @property
    def cost_usd(self) -> float:
        """What all of them cost, as far as that is known."""
        return sum(call.cost_usd or 0.0 for call in self.lines)


@dataclass(frozen=True)
class Made:
    """A call that was made for a node; `shared`: perhaps for another one that was being made at the same time."""

    call: Call
    shared: bool


def made_for(node: TreeNode, tree: Tree, calls: Sequence[Call], transcript: Tail, code: str) -> list[Made]:
    """The calls of a node, in order."""
    labelled = [Made(call, shared=False) for call in calls if call.label.partition("/")[0] == node.id]
    begin, end = _time(node.proposed_at), _time(node.ended_at)
    if begin is None or labelled:
        return labelled
    within = [call for call in calls if not call.label and begin <= call.at and (end is None or call.at <= end)]
    others = [other for other in tree.nodes.values() if other.id != node.id and _overlaps(other, begin, end)]
    found = []
    for call in within:
        rivals = [other for other in others if _covers(other, call.at)]
        if not rivals:
            found.append(Made(call, shared=False))
        elif (mine := _holds(transcript, call, code)) is not None:
            found += [Made(call, shared=False)] if mine else []
        else:
            found.append(Made(call, shared=True))
    return found


def _holds(transcript: Tail, call: Call, code: str) -> bool | None:
    """Whether a call holds a node's code; None when the node has none to be told by."""
    longest = max(code.splitlines(), key=len, default="").strip()[:LONGEST_LINE]
    if len(longest) < 12:
        return None
    text = bytes_at(transcript.path, call.span)
    return any(needle in text for needle in as_written(longest))


def as_written(text: str) -> set[bytes]:
    """A text as a JSON file may hold it."""
    return {json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode("utf-8", "replace") for ascii_only in (True, False)}


def _overlaps(node: TreeNode, begin: float, end: float | None) -> bool:
    start, stop = _time(node.proposed_at), _time(node.ended_at)
    return start is not None and (end is None or start <= end) and (stop is None or stop >= begin)


def _covers(node: TreeNode, at: float) -> bool:
    start, stop = _time(node.proposed_at), _time(node.ended_at)
    return start is not None and start <= at and (stop is None or at <= stop)


def _time(text: str | None) -> float | None:
    try:
        return datetime.datetime.fromisoformat(text).timestamp() if text else None
    except ValueError:
        return None


def _call(line: Line) -> Call:
    value = line.value
    usage: Mapping[str, Any] = value.get("usage") or {}
    started = str(value.get("started_at") or "")
    return Call(
        number=int(value.get("sequence") or 0),
        at=_time(started) or 0.0,
        started_at=started,
        provider=plain(str(value.get("provider") or ""), 60),
        model=plain(str(value.get("model") or ""), 120),
        api=plain(str(value.get("api") or ""), 40),
        outcome=plain(str(value.get("outcome") or ""), 40),
        status=int(value.get("status") or 0),
        input_tokens=usage.get("input"),
        cached_tokens=usage.get("cached_input"),
        output_tokens=usage.get("output"),
        cost_usd=value.get("cost_usd"),
        latency_seconds=float(value.get("latency_seconds") or 0.0),
        waiting_seconds=float(value.get("waiting_seconds") or 0.0),
        label=plain(str(value.get("label") or ""), 80),
        error=plain(str(value.get("error") or "")),
        span=line.span,
    )
