"""`egress.jsonl`: a line a connection that was asked for: where to, how it went, how many bytes; no path, no header.

What a box asks for is its own word, so a line is short, and there are only so many of them; all are counted.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Literal

from harness.untrusted import one_line

NAME = "egress.jsonl"
MOST_LINES = 20_000
_LONGEST = 260

Outcome = Literal["passed", "refused", "unreachable", "cut"]


@dataclass
class Entry:
    """One connection. Bytes are those behind the proxy: `up` towards the host."""

    kind: Literal["tunnel", "http", "none"] = "none"
    host: str = ""
    port: int = 0
    method: str = ""
    address: str | None = None
    outcome: Outcome = "refused"
    reason: str | None = None
    bytes_up: int = 0
    bytes_down: int = 0
    seconds: float = 0.0


@dataclass
class Totals:
    """What a run's connections add up to."""

    connections: int = 0
    passed: int = 0
    refused: int = 0
    bytes_up: int = 0
    bytes_down: int = 0


class EgressLog:
    """Appends lines; used from one event loop. Raises `OSError` where the disk is full."""

    def __init__(self, path: Path) -> None:
        self.totals = Totals()
        self._lines = 0
        self._file: IO[str] = path.open("a", encoding="utf-8")

    def write(self, entry: Entry) -> None:
        """Count a connection that has ended, and write it down."""
        totals = self.totals
        totals.connections += 1
        totals.passed += entry.outcome in ("passed", "cut")
        totals.refused += entry.outcome == "refused"
        totals.bytes_up += entry.bytes_up
        totals.bytes_down += entry.bytes_down
        self._lines += 1
        if self._lines > MOST_LINES:
            return
        words = {"host": one_line(entry.host, _LONGEST), "reason": entry.reason and one_line(entry.reason)}
        at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        line = {"schema_version": 1, "sequence": totals.connections, "at": at, **asdict(entry), **words}
        self._file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
