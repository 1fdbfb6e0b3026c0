"""F1 of probabilities, which nobody else asks for."""

from __future__ import annotations

import numpy as np

from harness.metrics import Table


def probabilistic_f1(truth: Table, prediction: Table) -> float:
    """Harmonic mean of probabilistic precision and recall; 0 to 1, and 0 where nothing is predicted.

    Predictions are cut to 0 … 1. Precision is the share of predicted mass that lies on positives, recall the mean
    prediction of the positives. Source: Yacouby and Axman 2020.
    """
    positive = np.asarray(truth["cancer"]) > 0
    chance = np.clip(prediction["cancer"], 0, 1)
    hit, mass = chance[positive].sum(), chance.sum()
    # 2·p·r / (p + r) with p = hit / mass and r = hit / positives
    return float(2 * hit / (mass + positive.sum()))
