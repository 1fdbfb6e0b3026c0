"""Structured logs: one line of JSON an event, to a file or to standard error.

Each line has `time` (ISO 8601, UTC), `level`, `event`, and where it is about a run `group`, `run`, `attempt`; then the
event's own fields. A line is written at once and whole, so several commands may share a file, and a kill cuts none in
the middle. A log that can't be written to any more is given up: it is never worth a run.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from harness.errors import UserError
from harness.watch.events import LEVELS, Happening, Level

STANDARD_ERROR = "-"
LONGEST_TEXT = 2000


class JsonLog:
    """Follows the `Watcher` protocol. Open from its making to the end of its context."""

    def __init__(
        self, descriptor: int, *, least: Level = "info", owned: bool = False, now: Callable[[], datetime] | None = None
    ) -> None:
        self._descriptor: int | None = descriptor
        self._least = LEVELS.index(least)
        self._owned = owned
        self._now = now or (lambda: datetime.now(UTC))
        self._lock = threading.Lock()

    def __enter__(self) -> JsonLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if self._owned and self._descriptor is not None:
                os.close(self._descriptor)
            self._descriptor = None

    def note(self, happening: Happening) -> None:
        """Write its line, where it is loud enough."""
        if LEVELS.index(happening.level) >= self._least:
            self._write(line(happening, self._now()))

    def _write(self, text: bytes) -> None:
        with self._lock:
            if self._descriptor is None:
                return
            try:
                os.write(self._descriptor, text)
            except OSError:
                self._descriptor = None


def open_log(target: str, *, least: Level = "info") -> JsonLog:
    """Open a log: `-` is standard error, anything else a file that is added to. Raise `UserError` where it can't be."""
    if target == STANDARD_ERROR:
        return JsonLog(sys.stderr.fileno(), least=least)
    file = Path(target).expanduser()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise UserError(f"--log {target}: {error.strerror}. Name a file in a folder of yours, or - for here") from error
    return JsonLog(descriptor, least=least, owned=True)


def line(happening: Happening, now: datetime) -> bytes:
    """One event as a line of JSON."""
    head: dict[str, Any] = {
        "time": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": happening.level,
        "event": happening.event,
    }
    if happening.subject is not None:
        head |= dataclasses.asdict(happening.subject)
    own = {
        field.name: _bounded(getattr(happening, field.name))
        for field in dataclasses.fields(happening)
        if field.name != "subject"
    }
    return orjson.dumps(head | own, default=_plain, option=orjson.OPT_APPEND_NEWLINE)


def _bounded(value: object) -> object:
    if isinstance(value, str):
        # Half characters, as a journal may hold, are no UTF-8.
        return value[:LONGEST_TEXT].encode("utf-8", "replace").decode()
    return value


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json", exclude_none=True)
