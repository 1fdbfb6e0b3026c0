"""Nearest neighbours: no training at all, good where rows that look alike are alike, such as small images."""

from __future__ import annotations

from harness.gateway.providers.offline.families.base import Construction, Family, Settings, Tuning
from harness.gateway.providers.offline.recipe import Task

_PIPELINE = ("from sklearn.pipeline import make_pipeline", "from sklearn.preprocessing import StandardScaler")


def _start(task: Task, rows: int | None) -> Settings:
    return {"n_neighbors": 15, "weights": "distance"}


NEIGHBOURS = Family(
    name="neighbours",
    title="nearest neighbours",
    library="sklearn",
    table="wide",
    words=("neighbour", "neighbor", "knn"),
    build={
        "classification": Construction(
            "make_pipeline(StandardScaler(), KNeighborsClassifier(**settings))",
            (*_PIPELINE, "from sklearn.neighbors import KNeighborsClassifier"),
        ),
        "regression": Construction(
            "make_pipeline(StandardScaler(), KNeighborsRegressor(**settings))",
            (*_PIPELINE, "from sklearn.neighbors import KNeighborsRegressor"),
        ),
    },
    start=_start,
    tunings=(
        Tuning("n_neighbors", (3, 5, 8, 15, 25, 40, 80), "the number of neighbours"),
        Tuning("weights", ("uniform", "distance"), "how neighbours are weighed"),
    ),
    most_rows=30_000,
)

FAMILIES = (NEIGHBOURS,)
