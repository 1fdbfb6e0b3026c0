"""Writes what people keep of one run: the best solution as script or notebook, the tree as data or picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.files import write_atomically

if TYPE_CHECKING:
    from harness.results.layout import RunFolder, RunRecord


def solution(folder: RunFolder, record: RunRecord, into: Path, kinds: Sequence[str] = ("py", "ipynb")) -> list[Path]:
    """Write `solution.py` and `solution.ipynb`, or one of them; return what was written."""
    from harness.results.notebook import notebook
    from harness.results.solution import Solution, solution_of

    write: dict[str, Callable[[Solution], str]] = {"py": Solution.script, "ipynb": notebook}
    found = solution_of(folder, record)
    return [_written(into / f"solution.{kind}", write[kind](found).encode("utf-8", "replace")) for kind in kinds]


def tree(folder: RunFolder, record: RunRecord, into: Path, kinds: Sequence[str] = ("json", "svg")) -> list[Path]:
    """Write `tree.json`, `tree.svg`, `tree.png`, or some of them; return what was written."""
    from harness.report.tree_drawing import draw
    from harness.report.tree_png import png
    from harness.report.tree_svg import svg
    from harness.results.tree import Tree, tree_of

    write: dict[str, Callable[[Tree], bytes]] = {
        "json": lambda found: (found.model_dump_json(indent=2) + "\n").encode(),
        "svg": lambda found: svg(draw(found)).encode(),
        "png": lambda found: png(draw(found)),
    }
    found = tree_of(folder, record)
    return [_written(into / f"tree.{kind}", write[kind](found)) for kind in kinds]


def _written(path: Path, content: bytes) -> Path:
    write_atomically(path, content)
    return path
