"""Find a prompt set, check that it can be one, and name its content. The agent renders it; here it is only read.

A set is read once and each run gets a copy of what was read: an edit in the middle of a group changes nothing of it,
and the box's users can read the copy whatever the modes of the user's own folder are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError
from harness.files import write_atomically


@dataclass(frozen=True)
class PromptSet:
    """A folder of Markdown templates as it was read; `sha256` is over names and bytes."""

    name: str
    sha256: str
    files: Mapping[str, bytes]

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


def find(name_or_folder: str, shipped: Path, like: str | None = None) -> PromptSet:
    """One of the shipped sets by name, or any folder; raise `UserError` with what there is, or what is wrong with it.

    With `like`, the name of a shipped set: the templates of that one which name no part (`_…`) must all be there.
    """
    folder = Path(name_or_folder).expanduser() if "/" in name_or_folder else shipped / name_or_folder
    files = {path.name: path.read_bytes() for path in _templates(folder)}
    if not files:
        known = ", ".join(sorted(path.name for path in shipped.iterdir() if any(_templates(path))))
        raise UserError(
            f"no prompt set {name_or_folder!r}: {folder} holds no *.md. "
            f"There are: {known}; or give a folder: --prompts ./mine"
        )
    needed = [path.name for path in _templates(shipped / like) if not path.name.startswith("_")] if like else []
    if missing := [name for name in needed if name not in files]:
        raise UserError(
            f"the prompt set {folder} lacks {', '.join(missing)}. Start from a copy of {shipped / str(like)}"
        )
    _refuse_malformed(folder, files)
    return PromptSet(folder.resolve().name, _hash(files), files)


def _templates(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("*.md")) if path.is_file())


def _refuse_malformed(folder: Path, files: Mapping[str, bytes]) -> None:
    import jinja2

    environment = jinja2.Environment(autoescape=True)  # only parses
    for name, content in files.items():
        try:
            environment.parse(content.decode())
        except (UnicodeDecodeError, jinja2.TemplateSyntaxError) as error:
            line = f", line {error.lineno}" if isinstance(error, jinja2.TemplateSyntaxError) else ""
            raise UserError(f"{folder / name}{line} is no template: {error}. The shipped sets show the form") from error


def _hash(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
