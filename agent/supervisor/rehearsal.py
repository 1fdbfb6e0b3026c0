"""What most scripts do first, done in advance in a child of the fork server that has no script yet.

A forked process shares its parent's memory until it writes there: a script's first table and first fit copy some five
thousand pages and fill caches, which takes as long as a small fit. Here they come before the script does. It works on
a few rows of its own, in pieces of some milliseconds, so that an order need not wait; it may leave no thread behind,
since what confines a process holds for the thread that asks for it.
"""

from __future__ import annotations

import contextlib
import gc
import warnings
from collections.abc import Callable, Iterator
from typing import Any

ROWS = 240
ROOM = 8, 200_000  # arrays that are let go again: the allocator keeps room for the next ones


def rehearse(*, whole: bool, wanted: Callable[[], bool]) -> None:
    """Go through the pieces until an order is there; without `whole`, the first alone. Whatever is missing is left."""
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a warning that was shown here would not be shown to the script
        for _ in _pieces():
            if not whole or wanted():
                break
    gc.collect()


def _pieces() -> Iterator[None]:
    source = "import os, sys, numpy, pandas, sklearn, lightgbm, xgboost\n"
    source += "def f(x: int) -> str: return f'{x}'\nf(1); [f(x) for x in range(3)]\n"
    with contextlib.suppress(ImportError):
        exec(compile(source, "solution.py", "exec", dont_inherit=True), {"__name__": "rehearsal"})  # noqa: S102
    yield
    yield from _with_tables()


def _with_tables() -> Iterator[None]:
    import io

    import numpy as np
    import pandas as pd

    lines = (
        f"{row:04d}_01,{row % 7},{row * 0.37 % 5:.3f},{'xyz'[row % 3]},{row % 2 > 0},{row % 3 > 0}"
        for row in range(ROWS)
    )
    table = pd.read_csv(io.StringIO("\n".join(["id,count,size,kind,flag,target", *lines])))
    yield
    table["other"] = table["size"].where(table["size"] > 1)
    table["part"] = table["id"].str.split("_").str[0].astype(int)
    yield
    table["mean"] = table.groupby("kind")["size"].transform("mean")
    table.merge(table[["count", "mean"]].drop_duplicates("count"), on="count", how="left")
    yield
    codes = {name: pd.factorize(table[name].astype(str), sort=True)[0].astype(float) for name in table}
    coded = pd.concat([pd.DataFrame(codes), table[["count", "size", "other"]].add_suffix("_")], axis=1)
    coded = coded.fillna(coded.median())
    yield
    pd.get_dummies(table[["kind", "flag"]])
    table.describe()
    table.to_csv(io.StringIO(), index=False)
    yield
    rooms = [np.ones(ROOM[1]) for _ in range(ROOM[0])]
    del rooms
    yield
    yield from _with_models(table.drop(columns="target"), coded.to_numpy(), table["target"].astype(int).to_numpy())


def _with_models(table: Any, numbers: Any, target: Any) -> Iterator[None]:
    from sklearn.base import clone
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import (
        GradientBoostingClassifier,
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
        RandomForestClassifier,
    )
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.metrics import accuracy_score, roc_auc_score
    from sklearn.model_selection import StratifiedKFold
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from sklearn.svm import SVC

    usual = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=20))
    for fitted, held in StratifiedKFold(2, shuffle=True, random_state=0).split(numbers, target):
        one = clone(usual).fit(numbers[fitted], target[fitted])
        yield
        accuracy_score(target[held], one.predict(numbers[held]))
        roc_auc_score(target[held], one.predict_proba(numbers[held])[:, 1])
        yield
    HistGradientBoostingClassifier(max_iter=2, random_state=0).fit(numbers, target).predict_proba(numbers)
    yield
    RandomForestClassifier(3, random_state=0).fit(numbers, target).predict_proba(numbers)
    yield
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["count", "other"]),
            ("kinds", OneHotEncoder(handle_unknown="ignore"), ["kind", "flag"]),
        ]
    )
    ready = columns.fit_transform(table)
    yield
    Ridge().fit(ready, target).predict(ready)
    yield
    HistGradientBoostingRegressor(max_iter=2, random_state=0).fit(numbers, target).predict(numbers)
    yield
    GradientBoostingClassifier(n_estimators=2, random_state=0).fit(numbers, target).predict(numbers)
    SVC(max_iter=5).fit(numbers, target).predict(numbers)
    KNeighborsClassifier(5).fit(numbers, target).predict(numbers)
    yield
