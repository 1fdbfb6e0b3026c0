"""Count the kernel's out-of-memory kills in a container.

The engine's own `OOMKilled` is false when the kill hit a child, so the counter of the container's cgroup is read while
it runs (local engines), and the engine's `oom` events at the end (any engine; it keeps only the last few hundred).
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.sandbox.cgroup import control_group
from harness.sandbox.events import events
from harness.sandbox.failure import engine_errors


class OomCounter:
    """Sample during the run, then read `total`."""

    def __init__(self, container: Any) -> None:
        self._container = container
        self._since = int(time.time()) - 1
        self._file: Path | None = None
        self._sampled = 0

    def __enter__(self) -> OomCounter:
        if not self._pid():  # nobody has asked since it was started
            with engine_errors():
                self._container.reload()
        group = control_group(self._pid(), self._container.id)
        self._file = group.oom_file if group is not None else None
        self.sample()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def _pid(self) -> int:
        return int(self._container.attrs["State"].get("Pid") or 0)

    def sample(self) -> None:
        """Read the cgroup's counter; the file is gone once the container has ended."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._sampled = max(self._sampled, parse_counter(self._file.read_text()))

    def total(self) -> int:
        """Kills seen by either source."""
        return max(self._sampled, len(events(self._container, self._since, "oom")))


def parse_counter(text: str) -> int:
    """The `oom_kill` line of memory.oom_control (v1) or memory.events (v2)."""
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key == "oom_kill":
            return int(value)
    return 0
