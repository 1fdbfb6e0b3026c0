"""What there is in the results folder, kept in memory and up to date: groups, and a row for each of their runs.

A group may have 5,000 runs and a run a journal of megabytes, so nothing waits until all is read: a thread reads what
is new, the groups that somebody looks at first, and a page shows what is known so far and says how much that is. What
a row holds is `aggregate`'s. Whether a run changed is asked of its folder's time stamp, and of a journal only while it
may grow.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.errors import UserError
from harness.results.layout import GroupFolder, Results, RunFolder, RunRecord, is_name
from harness.results.record import RunStatus, TreeRecord
from harness.results.row import Row
from harness.results.rows import row, tree_of
from harness.runs.lost import as_it_stands
from harness.view.tail import Tail

PAUSE_SECONDS = 1.0
SLICE_SECONDS = 0.01  # of reading, before requests get a turn
WATCHED_SECONDS = 60.0  # for so long after somebody looked at a group, all of its folders are looked at


@dataclass
class Entry:
    """One run: its row, or why there is none. `row` and `problem` are both None until it was read."""

    name: str
    row: Row | None = None
    problem: str | None = None
    stamp: int = -1
    absent: bool = False
    may_grow: bool = True
    tail: Tail | None = None
    nodes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_read(self) -> bool:
        return self.row is not None or self.problem is not None


class Group:
    """One group's runs. Several threads may use it."""

    def __init__(self, folder: GroupFolder) -> None:
        self.folder = folder
        self.version = 0  # grows with every change
        self.changed_at = 0.0
        self.looked_at = float("-inf")
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._due: dict[str, int] = {}
        self._scanned = False
        self._stamp = -1

    @property
    def name(self) -> str:
        return self.folder.name

    def entries(self) -> list[Entry]:
        """Every run that has a record, read or not, by folder name."""
        if not self._scanned:
            self.scan()
        found = self._present()
        if not found:  # a folder whose first run is just being made
            self.scan()
            self.read()
            found = self._present()
        return found

    def _present(self) -> list[Entry]:
        return [entry for entry in list(self._entries.values()) if not entry.absent]

    def scan(self) -> None:
        """Find runs that came, went or changed: they are due to be read."""
        try:
            self._stamp = self.folder.path.stat().st_mtime_ns
            with os.scandir(self.folder.path) as found:
                stamps = {one.name: one.stat().st_mtime_ns for one in found if is_name(one.name) and one.is_dir()}
        except OSError:
            stamps = {}
        with self._lock:
            if stamps.keys() != self._entries.keys():
                names = sorted(stamps, key=_natural)
                self._entries = {name: self._entries.get(name) or self._new(name) for name in names}
                self.version += 1
            kept = self._entries
            self._due = {
                name: stamp
                for name, stamp in stamps.items()
                if (entry := kept[name]).stamp != stamp or (entry.may_grow and not entry.absent)
            }
            self.changed_at = max([*stamps.values(), 0]) / 1e9
            self._scanned = True

    @property
    def may_change(self) -> bool:
        """Whether runs may have come, gone or gone on since the last scan; a grade given later is not seen by this."""
        try:
            stamp = self.folder.path.stat().st_mtime_ns
        except OSError:
            return True
        grows = any(entry.may_grow and not entry.absent for entry in list(self._entries.values()))
        return grows or bool(self._due) or stamp != self._stamp

    def read(self, names: Iterable[str] | None = None, until: float | None = None) -> bool:
        """Read what is due, or these runs of it, until a time of `time.thread_time`; tell whether that was all."""
        for name in list(self._due) if names is None else names:
            if until is not None and time.thread_time() > until:
                return False
            stamp = self._due.pop(name, None)
            if stamp is not None:
                self._read(name, stamp)
        return True

    def _new(self, name: str) -> Entry:
        return Entry(name, absent=not self.folder.run(name).record_file.is_file())

    def _read(self, name: str, stamp: int) -> None:
        with self._lock:
            entry = self._entries.get(name)
            if entry is None or (entry.stamp == stamp and entry.tail is not None and not entry.tail.is_behind):
                if entry is not None:
                    self._recheck(entry)
                return
            entry.stamp = stamp
            _fill(entry, self.folder.run(name))
            self.version += 1

    def _recheck(self, entry: Entry) -> None:
        """A record that says running may be of a process that is gone by now."""
        if entry.row is not None and entry.row.status is RunStatus.RUNNING:
            _fill(entry, self.folder.run(entry.name))
            self.version += entry.row.status is not RunStatus.RUNNING


