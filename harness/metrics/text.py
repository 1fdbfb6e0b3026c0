"""Metrics of texts: how far what was written is from what should have been.

Texts are compared as they are, code point by code point: no case folding, no normalisation, no trimming, unless a
docstring says so.
"""

from __future__ import annotations

from typing import Literal

from harness.metrics.registry import Array, NoOptions, metric

PANDAS_GAPS = frozenset(
    (
        *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
        *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
    )
)


class TextOptions(NoOptions):
    """Which texts are empty: only the empty one, or all that pandas reads as a gap, such as `null`."""

    gaps: Literal["empty", "pandas"] = "empty"


def _without_gaps(texts: Array, gaps: str) -> list[str]:
    words = PANDAS_GAPS if gaps == "pandas" else frozenset(("",))
    return ["" if text in words else str(text) for text in texts]


@metric("same_text", direction="maximize", takes="anything", options=TextOptions)
def same_text(truth: Array, prediction: Array, gaps: Literal["empty", "pandas"] = "empty") -> float:
    """Share of rows whose text is exactly the true one; 0 to 1. With `gaps: pandas` all that is a gap is the same."""
    import numpy as np

    same = np.asarray(truth) == np.asarray(prediction)
    if gaps == "pandas":
        same |= np.isin(truth, list(PANDAS_GAPS)) & np.isin(prediction, list(PANDAS_GAPS))
    return float(same.mean())


@metric("word_jaccard", direction="maximize", takes="anything", options=TextOptions)
def word_jaccard(truth: Array, prediction: Array, gaps: Literal["empty", "pandas"] = "empty") -> float:
    """Mean over the rows of |shared words| / |words of either|; 0 to 1, and 1 where both are empty.

    Words are lower-cased and separated by white space; each counts once. Source: Jaccard 1901.
    """
    import numpy as np

    def overlap(one: str, other: str) -> float:
        left, right = set(one.lower().split()), set(other.lower().split())
        return len(left & right) / len(left | right) if left or right else 1.0

    pairs = zip(_without_gaps(truth, gaps), _without_gaps(prediction, gaps), strict=True)
    return float(np.mean([overlap(*pair) for pair in pairs]))


class LevenshteinOptions(NoOptions):
    """What gaps are: texts like others, or the text `nan` that pandas makes of those it reads as gaps."""

    gaps: Literal["kept", "nan"] = "kept"


@metric("mean_levenshtein", direction="minimize", takes="anything", options=LevenshteinOptions)
def mean_levenshtein(truth: Array, prediction: Array, gaps: Literal["kept", "nan"] = "kept") -> float:
    """Mean over the rows of the edits (insert, delete, replace a character) between the texts; from 0, unbounded.

    Source: Levenshtein 1966; computed by rapidfuzz.
    """
    import numpy as np
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    if gaps == "nan":
        truth, prediction = (np.where(np.isin(some, list(PANDAS_GAPS)), "nan", some) for some in (truth, prediction))
    return float(np.mean(cpdist(truth, prediction, scorer=Levenshtein.distance, dtype=np.int64)))
