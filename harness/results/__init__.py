"""What runs leave behind, and how it is read: the folders of `results/`, records, tables of them, exports.

`runs_df`, `nodes_df` and `calls_df` are for notebooks: the records as data frames.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from harness.results.layout import GroupFolder


def runs_df(*groups: str | Path) -> pd.DataFrame:
    """A row a run of these groups (names or folders; none: of all). Columns: results/README.md, "Tables"."""
    from harness.results import frames

    return frames.runs(_chosen(groups))


def nodes_df(*groups: str | Path) -> pd.DataFrame:
    """A row a node; see `runs_df`."""
    from harness.results import frames

    return frames.nodes(_chosen(groups))


def calls_df(*groups: str | Path) -> pd.DataFrame:
    """A row a model call; see `runs_df`."""
    from harness.results import frames

    return frames.calls(_chosen(groups))


def _chosen(groups: Sequence[str | Path]) -> list[GroupFolder]:
    """The groups that a notebook names, in the results folder that the environment names."""
    from harness import config
    from harness.results.layout import Results

    return Results(config.load(os.environ).results).chosen([str(group) for group in groups])