def _fill(entry: Entry, folder: RunFolder) -> None:
    """Read a run into its entry. A record or a grade that can't be read is that run's problem, and nobody else's."""
    entry.absent = not folder.record_file.is_file()
    if entry.absent:
        return
    try:
        record = folder.read()
        if record is None:
            return
        record = as_it_stands(record)
        entry.row, entry.problem = row(folder, record, _tree(entry, folder, record)), None
        entry.may_grow = record.status in (RunStatus.RUNNING, RunStatus.QUEUED)
    except (UserError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        entry.row, entry.problem, entry.may_grow = None, str(error) or type(error).__name__, False
    if not entry.may_grow:
        entry.nodes = []
        entry.tail = None


def _tree(entry: Entry, folder: RunFolder, record: RunRecord) -> TreeRecord | None:
    """What a journal adds up to that the record does not say: of a run that is not over, or is of an older version."""
    if record.tree is not None:
        return None
    if entry.tail is None or entry.tail.replaced:
        entry.tail, entry.nodes = Tail(folder.journal), []
    entry.nodes += _nodes(entry.tail)
    return tree_of(entry.nodes, record.request.competition.direction)


def _nodes(tail: Tail) -> Iterator[dict[str, Any]]:
    """What a row needs of each node."""
    for line in tail.read():
        event = line.value.get("event")
        if isinstance(event, dict) and event.get("type") == "node":
            needed = {name: event.get(name) for name in ("score", "buggy")}
            yield {"type": "node", "seconds": event.get("seconds") or {}, **needed}


class Index:
    """Every group. `start` has a thread keep it up to date; without, it is read when asked."""

    def __init__(self, results: Results, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.results = results
        self._clock = clock
        self._groups: dict[str, Group] = {}
        self._lock = threading.Lock()
        self._asked = threading.Event()
        self._closed = False
        self._answering = 0
        self._thread = threading.Thread(target=self._run, name="podium-view-index", daemon=True)

    def start(self) -> None:
        """Keep what somebody looks at up to date, in a thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._closed = True
        self._asked.set()
        if self._thread.is_alive():
            self._thread.join()

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """While a request is answered, the thread does not compete with it for the interpreter."""
        with self._lock:
            self._answering += 1
        try:
            yield
        finally:
            with self._lock:
                self._answering -= 1

    def groups(self) -> list[Group]:
        """Every group that has a run, the latest changed first."""
        self._find()
        self._asked.set()
        found = [group for group in list(self._groups.values()) if group.entries()]
        return sorted(found, key=lambda group: (-group.changed_at, group.name))

    def group(self, name: str) -> Group | None:
        """A group; None when there is none."""
        if not is_name(name):
            return None
        if name not in self._groups:
            self._find()
        group = self._groups.get(name)
        if group is None or not group.entries():
            return None
        group.looked_at = self._clock()
        self._asked.set()
        return group

    def read_all(self, group: Group) -> None:
        """Read all of a group now, however long that takes."""
        group.scan()
        group.read()

    def _find(self) -> None:
        root = self.results.root
        names = [entry.name for entry in os.scandir(root) if entry.is_dir()] if root.is_dir() else []
        with self._lock:
            known = {name: self._groups.get(name) or Group(GroupFolder(root / name)) for name in names if is_name(name)}
            self._groups = known

    def _run(self) -> None:
        while not self._closed:
            self._asked.wait()
            self._asked.clear()
            self._look_after()
            time.sleep(0 if self._closed else PAUSE_SECONDS)

    def _look_after(self) -> None:
        """One round: groups that are looked at whole; of others what was never read, or may still grow."""
        self._find()
        latest = sorted(self._groups.values(), key=lambda group: -group.looked_at)
        for group in latest:
            watched = self._clock() - group.looked_at < WATCHED_SECONDS
            if not watched and not group.may_change:
                continue
            group.scan()
            while not self._closed and not group.read(until=time.thread_time() + SLICE_SECONDS):
                self._give_way()

    def _give_way(self) -> None:
        """Let requests that are being answered come first, but not for ever."""
        time.sleep(SLICE_SECONDS / 2)
        for _ in range(100):
            if not self._answering or self._closed:
                return
            time.sleep(SLICE_SECONDS / 2)


def _natural(name: str) -> tuple[object, ...]:
    """Names in the order people count: seed 2 before seed 10."""
    return tuple(int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name))


def run_folder(results: Results, group: str, run: str, attempt: int | None) -> RunFolder | None:
    """A run's folder, or that of an earlier attempt; None when there is none. Names can't lead anywhere else."""
    if not (is_name(group) and is_name(run)):
        return None
    folder = results.group(group).run(run)
    folder = folder if attempt is None else folder.attempt(attempt)
    return folder if folder.record_file.is_file() else None
