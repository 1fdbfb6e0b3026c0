"""Log loss over the labels of a study, the overall one weighing as much as the seven vertebrae together."""

from __future__ import annotations

import numpy as np

from harness.metrics import Table

OVERALL_WEIGHT = 7
POSITIVE_WEIGHT = 2  # a fracture weighs twice what its absence does
CLIP = 1e-15


def weighted_log_loss(truth: Table, prediction: Table) -> float:
    """Mean over studies of the weighted mean log loss of their labels; from 0.

    Source: the competition's rules.
    """
    fractured = np.asarray(truth["fractured"]) > 0.5
    chance = np.clip(prediction["fractured"], CLIP, 1 - CLIP)
    loss = -np.log(np.where(fractured, chance, 1 - chance))
    weight = np.where(np.asarray(truth["prediction_type"]) == "patient_overall", OVERALL_WEIGHT, 1)
    weight = weight * np.where(fractured, POSITIVE_WEIGHT, 1)
    study = np.unique(np.asarray(truth["StudyInstanceUID"], dtype=str), return_inverse=True)[1]
    return float(np.mean(np.bincount(study, weight * loss) / np.bincount(study, weight)))
