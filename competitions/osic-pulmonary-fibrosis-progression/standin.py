"""Patients whose lungs lose volume week by week, those with a brighter scan faster."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from harness.standin.media import Images

PATIENTS, VISITS, SLICES = 30, 8, 2


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write `train.csv`, and slices of a scan in a folder for each patient."""
    slices = Images(kind="images", table="train.csv", dicom={"PatientID": "{Patient}"})
    rows = []
    for number in range(PATIENTS):
        patient = f"ID{7637202177411956430 + number * 1234567890123:023d}"
        weeks = np.sort(rng.choice(np.arange(-2, 50), VISITS, replace=False))
        start, loss = rng.uniform(1500, 4000), rng.uniform(0, 1)
        typical = start * rng.uniform(1, 1.5)
        person = {"Age": int(rng.integers(50, 85)), "Sex": ("Male", "Female")[number % 3 == 0]}
        habit = {"SmokingStatus": ("Ex-smoker", "Never smoked", "Currently smokes")[int(rng.integers(3))]}
        for week in weeks:
            volume = round(start - 12 * loss * week + rng.normal(0, 30))
            measured = {"Weeks": week, "FVC": volume, "Percent": 100 * volume / typical}
            rows.append({"Patient": patient, **measured, **person, **habit})
        (folder / "train" / patient).mkdir(parents=True)
        for place in range(SLICES):
            content = slices.content(".dcm", {"Patient": patient}, np.array([loss]), rng)
            (folder / f"train/{patient}/{place + 1}.dcm").write_bytes(content)
    pd.DataFrame(rows).to_csv(folder / "train.csv", index=False)
