"""One run for its pages: record, grade, tree and model calls, read as far as there is time for, and kept while it is
looked at. A run that is attempted again is another one.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import UserError
from harness.results.layout import Results, RunFolder, parsed, read_json
from harness.results.record import RunRecord, RunStatus
from harness.runs.lost import as_it_stands
from harness.view.calls import Call, Calls, Made, as_written, made_for
from harness.view.index import run_folder
from harness.view.tail import Tail, all_bytes_at, bytes_at
from harness.view.tree import Tree, TreeNode

KEPT_RUNS = 48
FIRST_LOOK_SECONDS = 0.05  # what a page waits for a journal or a transcript; the rest comes after it


@dataclass(frozen=True)
class RunName:
    """Which run, and which attempt of it; None is the published one."""

    group: str
    run: str
    attempt: int | None = None

    @property
    def path(self) -> str:
        """Where its pages lie below the site's root, with a closing slash."""
        attempt = "" if self.attempt is None else f"attempts/{self.attempt}/"
        return f"groups/{self.group}/runs/{self.run}/{attempt}"


class OpenRun:
    """A run that is looked at. Several threads may use it."""

    def __init__(self, name: RunName, folder: RunFolder) -> None:
        self.name = name
        self.folder = folder
        self.lock = threading.RLock()
        self.epoch = f"{time.time_ns():x}"  # a page that knows another one starts anew
        self.journal = Tail(folder.journal)
        self.transcript = Tail(folder.transcript)
        self.tree = Tree(maximize=True)
        self.calls = Calls()

    @property
    def replaced(self) -> bool:
        """Whether another attempt has taken its place."""
        return self.journal.replaced or self.transcript.replaced

    def record(self) -> RunRecord | None:
        """The record as it stands; None when it is gone. Raise `UserError` when it can't be read."""
        record = self.folder.read()
        if record is None:
            return None
        self.tree.chosen = record.final.node if record.final is not None else None
        self.tree.maximize = record.request.competition.direction == "maximize"
        return as_it_stands(record)

    def grade(self) -> Mapping[str, Any]:
        """The grade's fields; empty without one."""
        return _object(self.folder.grade_file)

    def node_grades(self) -> Mapping[str, Mapping[str, Any]]:
        """What each node would have scored, by node, where that was asked for."""
        nodes = _object(self.folder.node_grades).get("nodes")
        return {str(node.get("node")): node for node in nodes or () if isinstance(node, dict)}

    def read_journal(self, seconds: float | None = FIRST_LOOK_SECONDS) -> bool:
        """Read what is new; tell whether that was all."""
        with self.lock:
            before = self.journal.offset
            self.tree.grow(self.journal, _until(seconds))
            return self.journal.caught_up(before)

    def read_calls(self, seconds: float | None = FIRST_LOOK_SECONDS) -> bool:
        """Read what is new of the model calls; tell whether that was all."""
        with self.lock:
            before = self.transcript.offset
            self.calls.grow(self.transcript, _until(seconds))
            return self.transcript.caught_up(before)

    def event(self, node: TreeNode) -> dict[str, Any]:
        """A finished node's whole event; empty for one that is not finished."""
        if node.span is None:
            return {}
        event: dict[str, Any] = parsed(bytes_at(self.folder.journal, node.span))["event"]
        return event

    def code(self, node: str) -> str | None:
        """A node's code; None where there is no such node, or not yet."""
        found = self.tree.nodes.get(node)
        return None if found is None or found.span is None else str(self.event(found).get("code") or "")

    def calls_of(self, node: TreeNode, code: str) -> list[Made]:
        """The model calls that were made for a node, of those read so far."""
        with self.lock:
            return made_for(node, self.tree, self.calls.lines, self.transcript, code)

    def whole_call(self, call: Call) -> dict[str, Any]:
        """A call with its request and response."""
        return parsed(bytes_at(self.folder.transcript, call.span))

    def search(self, words: str) -> list[str]:
        """The nodes whose event (plan, code, output, review) holds these words, whatever their case."""
        needles = as_written(words.lower())
        with self.lock:
            spans = {node.id: node.span for node in self.tree.nodes.values() if node.span is not None}
        texts = all_bytes_at(self.folder.journal, spans.values())
        return [name for name, text in zip(spans, texts, strict=True) if any(one in text.lower() for one in needles)]

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        try:
            record = self.record()
        except UserError:
            return True
        return record is None or record.status not in (RunStatus.RUNNING, RunStatus.QUEUED)


class Runs:
    """The runs that were looked at lately."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._open: OrderedDict[RunName, OpenRun] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: RunName) -> OpenRun | None:
        """A run; None when there is none."""
        folder = run_folder(self._results, name.group, name.run, name.attempt)
        if folder is None:
            return None
        with self._lock:
            run = self._open.pop(name, None)
            if run is None or run.replaced:
                run = OpenRun(name, folder)
            self._open[name] = run
            while len(self._open) > KEPT_RUNS:
                self._open.popitem(last=False)
            return run


def _until(seconds: float | None) -> float | None:
    return None if seconds is None else time.thread_time() + seconds


def _object(path: Any) -> Mapping[str, Any]:
    """An object from a file that may be missing or broken."""
    try:
        value = read_json(path)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
