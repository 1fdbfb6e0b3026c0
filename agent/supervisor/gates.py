"""Checks at the start that the walls stand: owners and modes of the folders that keep the parts apart.

Some engine versions lose a folder's mode when they mount below it, and a gate that is open would be noticed by nobody.
Nothing is repaired here: the supervisor refuses to start, and the line says what was found and what belongs there.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from agent.supervisor.places import AGENT, Ground


class OpenGate(Exception):
    """A folder has not the owner or mode that the box relies on."""


def check(ground: Ground) -> None:
    """Raise `OpenGate` for the first folder that is not as the image lays it out."""
    _expect(ground.home, 0, None, {0o755})
    _expect(ground.home / "slots", 0, None, {0o755, 0o711})
    _expect(ground.home / "agent", AGENT.uid, AGENT.uid, {0o700})
    _expect(ground.sample, AGENT.uid, AGENT.uid, {0o755})
    _expect(ground.agent_gate, 0, AGENT.uid, {0o710, 0o750})
    for number in range(ground.slots):
        slot = ground.slot(number)
        _expect(slot.gate, 0, slot.identity.uid, {0o710})


def _expect(path: Path, uid: int, gid: int | None, modes: set[int]) -> None:
    try:
        status = os.lstat(path)
    except OSError as error:
        raise OpenGate(f"{path}: {error.strerror}. Rebuild the image: make image") from None
    mode = stat.S_IMODE(status.st_mode)
    right = stat.S_ISDIR(status.st_mode) and status.st_uid == uid and gid in (None, status.st_gid) and mode in modes
    if not right:
        expected = f"a folder of {uid}:{'any' if gid is None else gid} with mode {' or '.join(map(oct, sorted(modes)))}"
        raise OpenGate(f"{path} belongs to {status.st_uid}:{status.st_gid} with mode {mode:#o}; expected {expected}")
