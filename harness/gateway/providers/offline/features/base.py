"""What a feature step is: a small function of a script that adds columns to the joined training and test table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.gateway.providers.offline.features.reasons import always
from harness.gateway.providers.offline.preview import DataFacts


@dataclass(frozen=True)
class Step:
    """`code` defines `def <name>(table)`, which returns the table with columns added; it must bear any table.

    `title` completes "features from …" in a plan. `needs` are steps that must run before for this one to find anything.
    """

    name: str
    title: str
    code: str
    imports: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    fits: Callable[[DataFacts], bool] = always
    hope: float = 1.5  # how likely it is tried as an improvement


TEXT_COLUMNS = '''
def text_columns(table):
    """Names of the columns that hold text."""
    return [c for c in table.columns if not pd.api.types.is_numeric_dtype(table[c])]
'''

MATES_KEY = '''
def mates_key(table):
    """The part of a code that a few rows share, like the group in `0013_01`; None when there is none."""
    for column in [c for c in table.columns if "_part" in c]:
        size = table[column].map(table[column].value_counts())
        if 1.2 < size.mean() < 30:
            return column
    return None
'''

FREE_TEXT = '''
def free_text(table):
    """Names of the columns that hold sentences rather than labels."""
    sentences = {c: table[c].dropna().astype(str) for c in table.columns if not pd.api.types.is_numeric_dtype(table[c])}
    return [c for c, text in sentences.items() if text.nunique() > 0.3 * len(text) and text.str.count(" ").mean() >= 4]
'''

HELPERS = {"text_columns": TEXT_COLUMNS, "mates_key": MATES_KEY, "free_text": FREE_TEXT}
