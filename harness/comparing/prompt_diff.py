"""What changed between two prompt sets; a text counts only if it has the hash that the runs recorded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.comparing.comparison import PromptChange, Side
from harness.errors import UserError
from harness.runs.promptset import PromptSet, find


def change(a: Side, b: Side, places: Sequence[Path]) -> PromptChange:
    """The unified diff from A's set to B's; `places` are prompt sets' folders, or folders of such folders."""
    if a.prompt_set_sha256 == b.prompt_set_sha256:
        return PromptChange(same=True, diff=None, note=None)
    if own := [side for side in (a, b) if not side.prompt_set_sha256]:
        named = " and ".join(side.agent for side in own)
        return PromptChange(
            same=False, diff=None, note=f"{named} brings prompts of its own, which Podium does not know"
        )
    known = {found.sha256: found for found in _sets(places)}
    lacking = [side for side in (a, b) if side.prompt_set_sha256 not in known]
    if lacking:
        named = " and ".join(f"{side.prompt_set!r} of {side.group} ({side.prompt_set_sha256[:12]})" for side in lacking)
        note = f"the text of {named} is not to be had as it was; if you have it: --prompts FOLDER"
        return PromptChange(same=False, diff=None, note=note)
    return PromptChange(same=False, diff=diff(known[a.prompt_set_sha256], known[b.prompt_set_sha256]), note=None)


def diff(a: PromptSet, b: PromptSet) -> str:
    """A unified diff, template by template."""
    parts: list[str] = []
    for name in sorted({*a.files, *b.files}):
        old, new = (side.files.get(name, b"").decode().splitlines(keepends=True) for side in (a, b))
        parts += difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", n=2)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in parts)


def _sets(places: Sequence[Path]) -> Iterable[PromptSet]:
    for place in places:
        for folder in (place, *sorted(path for path in place.glob("*") if path.is_dir())):
            if any(folder.glob("*.md")):
                try:
                    yield find(f"{folder}/", folder.parent)
                except UserError:  # a folder beside it that is no prompt set is not what was meant
                    continue
