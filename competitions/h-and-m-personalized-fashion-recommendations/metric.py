"""The score as MLE-bench computes it, which leaves it to pandas to tell numbers from texts."""

from __future__ import annotations

import numpy as np

from harness.metrics import Table
from harness.metrics.ranking import map_at_k


def map_at_12(truth: Table, prediction: Table) -> float:
    """Mean average precision at 12, of predictions as pandas reads their column.

    A column of one whole number a row becomes numbers, whose leading zeros are gone; with gaps in it, they become
    fractions, which match nothing. It is told from the rows that are scored, where pandas looks at all.
    """
    texts = prediction["prediction"]
    stripped = [str(text).strip() for text in texts]
    if all(text.isdecimal() for text in stripped):
        texts = np.array([text.lstrip("0") or "0" for text in stripped], dtype=object)
    elif all(text.isdecimal() or not text for text in stripped):
        texts = np.array(["nan"] * len(texts), dtype=object)
    return map_at_k(truth["prediction"], texts, k=12)
