"""Find a prompt set, check that it can be one, and name its content. The agent renders it; here it is only read.

A set is read once and each run gets a copy of what was read: an edit in the middle of a group changes nothing of it,
and the box's users can read the copy whatever the modes of the user's own folder are.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError
from harness.files import write_atomically

SETTINGS = "set.toml"


@dataclass(frozen=True)
class PromptSet:
    """A folder of Markdown templates, and its settings, as it was read; `sha256` is over names and bytes."""

    name: str
    sha256: str
    files: Mapping[str, bytes]

    @property
    def settings(self) -> dict[str, object]:
        """What `set.toml` states; nothing where it can't be read, which the agent's check tells."""
        try:
            return tomllib.loads(self.files.get(SETTINGS, b"").decode())
        except (UnicodeDecodeError, tomllib.TOMLDecodeError):
            return {}

    def lay_out(self, folder: Path) -> Path:
        """Write the set into a new folder, readable for every user; return the folder."""
        folder.mkdir()
        folder.chmod(0o755)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o644)
        return folder

    def keep(self, folder: Path) -> None:
        """Keep the set below `folder`, under its hash, so that what a run was told can be read later."""
        for name, content in self.files.items():
            if not (folder / self.sha256 / name).exists():
                write_atomically(folder / self.sha256 / name, content)


NONE = PromptSet("none", "", {})  # of agents that bring their own


def shipped_names(shipped: Path) -> list[str]:
    """The names of the sets that ship."""
    return sorted(path.name for path in shipped.iterdir() if any(path.glob("*.md")))


def folder_of(name_or_folder: str, shipped: Path) -> Path:
    """Where a set lies: a shipped one by its name, any other by its folder."""
    return Path(name_or_folder).expanduser() if "/" in name_or_folder else shipped / name_or_folder


def find(name_or_folder: str, shipped: Path) -> PromptSet:
    """Read one of the shipped sets by name, or any folder; raise `UserError` with what there is where there is none."""
    folder = folder_of(name_or_folder, shipped)
    files = {path.name: path.read_bytes() for path in _files(folder)}
    if not any(name.endswith(".md") for name in files):
        raise UserError(
            f"no prompt set {name_or_folder!r}: {folder} holds no *.md. "
            f"There are: {', '.join(shipped_names(shipped))}; or give a folder: --prompts ./mine"
        )
    return PromptSet(folder.resolve().name, _hash(files), files)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted([*folder.glob("*.md"), folder / SETTINGS]) if path.is_file())


def _hash(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
