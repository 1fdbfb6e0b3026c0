"""Stand-in molecules: a few atoms in space, and couplings that fall with distance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

MOLECULES = 60
TYPES = ("1JHC", "2JHC", "3JHC", "1JHN", "2JHH")


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write train.csv, structures.csv, a file a molecule, and the tables of what was computed beside."""
    names = [f"dsgdb9nsd_{number:06d}" for number in np.sort(rng.choice(10**5, MOLECULES, replace=False))]
    (folder / "structures").mkdir()
    atoms, couplings = [], []
    for name in names:
        count = int(rng.integers(3, 7))
        elements = ["C", "N", *["H"] * (count - 2)]
        places = rng.normal(0, 1.5, (count, 3))
        lines = [f"{element} {x:.10f} {y:.10f} {z:.10f}" for element, (x, y, z) in zip(elements, places, strict=True)]
        (folder / "structures" / f"{name}.xyz").write_text("\n".join([str(count), "", *lines]) + "\n", encoding="utf-8")
        atoms += [(name, i, element, *place) for i, (element, place) in enumerate(zip(elements, places, strict=True))]
        for first in range(2, count):
            for second in range(first):
                distance = float(np.linalg.norm(places[first] - places[second]))
                kind = TYPES[(first + second) % len(TYPES)]
                couplings.append((name, first, second, kind, 80 / (1 + distance) + rng.normal(0, 3)))
    structures = pd.DataFrame(atoms, columns=["molecule_name", "atom_index", "atom", "x", "y", "z"])
    columns = ["molecule_name", "atom_index_0", "atom_index_1", "type", "scalar_coupling_constant"]
    train = pd.DataFrame(couplings, columns=columns)
    structures.to_csv(folder / "structures.csv", index=False)
    train.rename_axis("id").to_csv(folder / "train.csv")
    by_molecule, by_atom = pd.DataFrame({"molecule_name": names}), structures[["molecule_name", "atom_index"]]
    tensor = [f"{a}{b}" for a in "XYZ" for b in "XYZ"]
    _with_numbers(by_molecule, ["X", "Y", "Z"], rng).to_csv(folder / "dipole_moments.csv", index=False)
    _with_numbers(by_molecule, ["potential_energy"], rng).to_csv(folder / "potential_energy.csv", index=False)
    _with_numbers(by_atom, ["mulliken_charge"], rng).to_csv(folder / "mulliken_charges.csv", index=False)
    _with_numbers(by_atom, tensor, rng).to_csv(folder / "magnetic_shielding_tensors.csv", index=False)
    parts = _with_numbers(train[columns[:4]], ["fc", "sd", "pso", "dso"], rng)
    parts.to_csv(folder / "scalar_coupling_contributions.csv", index=False)


def _with_numbers(table: pd.DataFrame, columns: list[str], rng: np.random.Generator) -> pd.DataFrame:
    return table.assign(**{name: rng.normal(size=len(table)).round(6) for name in columns})
