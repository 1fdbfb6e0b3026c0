"""The score as MLE-bench computes it, where rows are paired by sorting an id that repeats."""

from __future__ import annotations

import numpy as np

from harness.metrics import Table
from harness.metrics.signals import kl_divergence


def kl_of_sorted(truth: Table, prediction: Table) -> float:
    """Kullback-Leibler divergence of rows paired by their place after sorting each file by `eeg_id`.

    The sort is numpy's default, which keeps no order among equal ids: files in the sample's order are sorted alike, and
    rows of one EEG are paired as meant; other orders may pair them otherwise, on each machine in its own way.
    """
    votes = [name for name in prediction if name.endswith("_vote")]
    true, found = (
        np.column_stack([table[name] for name in votes])[np.argsort(table["eeg_id"])] for table in (truth, prediction)
    )
    return kl_divergence(true, found)
