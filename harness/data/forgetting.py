"""Taking away what `podium solve` made of a folder of data: its competition and what was prepared of it.

Only those are ours to remove: a competition that ships or that somebody wrote stays, and so do all results.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.data_in_use import replaceable
from harness.errors import UserError
from harness.locks import locked
from harness.specs import catalogue, competition

if TYPE_CHECKING:
    from harness.config import Settings


@dataclass(frozen=True)
class Solved:
    """A competition that `podium solve` made."""

    id: str
    spec: Path
    data: tuple[Path, ...]  # what was prepared of it, each edition
    bytes: int


def find(settings: Settings, ids: Sequence[str]) -> list[Solved]:
    """Those of these names, or all; raise `UserError` for one that `podium solve` did not make."""
    made = settings.home / catalogue.SOLVED
    there = competition.ids(made) if made.is_dir() else []
    for id in ids:
        if id not in there:
            known = ", ".join(there) or "none"
            raise UserError(f"{id}: podium solve made no such competition, so it stays. There are: {known}")
    return [_described(settings, made, id) for id in there if not ids or id in ids]


def forget(settings: Settings, one: Solved) -> None:
    """Remove the competition and its data; raise `UserError` while a run uses them."""
    for folder in one.data:
        with locked(settings.data, folder.name), replaceable(folder):
            shutil.rmtree(folder)
    shutil.rmtree(one.spec)


def _described(settings: Settings, made: Path, id: str) -> Solved:
    data = tuple(path for path in [settings.data / id, *sorted(settings.data.glob(f"{id}@*"))] if path.is_dir())
    folders = [made / id, *data]
    size = sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())
    return Solved(id, made / id, data, size)
