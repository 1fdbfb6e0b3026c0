"""Puts raw media files where prepared data want them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path


def place(pairs: Iterable[tuple[Path, Path]]) -> int:
    """Put each source file at its target, folders made as needed; return how many. A missing source is a ValueError."""
    made: set[Path] = set()
    count = 0
    for source, target in pairs:
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        try:
            shutil.copyfile(source, target)
        except FileNotFoundError as error:
            raise ValueError(f"the raw data lack {source.name}, which a table names") from error
        count += 1
    return count
