"""Short EEGs in which each kind of activity has a rhythm of its own, and experts' votes about windows of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

KINDS = ("Seizure", "LPD", "GPD", "LRDA", "GRDA", "Other")
LEADS: tuple[str, ...] = ("Fp1", "F3", "C3", "P3", "F7", "T3", "T5", "O1", "Fz", "Cz", "Pz")
LEADS += ("Fp2", "F4", "C4", "P4", "F8", "T4", "T6", "O2", "EKG")
BANDS = [f"{region}_{hertz}" for region in ("LL", "RL", "LP", "RP") for hertz in ("0.59", "19.92")]
PATIENTS, SPECTROGRAMS, SAMPLES = 12, 24, 40


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write `train.csv`, a table of samples for each EEG and spectrogram, and a figure."""
    for name in ("train_eegs", "train_spectrograms", "example_figures"):
        (folder / name).mkdir()
    rows = []
    for spectrogram in rng.choice(2**31, SPECTROGRAMS, replace=False):
        patient = 40_000 + int(rng.integers(PATIENTS))
        power = rng.lognormal(size=(8, len(BANDS))).astype(np.float32)
        table = pd.DataFrame(power, columns=BANDS)
        table.insert(0, "time", np.arange(1, 17, 2))
        table.to_parquet(folder / f"train_spectrograms/{spectrogram}.parquet")
        for eeg in rng.choice(2**31, 1 + (rng.random() < 0.2), replace=False):
            kind = int(rng.integers(len(KINDS)))
            wave = np.sin(2 * np.pi * (kind + 1) * np.arange(SAMPLES)[:, None] / SAMPLES)
            leads = (50 * wave + 20 * rng.normal(size=(SAMPLES, len(LEADS)))).astype(np.float32)
            pd.DataFrame(leads, columns=LEADS).to_parquet(folder / f"train_eegs/{eeg}.parquet")
            for window in range(rng.integers(3, 9)):
                votes = rng.multinomial(rng.integers(3, 21), np.where(np.arange(6) == kind, 0.6, 0.08))
                offset = {"eeg_sub_id": window, "eeg_label_offset_seconds": 6.0 * window}
                place = {"spectrogram_sub_id": window, "spectrogram_label_offset_seconds": 6.0 * window}
                who = {"label_id": int(rng.integers(2**31)), "patient_id": patient}
                said = {f"{name.lower()}_vote": count for name, count in zip(KINDS, votes, strict=True)}
                found = {"expert_consensus": KINDS[int(votes.argmax())], **said}
                rows.append({"eeg_id": eeg, **offset, "spectrogram_id": spectrogram, **place, **who, **found})
    pd.DataFrame(rows).to_csv(folder / "train.csv", index=False)
    (folder / "example_figures/README.txt").write_text("Figures of each kind of activity.\n")
