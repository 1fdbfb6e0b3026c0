"""Is another machine's Podium this one? Told by the content of what decides runs, not by a version that says nothing of
edits: a run whose halves are of two minds would be worse than one that is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

DECIDING = ("harness", "agent", "dockerfiles")
LEFT_OUT = ("__pycache__", "prompts")  # a run's prompt set travels with it


def sha256(root: Path) -> str:
    """A hash over the sources below a checkout's root."""
    whole = hashlib.sha256()
    for path in sorted(path for top in DECIDING for path in _sources(root / top)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return whole.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part in LEFT_OUT or part.startswith(".") for part in parts):
            yield path
