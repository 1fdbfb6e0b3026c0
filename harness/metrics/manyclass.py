"""Metrics of one label out of thousands, where a spec lists no labels and any whole number may be predicted."""

from __future__ import annotations

from harness.metrics.registry import Array, metric


@metric("macro_f1", direction="maximize", takes="anything")
def macro_f1(truth: Array, prediction: Array) -> float:
    """Mean of the F1 scores of all classes that occur, in the truth or in the prediction; 0 to 1.

    A class that is only predicted counts with 0, so wild guesses cost more than repeated ones. The same as `f1` with
    `average: macro`, for columns whose labels are not listed. Source: scikit-learn f1_score.
    """
    import numpy as np

    classes, codes = np.unique(np.concatenate([truth, prediction]), return_inverse=True)
    true, predicted = codes[: len(truth)], codes[len(truth) :]
    found = np.bincount(true[true == predicted], minlength=len(classes))
    return float(np.mean(2 * found / np.bincount(codes, minlength=len(classes))))


@metric("top_1_error", direction="minimize", takes="anything")
def top_1_error(truth: Array, prediction: Array) -> float:
    """Share of rows whose first predicted label is wrong; 0 to 1.

    A prediction may be a text of several labels with blanks between, best first; the others do not count. The truth is
    one whole number a row. Source: the iNaturalist challenges.
    """
    import numpy as np

    if prediction.dtype == object:
        prediction = np.array([int(float(text.split(maxsplit=1)[0])) for text in prediction])
    return float(np.mean(np.asarray(truth).astype(np.int64) != prediction))
