"""held.json: the most that calls in flight can cost, so that a run that was killed has no unknown bill.

Rewritten in place before a call leaves and after it ended, without waiting for the disk: it outlives its process, not
the machine. It says nothing once a run has ended in order, and is removed then.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

NAME = "held.json"
_BYTES = 120  # always as many, so that one write replaces all of it


class Held(BaseModel):
    """What calls in flight can use at most."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    cost_usd: float = 0.0
    tokens: int = 0


class HeldFile:
    """Writes it. A disk that can't be written is the transcript's to complain of."""

    def __init__(self, run_folder: Path) -> None:
        self._path = run_folder / NAME
        self._base = (0.0, 0)
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def go_on(self, cost_usd: float, tokens: int) -> None:
        """Say what an attempt that was killed may have cost beyond its transcript, which stays unknown."""
        self._base = (cost_usd, tokens)
        self.note(0.0, 0)

    def note(self, cost_usd: float, tokens: int) -> None:
        """Say what is in flight now."""
        with contextlib.suppress(OSError):
            usd, more = self._base
            text = f'{{"schema_version": 1, "cost_usd": {usd + cost_usd:.9f}, "tokens": {more + tokens}}}'
            os.pwrite(self._descriptor, text.ljust(_BYTES).encode(), 0)

    def close(self) -> None:
        """All calls are settled."""
        os.close(self._descriptor)
        self._path.unlink(missing_ok=True)


def read_held(run_folder: Path) -> Held:
    """What was in flight when the run's process ended; nothing where it ended in order."""
    try:
        return Held.model_validate_json((run_folder / NAME).read_bytes())
    except (FileNotFoundError, ValidationError):
        return Held()
