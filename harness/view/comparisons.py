"""Comparisons of two groups, made in a thread of their own and kept until a group changes. Nothing is written."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from harness.comparing.comparison import Comparison
from harness.errors import UserError
from harness.results.layout import GroupFolder
from harness.view.index import Group

MOST_KEPT = 16
Key = tuple[str, int, str, int]


class Comparisons:
    """Asks for each pair once. A `Future` says whether it is made, and holds what `compare` raised, if it did."""

    def __init__(self, prompts: Path) -> None:
        self._prompts = prompts
        self._made: dict[Key, Future[Comparison]] = {}
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="podium-view-compare")

    def of(self, a: Group, b: Group) -> Future[Comparison]:
        """The comparison of two groups as they are now."""
        key = (a.name, a.version, b.name, b.version)
        if key not in self._made:
            while len(self._made) >= MOST_KEPT:
                self._made.pop(next(iter(self._made)))
            self._made[key] = self._worker.submit(self._compare, a.folder, b.folder)
        return self._made[key]

    def close(self) -> None:
        """Ask for nothing more."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _compare(self, a: GroupFolder, b: GroupFolder) -> Comparison:
        from harness.comparing.compare import compare

        return compare(a, b, prompt_places=[self._prompts])


def kept(folder: GroupFolder) -> Comparison | None:
    """The comparison that `podium compare` left in a group; None without one. Raise `UserError` for a broken one."""
    from pydantic import ValidationError

    try:
        return Comparison.model_validate_json(folder.comparison.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise UserError(f"{folder.comparison} is not a comparison of this version") from error
