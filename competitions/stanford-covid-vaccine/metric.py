"""The score as MLE-bench computes it, where a row's place in the file tells whether it counts."""

from __future__ import annotations

import math

import numpy as np

from harness.metrics import Table

SCORED = ("reactivity", "deg_Mg_pH10", "deg_Mg_50C")


def mcrmse_by_place(truth: Table, prediction: Table) -> float:
    """Mean over three columns of the root mean squared error over the rows that count.

    Both tables are in the order of their files. A prediction counts where the answers' row at the same place does;
    those left are compared with the kept answers one after the other, both sorted by id. In the sample's order that is
    the error of each kept id.
    """
    kept = np.asarray(truth["keep"], dtype=bool)
    true, found = (order[kept[order]] for order in (np.argsort(table["id_seqpos"]) for table in (truth, prediction)))
    return float(np.mean([math.sqrt(np.mean((truth[name][true] - prediction[name][found]) ** 2)) for name in SCORED]))
