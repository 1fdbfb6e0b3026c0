"""Metrics of sets of labels, handed in as one text a row with white space between labels.

Order and repetition within a row mean nothing; for rankings, where they do, see `ranking.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from harness.metrics.registry import Array, NoOptions, metric
from harness.metrics.text import PANDAS_GAPS

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


class F1OfListsOptions(NoOptions):
    """What is averaged, what labels that no row's truth has count as, and which texts hold no label."""

    average: Literal["micro", "samples"] = "micro"
    unknown: Literal["wrong", "nothing"] = Field(default="wrong", description="labels that no row's truth has")
    gaps: Literal["empty", "pandas"] = Field(default="empty", description="pandas: also what it reads as a gap")


@metric("f1_of_lists", direction="maximize", takes="anything", options=F1OfListsOptions)
def f1_of_lists(
    truth: Array, prediction: Array, average: str = "micro", unknown: str = "wrong", gaps: str = "empty"
) -> float:
    """Harmonic mean of precision and recall of labels; 0 to 1.

    micro: over all rows' labels pooled, 0 where there are none at all; samples: of each row, then the mean over rows,
    where a row without labels on both sides scores 1. With `unknown: nothing`, predicted labels that are in no row's
    truth are passed over, as one who binarises by the truth's labels does. Source: scikit-learn f1_score.
    """
    import numpy as np

    rows = len(truth)
    if gaps == "pandas":
        truth, prediction = (np.where(np.isin(texts, list(PANDAS_GAPS)), "", texts) for texts in (truth, prediction))
    true_row, true_label = _labels(truth)
    row, label = _labels(prediction)
    true_code, code = _codes(true_label, label)
    if unknown == "nothing":
        known = np.isin(code, true_code)
        row, code = row[known], code[known]
    base = 1 + max(true_code.max(initial=0), code.max(initial=0))
    true_pairs, pairs = np.unique(true_row * base + true_code), np.unique(row * base + code)
    hits = np.intersect1d(true_pairs, pairs, assume_unique=True)
    if average == "micro":
        return 2 * len(hits) / max(len(true_pairs) + len(pairs), 1)
    found, wanted, given = (np.bincount(some // base, minlength=rows) for some in (hits, true_pairs, pairs))
    both = wanted + given
    return float(np.where(both > 0, 2 * found / np.maximum(both, 1), 1.0).mean())


def _labels(texts: Array) -> tuple[NDArray[Any], pa.Array]:
    """Return all rows' labels in order: the row and the label of each."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lists = pc.utf8_split_whitespace(pa.array(texts).cast(pa.large_string()))
    labels = pc.list_flatten(lists)
    some = pc.not_equal(labels, "")
    return pc.list_parent_indices(lists).filter(some).to_numpy(), labels.filter(some)


def _codes(one: pa.Array, other: pa.Array) -> tuple[NDArray[Any], NDArray[Any]]:
    """Number the labels: the same number for the same text in both."""
    import numpy as np
    import pyarrow as pa

    codes = pa.concat_arrays([one, other]).dictionary_encode().indices.to_numpy().astype(np.int64)
    return codes[: len(one)], codes[len(one) :]
