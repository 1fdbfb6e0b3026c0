"""Stand-in crystals: shares of three metals, a lattice, a file of atoms each, and two energies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from harness.standin.media import pack

COUNTS = {"train": 120, "test": 30}
TARGETS = ["formation_energy_ev_natom", "bandgap_energy_ev"]


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the zips of both tables and of both sets of geometries."""
    for name, count in COUNTS.items():
        table = _crystals(count, rng)
        geometries, alone = folder / f".{name}", folder / f".{name}.csv"
        for id in table.id:
            place = geometries / name / str(id)
            place.mkdir(parents=True)
            (place / "geometry.xyz").write_text(_geometry(id, rng), encoding="utf-8")
        alone.mkdir()
        table.drop(columns=TARGETS if name == "test" else []).to_csv(alone / f"{name}.csv", index=False)
        for inside, archive in ((geometries, f"{name}.zip"), (alone, f"{name}.csv.zip")):
            pack(inside, folder / archive)
            _remove(inside)


def _crystals(count: int, rng: np.random.Generator) -> pd.DataFrame:
    shares = rng.dirichlet((2, 2, 1), count).round(4)
    columns: dict[str, object] = {"id": np.arange(1, count + 1)}
    columns |= {"spacegroup": rng.choice([12, 33, 167, 194, 206, 227], count)}
    columns |= {"number_of_total_atoms": rng.choice([10, 20, 40, 80], count).astype(float)}
    columns |= {f"percent_atom_{metal}": shares[:, place] for place, metal in enumerate(("al", "ga", "in"))}
    for place in (1, 2, 3):
        columns[f"lattice_vector_{place}_ang"] = rng.uniform(3, 25, count).round(4)
    for angle in ("alpha", "beta", "gamma"):
        columns[f"lattice_angle_{angle}_degree"] = rng.uniform(85, 120, count).round(4)
    formation = np.clip(0.1 + 0.3 * shares[:, 2] + rng.normal(0, 0.03, count), 0, None).round(4)
    gap = np.clip(1 + 3 * shares[:, 0] + rng.normal(0, 0.2, count), 0, None).round(4)
    return pd.DataFrame({**columns, TARGETS[0]: formation, TARGETS[1]: gap})


def _geometry(id: int, rng: np.random.Generator) -> str:
    lines = ["#=======================================================", f"#Created from id {id}"]
    lines += [f"lattice_vector {x:.7f} {y:.7f} {z:.7f}" for x, y, z in rng.uniform(0, 10, (3, 3))]
    elements, places = rng.choice(["Al", "Ga", "In", "O"], 5), rng.uniform(0, 10, (5, 3))
    lines += [f"atom {x:.7f} {y:.7f} {z:.7f} {element}" for element, (x, y, z) in zip(elements, places, strict=True)]
    return "\n".join(lines) + "\n"


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)
