"""Metrics of rankings: which items come first, or which labels score highest.

A ranked list is one text of items, best first, with one blank between two; a score a label is one column a label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from harness.metrics.registry import Array, NoOptions, metric

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


class MapAtKOptions(NoOptions):
    """How many items count."""

    k: int = Field(ge=1)


@metric("map_at_k", direction="maximize", takes="anything", options=MapAtKOptions)
def map_at_k(truth: Array, prediction: Array, k: int) -> float:
    """Mean over the rows of the average precision of the first `k` items; 0 to 1.

    A row's truth is the set of right items (often one), its prediction a ranking. Each right item counts, at its first
    appearance, the share of right items up to there; the sum is divided by min(right items, k). Nothing after place `k`
    counts, an empty item (two blanks) takes up a place, and a row without a right item scores 0.
    Source: Kaggle's MAP@k (ml_metrics).
    """
    import numpy as np

    right_row, right, _ = _items(truth, None)
    row, item, place = _items(prediction, k)
    code, right_code = _codes(item, right)
    base = len(item) + len(right)
    right_key = np.unique(right_row * base + right_code)
    key = row * base + code
    hit = right_key[np.searchsorted(right_key, key).clip(max=len(right_key) - 1)] == key
    places = np.flatnonzero(hit)
    hit[np.delete(places, np.unique(key[places], return_index=True)[1])] = False  # the same item once more
    hits = np.cumsum(hit)
    hits_before = np.r_[0, hits][np.searchsorted(row, row)]  # those of the rows above
    gained = np.bincount(row, weights=hit * (hits - hits_before) / (place + 1), minlength=len(truth))
    return float(np.mean(gained / np.clip(np.bincount(right_key // base, minlength=len(truth)), 1, k)))


@metric("lwlrap", direction="maximize", takes="numbers")
def lwlrap(truth: Array, prediction: Array) -> float:
    """Label-weighted label-ranking average precision: the mean, over all true labels, of the precision at their rank.

    One column a label: truth 0/1, prediction a score whose order within its row counts; above 0, 1 at best, ties take
    the worse rank. Rows without a label are left out; no label at all is a ValueError.
    Source: Fonseca et al. 2019; scikit-learn label_ranking_average_precision_score, rows weighted by their labels.
    """
    import numpy as np
    from sklearn.metrics import label_ranking_average_precision_score

    hot = np.asarray(truth) > 0
    labels = hot.sum(axis=1)
    if not labels.any():
        raise ValueError("the truth has no label in any row")
    kept, score = labels > 0, np.asarray(prediction, dtype=float)
    return float(label_ranking_average_precision_score(hot[kept], score[kept], sample_weight=labels[kept]))


def _items(texts: Array, most: int | None) -> tuple[NDArray[Any], pa.Array, NDArray[Any]]:
    """Return the first `most` items of each row, in order: the row, the item and its place, from 0."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    lists = pc.split_pattern(pa.array(texts).cast(pa.large_string()), " ")
    row = pc.list_parent_indices(lists).to_numpy()
    place = np.arange(len(row)) - lists.offsets.to_numpy()[row]
    kept = np.ones(len(row), dtype=bool) if most is None else place < most
    return row[kept], pc.list_flatten(lists).filter(pa.array(kept)), place[kept]


def _codes(one: pa.Array, other: pa.Array) -> tuple[NDArray[Any], NDArray[Any]]:
    """Number the items: the same number for the same text in both."""
    import numpy as np
    import pyarrow as pa

    codes = pa.concat_arrays([one, other]).dictionary_encode().indices.to_numpy().astype(np.int64)
    return codes[: len(one)], codes[len(one) :]
