"""Which program of the run was run by which node, so that none is run a second time.

Two texts are the same program when they parse alike: layout and comments don't matter. Whoever comes with a program
that is being run elsewhere waits for that outcome. An outcome that says more of the moment than of the program (it was
not run, or something killed it) is not passed on.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import threading
import warnings
from collections.abc import Iterable, Mapping

from agent.contract import NodeEvent
from agent.excerpt import excerpt

PASSING = ("not_run", "killed")


class Programs:
    """Used by many threads.

    `expected` says of nodes of a recorded run whose outcome each took (None: it ran its own), so that a replay, where
    others come first, still runs the same.
    """

    def __init__(self, earlier: Iterable[NodeEvent] = (), expected: Mapping[str, str | None] | None = None) -> None:
        self._changed = threading.Condition()
        self._events: dict[str, NodeEvent] = {}
        self._runs_at: dict[str, str] = {}  # program → the node that has run it, or is about to
        self._since: dict[str, int] = {}  # program → how many outcomes there were when it had one
        self._without: set[str] = set()  # nodes that won't have an outcome to pass on
        self._expected = expected or {}
        for event in earlier:
            self.record(event)

    @property
    def count(self) -> int:
        """How many programs have an outcome."""
        return len(self._since)

    def known(self, code: str, among: int) -> NodeEvent | None:
        """Return the outcome of a program, if it was there when there were `among` of them."""
        key = key_of(code)
        with self._changed:
            if self._since.get(key, among) >= among:
                return None
            return self._events[self._runs_at[key]]

    def claim(self, code: str, node: str) -> NodeEvent | None:
        """Return the outcome of the same program, waiting where it is being run; None: run it, then `record` it."""
        key = key_of(code)
        with self._changed:
            while True:
                first = self._first(key, node)
                if first == node:
                    self._runs_at.setdefault(key, node)
                    return None
                if first in self._events:
                    return self._events[first]
                self._changed.wait()

    def _first(self, key: str, node: str) -> str:
        """Return whose run of the program counts for this node."""
        if node in self._expected:
            original = self._expected[node]
            if original is None:
                return node
            if original not in self._without:
                return original
        return self._runs_at.get(key, node)

    def record(self, event: NodeEvent) -> None:
        """Take in a node; of its output only an excerpt is kept."""
        if event.duplicate_of is not None or not event.code:
            return
        key = key_of(event.code)
        with self._changed:
            if event.outcome in PASSING:
                self._forget(key, event.node)
            else:
                self._events[event.node] = dataclasses.replace(event, output=excerpt(event.output))
                self._runs_at.setdefault(key, event.node)
                self._since.setdefault(key, len(self._since))
            self._changed.notify_all()

    def give_up(self, code: str, node: str) -> None:
        """Let another run what this node won't."""
        with self._changed:
            self._forget(key_of(code), node)
            self._changed.notify_all()

    def _forget(self, key: str, node: str) -> None:
        self._without.add(node)
        if self._runs_at.get(key) == node:
            del self._runs_at[key]


def copied(event: NodeEvent, original: NodeEvent) -> NodeEvent:
    """Return a node with the outcome of the node that ran the same program."""
    return dataclasses.replace(
        original,
        node=event.node,
        step=event.step,
        action=event.action,
        parents=event.parents,
        plan=event.plan,
        code=event.code,
        seconds=event.seconds,
        tokens=event.tokens,
        duplicate_of=original.node,
    )


def key_of(code: str) -> str:
    """Name a program by how it parses; by its text where it does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = ast.dump(ast.parse(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        text = code
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
