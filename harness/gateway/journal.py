"""journal.jsonl: what the agent reports, validated, capped and on the disk before it is acknowledged.

The events come from the container, so nothing in them is believed beyond their shape: node ids are checked before they
become folder names, and the caps bound what a run can make the host keep.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.contract import EVENT, SCHEMA_VERSION, Event, NodeEvent
from harness.errors import InvalidSpec
from harness.gateway.lines import JsonLines, read_lines

NAME = "journal.jsonl"
_MIB = 1024 * 1024


@dataclass(frozen=True)
class EventCaps:
    """How much a run may report."""

    event_bytes: int = 4 * _MIB
    events: int = 20_000
    run_bytes: int = 1024 * _MIB


class StoredEvent(BaseModel):
    """One line of journal.jsonl; `received_at` is UTC, ISO 8601.

    `elapsed_seconds` is the run's time then, with that of the attempts that it went on from: no change of the clock
    moves it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    sequence: int
    received_at: str
    elapsed_seconds: float | None = None
    event: Event


class EventRefused(Exception):
    """An event is not taken; `status` is HTTP's word for why, `trespass` the kind of bound that it broke, if any."""

    def __init__(
        self, status: int, message: str, trespass: Literal["event", "path", "flood", "endpoint"] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.trespass = trespass


class JournalWriter:
    """Appends events and keeps each node's code and output as files. May be called from several threads."""

    def __init__(self, run_folder: Path, caps: EventCaps, elapsed: Callable[[], float] | None = None) -> None:
        self._folder = run_folder
        self._caps = caps
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._lines = JsonLines(run_folder / NAME, durable=True)
        known = read_journal(run_folder / NAME)
        self._count = len(known)
        self._nodes = {stored.event.node for stored in known if isinstance(stored.event, NodeEvent)}

    def append(self, body: bytes) -> list[StoredEvent]:
        """Take one event, or several as JSON lines: all of them or, with EventRefused, none."""
        events = [self._parse(line) for line in body.split(b"\n") if line.strip()]
        if not events:
            raise EventRefused(400, "no event in the body: send one event as JSON, or several as JSON lines")
        with self._lock:
            self._refuse_beyond_caps(len(events), len(body))
            self._refuse_known_nodes(events)
            return [self._store(event) for event in events]

    def close(self) -> None:
        self._lines.close()

    def _parse(self, line: bytes) -> Event:
        if len(line) > self._caps.event_bytes:
            raise EventRefused(
                413, f"an event of {len(line)} bytes; at most {self._caps.event_bytes} are taken", "flood"
            )
        try:
            return EVENT.validate_json(line)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            raise EventRefused(400, f"not an event: {field or 'body'}: {first['msg']}", "event") from error

    def _refuse_beyond_caps(self, events: int, size_bytes: int) -> None:
        if self._count + events > self._caps.events:
            raise EventRefused(413, f"a run reports at most {self._caps.events} events", "flood")
        if self._lines.size_bytes + size_bytes > self._caps.run_bytes:
            raise EventRefused(413, f"a run reports at most {self._caps.run_bytes} bytes of events", "flood")

    def _refuse_known_nodes(self, events: Iterable[Event]) -> None:
        seen = set(self._nodes)
        for event in events:
            if isinstance(event, NodeEvent):
                if event.node in seen:
                    raise EventRefused(409, f"node {event.node} was reported before; a node is reported once", "event")
                seen.add(event.node)

    def _store(self, event: Event) -> StoredEvent:
        stored = StoredEvent(
            sequence=self._count + 1,
            received_at=datetime.now(UTC).isoformat(),
            elapsed_seconds=round(self._elapsed(), 3) if self._elapsed else None,
            event=event,
        )
        if isinstance(event, NodeEvent):
            self._keep_files(event)
        self._lines.append(stored.model_dump_json().encode())
        self._count += 1
        if isinstance(event, NodeEvent):
            self._nodes.add(event.node)
        return stored

    def _keep_files(self, event: NodeEvent) -> None:
        """Write the node's files for people to open; the journal's line holds the same, so they need no flush."""
        folder = node_folder(self._folder, event.node)
        (folder / "solution.py").write_text(event.code, encoding="utf-8")
        (folder / "output.txt").write_text(event.output, encoding="utf-8")


def node_folder(run_folder: Path, node: str) -> Path:
    """The folder of a node whose id has been validated, made if need be."""
    folder = run_folder / "nodes" / node
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def read_journal(path: Path) -> list[StoredEvent]:
    """Read a journal back; a torn last line is left out, any other bad line raises InvalidSpec."""
    stored = []
    for number, line in read_lines(path):
        try:
            stored.append(StoredEvent.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise InvalidSpec(f"{path}, line {number} is not a journal event: {field}: {first['msg']}.") from error
    return stored
