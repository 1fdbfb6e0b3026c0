"""In which order proposals are made and nodes come in: as it happens, or as it happened in a recorded run.

With several workers the order hangs on how long models and scripts took, and with it what each proposal knew. A replay
that keeps the recorded order grows the same tree, whoever is faster now. Where it can't be kept, things go on as they
come: it never makes a run wait for what won't happen.
"""

from __future__ import annotations

import dataclasses
import json
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from agent.search.base import Progress


@dataclass(frozen=True)
class Entry:
    """A proposal that was made, or a node that came in, of a recorded run."""

    kind: Literal["proposal", "node"]
    node: str
    step: int
    elapsed_fraction: float = 0.0
    spent_fraction: float = 0.0
    duplicate_of: str | None = None


class Order(Protocol):
    """What the loop asks before it proposes or takes a node in. `flying` are the nodes that are being worked on."""

    def next_step(self, steps: Sequence[int], flying: Collection[str]) -> int | None:
        """Return which of these steps is proposed now; None when a node has to come in before."""
        ...

    def may_come_in(self, node: str, flying: Collection[str]) -> bool:
        """Is it this node's turn?"""
        ...

    def progress(self, node: str, progress: Progress) -> Progress:
        """Return what the policy is told of limits for this proposal."""
        ...

    def happened(self, kind: Literal["proposal", "node"], node: str) -> None:
        """Take note that it was proposed, or came in."""
        ...


class AsItComes:
    """The order of a run that is no replay."""

    def next_step(self, steps: Sequence[int], flying: Collection[str]) -> int | None:
        """See `Order.next_step`."""
        return steps[0]

    def may_come_in(self, node: str, flying: Collection[str]) -> bool:
        """See `Order.may_come_in`."""
        return True

    def progress(self, node: str, progress: Progress) -> Progress:
        """See `Order.progress`."""
        return progress

    def happened(self, kind: Literal["proposal", "node"], node: str) -> None:
        """Take note of nothing."""


class Recorded:
    """The order of a recorded run."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._left = deque(entries)
        self._progress = {entry.node: entry for entry in self._left if entry.kind == "proposal"}

    def next_step(self, steps: Sequence[int], flying: Collection[str]) -> int | None:
        """See `Order.next_step`; a proposal that can't be made (again) is passed over."""
        while (head := self._head(flying)) is not None and head.kind == "proposal" and head.step not in steps:
            self._left.popleft()
        if head is None:
            return steps[0]
        return head.step if head.kind == "proposal" else None

    def may_come_in(self, node: str, flying: Collection[str]) -> bool:
        """See `Order.may_come_in`; who is at work when all workers are was not at work then, and may end."""
        head = self._head(flying)
        return head is None or head.kind == "proposal" or head.node == node

    def progress(self, node: str, progress: Progress) -> Progress:
        """See `Order.progress`: what was told then."""
        then = self._progress.get(node)
        if then is None:
            return progress
        return dataclasses.replace(progress, elapsed_fraction=then.elapsed_fraction, spent_fraction=then.spent_fraction)

    def happened(self, kind: Literal["proposal", "node"], node: str) -> None:
        """See `Order.happened`."""
        for entry in self._left:
            if (entry.kind, entry.node) == (kind, node):
                self._left.remove(entry)
                return

    def _head(self, flying: Collection[str]) -> Entry | None:
        """Return what comes next, without nodes that nobody works on."""
        while self._left and self._left[0].kind == "node" and self._left[0].node not in flying:
            self._left.popleft()
        return self._left[0] if self._left else None


def read(path: Path) -> list[Entry]:
    """Read what the harness laid out; nothing where it is no replay."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as lines:
        return [Entry(**json.loads(line)) for line in lines]
