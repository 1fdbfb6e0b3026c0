"""Which competitions there are: those that ship, those in the user's folders, and those of installed packages.

`PODIUM_COMPETITIONS` names folders (as PATH does), each with one folder a competition; `podium solve` keeps in
`<home>/solved` those that it makes, until `podium forget`. A package brings its own with an entry point of the group
`podium.competitions` that names a module whose folder holds them. An id that two folders share is an error, never a
silent choice.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.config import Settings
from harness.errors import UserError
from harness.specs import competition as competitions
from harness.specs.competition import Competition

VARIABLE = "PODIUM_COMPETITIONS"
SOLVED = "solved"
ENTRY_POINTS = "podium.competitions"


@dataclass(frozen=True)
class Catalogue:
    """Folders of competitions, looked at as one."""

    folders: tuple[Path, ...]

    def ids(self) -> list[str]:
        """Return the ids of all competitions, sorted."""
        return sorted(self._places())

    def load(self, id: str) -> Competition:
        """Load one competition; UserError names near misses of an unknown id."""
        places = self._places()
        if id not in places:
            near = difflib.get_close_matches(id, places, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else "`podium list` shows all"
            raise UserError(f"no competition {id!r} in {', '.join(map(str, self.folders))}; {hint}")
        return competitions.load(id, places[id])

    def load_all(self) -> list[Competition]:
        """Load every competition, by id."""
        return [competitions.load(id, folder) for id, folder in sorted(self._places().items())]

    def in_suite(self, suite: str) -> list[Competition]:
        """Return the competitions of one suite; UserError names the suites there are."""
        return competitions.in_suite(self.load_all(), suite)

    def _places(self) -> Mapping[str, Path]:
        places: dict[str, Path] = {}
        for folder in self.folders:
            for id in competitions.ids(folder):
                if id in places:
                    raise UserError(f"competition {id!r} is in {places[id]} and in {folder}; rename one of the two")
                places[id] = folder
        return places


def of(settings: Settings) -> Catalogue:
    """Return the competitions that these settings reach."""
    solved = settings.home / SOLVED
    return Catalogue(
        (settings.competitions, *_named(settings.environ), *_installed(), *([solved] if solved.is_dir() else []))
    )


def _named(environ: Mapping[str, str]) -> list[Path]:
    """Return the folders that the user's variable names."""
    folders = [Path(part).expanduser().absolute() for part in environ.get(VARIABLE, "").split(os.pathsep) if part]
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{VARIABLE} names {folder}, which is no folder; make it, or leave it out")
        if (folder / competitions.SPEC_NAME).is_file():
            raise UserError(f"{VARIABLE} names {folder}, which is a competition; name the folder that holds it")
    return folders


def _installed() -> list[Path]:
    """Return the folders that installed packages bring."""
    from importlib.metadata import entry_points

    found = []
    for entry in entry_points(group=ENTRY_POINTS):
        origin = getattr(entry.load(), "__file__", None)
        if origin is None:
            raise UserError(
                f"entry point {entry.name!r} ({entry.value}) is no module with a file; correct that package"
            )
        found.append(Path(origin).parent)
    return found
