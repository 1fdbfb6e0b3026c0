"""The trusted half of Podium: prepares, runs, grades and aggregates, on the host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.runs.solving import Solved

__version__ = "0.1.0"
__all__ = ["__version__", "solve"]


def solve(
    data: str | Path,
    *,
    goal: str | None = None,
    metric: str | None = None,
    target: str | None = None,
    out: str | Path | None = None,
    steps: int | None = None,
    model: str = "offline",
    **options: Any,
) -> Solved:
    """Find the best solution for a folder of data, as `podium solve` does; return its code, scores and files.

    Further `options` are those of the command, with `_` for `-`: `id`, `train`, `test_file`, `hold_out`, and the fields
    of `BenchOptions` (`seeds`, `budget_usd`, `agent`, `search` …). Raises `PodiumError` with what to do.
    """
    from harness.runs.solving import from_python

    return from_python(Path(data), goal, metric, target, out, {"steps": steps, "model": model, **options})
