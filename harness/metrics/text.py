"""Metrics of texts: how far what was written is from what should have been.

Texts are compared as they are, code point by code point: no case folding, no normalisation, no trimming.
"""

from __future__ import annotations

from harness.metrics.registry import Array, metric


@metric("mean_levenshtein", direction="minimize", takes="anything")
def mean_levenshtein(truth: Array, prediction: Array) -> float:
    """Mean over the rows of the edits (insert, delete, replace a character) between the texts; from 0, unbounded.

    Source: Levenshtein 1966; computed by rapidfuzz.
    """
    import numpy as np
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    return float(np.mean(cpdist(truth, prediction, scorer=Levenshtein.distance, dtype=np.int64)))
