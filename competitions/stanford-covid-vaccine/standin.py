"""Molecules of random bases; unpaired ones, and adenine above all, react and break more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

MOLECULES, LENGTH, SCORED = 60, 20, 12
HIDDEN = ("id", "sequence", "structure", "predicted_loop_type", "seq_length", "seq_scored")
TARGETS = {
    "reactivity": "reactivity_error",
    "deg_Mg_pH10": "deg_error_Mg_pH10",
    "deg_pH10": "deg_error_pH10",
    "deg_Mg_50C": "deg_error_Mg_50C",
    "deg_50C": "deg_error_50C",
}


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the molecules as lines of JSON, and a sample submission."""
    train = [_molecule(number, rng) for number in range(MOLECULES)]
    test = [_molecule(number, rng) for number in range(4)]
    hidden = [{name: row[name] for name in ("index", *HIDDEN)} for row in test]
    for name, rows in {"train": train, "test": hidden}.items():
        (folder / f"{name}.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    header = ",".join(["id_seqpos", *TARGETS])
    ids = (f"{row['id']}_{base}" for row in test for base in range(LENGTH))
    lines = [header, *(f"{id},0.0,0.0,0.0,0.0,0.0" for id in ids)]
    (folder / "sample_submission.csv").write_text("\n".join(lines) + "\n")


def _molecule(number: int, rng: np.random.Generator) -> dict[str, Any]:
    stem = int(rng.integers(3, 7))
    structure = "." * 2 + "(" * stem + "." * (LENGTH - 4 - 2 * stem) + ")" * stem + "." * 2
    bases = rng.choice(list("AGCU"), LENGTH)
    loose = np.array([sign == "." for sign in structure]) * (0.6 + 0.6 * (bases == "A"))
    values = {name: (loose[:SCORED] + 0.1 * rng.normal(size=SCORED)).round(4).tolist() for name in TARGETS}
    errors = {name: rng.uniform(0.05, 0.2, SCORED).round(4).tolist() for name in TARGETS.values()}
    return {
        "index": number,
        "id": f"id_{int(rng.integers(2**36)):09x}",
        "sequence": "".join(bases),
        "structure": structure,
        "predicted_loop_type": structure.replace("(", "S").replace(")", "S").replace(".", "E"),
        "signal_to_noise": round(rng.uniform(0.5, 9), 3),
        "SN_filter": float(rng.random() < 0.7),
        "seq_length": LENGTH,
        "seq_scored": SCORED,
        **errors,
        **values,
    }
