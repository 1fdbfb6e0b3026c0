"""Find a prompt set and name its content. A prompt set is a folder of Markdown templates; the agent renders them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError


@dataclass(frozen=True)
class PromptSet:
    """A folder of templates, mounted read-only into the sandbox; `sha256` is over names and bytes."""

    name: str
    folder: Path
    sha256: str


def find(name_or_folder: str, shipped: Path) -> PromptSet:
    """One of the shipped sets by name, or any folder; raise `UserError` with what there is."""
    folder = Path(name_or_folder) if "/" in name_or_folder else shipped / name_or_folder
    templates = sorted(folder.glob("*.md")) if folder.is_dir() else []
    if not templates:
        known = ", ".join(sorted(path.name for path in shipped.iterdir() if any(path.glob("*.md"))))
        raise UserError(
            f"no prompt set {name_or_folder!r}: {folder} holds no *.md. "
            f"There are: {known}; or give a folder: --prompts ./mine"
        )
    digest = hashlib.sha256()
    for path in templates:
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return PromptSet(name=folder.resolve().name, folder=folder.resolve(), sha256=digest.hexdigest())
