"""Made-up snippets' counts of ten species: 286 compositions of ten bases, every sample twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

SPECIES = (
    "Bacteroides_fragilis",
    "Campylobacter_jejuni",
    "Enterococcus_hirae",
    "Escherichia_coli",
    "Escherichia_fergusonii",
    "Klebsiella_pneumoniae",
    "Salmonella_enterica",
    "Staphylococcus_aureus",
    "Streptococcus_pneumoniae",
    "Streptococcus_pyogenes",
)
BASES = 10


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write train.csv: 160 rows of 80 samples."""
    names = [
        f"A{a}T{t}G{g}C{BASES - a - t - g}"
        for a in range(BASES + 1)
        for t in range(BASES + 1 - a)
        for g in range(BASES + 1 - a - t)
    ]
    typical = rng.normal(0, 1e-4, (len(SPECIES), len(names)))
    species = np.arange(80) % len(SPECIES)
    samples = typical[species] + rng.normal(0, 1e-4, (80, len(names)))
    table = pd.DataFrame(np.repeat(samples.round(6), 2, axis=0), columns=names)
    table.insert(0, "row_id", np.arange(len(table)))
    table["target"] = np.repeat(np.array(SPECIES)[species], 2)
    table.to_csv(folder / "train.csv", index=False)
