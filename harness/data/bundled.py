"""Raw data that scikit-learn brings along, written as the CSV that a competition's spec expects.

Real data, no download, so the whole path from raw to grade runs anywhere. Anybody who has scikit-learn has the labels
too: these competitions show that things work, not how good an agent is, and they have no leaderboard.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SHUFFLE_SEED = 0  # so that an id does not tell a row's place in scikit-learn's table


def write(dataset: str, folder: Path) -> None:
    """Write `train.csv` of the named dataset: `id`, the features, the target; rows shuffled."""
    table = {"diabetes": _diabetes, "digits": _digits, "breast_cancer": _breast_cancer}[dataset]()
    table = table.sample(frac=1, random_state=SHUFFLE_SEED).reset_index(drop=True)
    table.insert(0, "id", range(len(table)))
    table.to_csv(folder / "train.csv", index=False)


def _diabetes() -> pd.DataFrame:
    from sklearn.datasets import load_diabetes

    frame: pd.DataFrame = load_diabetes(as_frame=True, scaled=False).frame
    return frame.rename(columns={"target": "progression"})


def _digits() -> pd.DataFrame:
    from sklearn.datasets import load_digits

    frame: pd.DataFrame = load_digits(as_frame=True).frame
    return frame.astype(int).rename(columns={"target": "digit"})


def _breast_cancer() -> pd.DataFrame:
    from sklearn.datasets import load_breast_cancer

    frame: pd.DataFrame = load_breast_cancer(as_frame=True).frame
    frame = frame.rename(columns=lambda name: name.replace(" ", "_"))
    frame["malignant"] = 1 - frame.pop("target")  # scikit-learn counts benign as 1
    return frame
