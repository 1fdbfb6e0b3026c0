"""Which of ten scripts a run would hand in: by their own cross-validation, and by held-back training rows.

Nineteen models of one table are trained as candidates are, on what each mode shows, and graded as submissions are; ten
of them are drawn again and again, all honest, or two of them fooling themselves (means of the target by surname or
cabin, made of all training rows before the folds). No search, no container: this measures the choice alone. One test
set of 870 rows has a standard error of 1.3 points, and one division into held-back rows is one draw: small differences
mean nothing. Real data where PODIUM_TEST_DATA has them, else a stand-in, which is said.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.manifest import Prepared
from harness.data.prepare import prepare
from harness.data.prepare_search import prepare_search
from harness.data.search_view import SearchView
from harness.grading.grade import grade
from harness.grading.scorer import Scorer
from harness.runs.final_run import FINALISTS
from harness.specs import competition as competitions
from harness.specs.competition import Competition

ID, TARGET, FOLDS, DRAWS = "PassengerId", "Transported", 5, 2000
MONEY = ("RoomService", "FoodCourt", "ShoppingMall", "Spa", "VRDeck")
SPECS = Path(__file__).parents[1] / "competitions"


@dataclass(frozen=True)
class Script:
    """A way of making predictions, and the column whose target means it takes from all rows before the folds."""

    name: str
    model: Callable[[], Any]
    leak: str | None = None


@dataclass(frozen=True)
class Tried:
    """What one script scored: by its own word and on test with all rows, and on the parts that are held back."""

    script: Script
    own: float
    test: float
    search: float
    pick: float


def main(say: Callable[[str], None] = print) -> None:
    """Train everything once and print what would have been chosen."""
    with tempfile.TemporaryDirectory(prefix="podium-perf-") as folder:
        item = competitions.load("spaceship-titanic", SPECS)
        given = Path(os.environ.get("PODIUM_TEST_DATA", "/nonexistent")) / item.id
        real = given.is_dir()
        wish: dict[str, Any] = {"raw": given} if real else {"stand_in": True}
        prepared = prepare(item, data_home=Path(folder), **wish)
        view = prepare_search(item, prepared, data_home=Path(folder))
        tried = [_tried(script, item, prepared, view, Path(folder)) for script in scripts()]
    say(f"{item.id}, {'real' if real else 'STAND-IN'} data; {len(tried)} scripts; accuracy on test of what is chosen")
    honest, fooled = ([one for one in tried if (one.script.leak is not None) == leaks] for leaks in (False, True))
    for title, pools in (("10 honest", ((honest, 10),)), ("8 honest, 2 fooled", ((honest, 8), (fooled, 2)))):
        say(f"{title:20s} {compared(pools)}")


def compared(pools: tuple[tuple[list[Tried], int], ...], draws: int = DRAWS) -> str:
    """Say what both ways of choosing come to, over draws of scripts."""
    import random

    rng, found = random.Random(0), []  # noqa: S311 - a draw to be repeated, not a secret
    for _ in range(draws):
        drawn = [one for pool, count in pools for one in rng.sample(pool, count)]
        own = max(drawn, key=lambda one: one.own)
        guided = max(sorted(drawn, key=lambda one: -one.search)[:FINALISTS], key=lambda one: one.pick)
        found.append(
            (own.test, guided.test, max(one.test for one in drawn), own.own - own.test, guided.pick - guided.test)
        )
    mean = [statistics.mean(column) for column in zip(*found, strict=True)]
    apart = statistics.stdev(row[1] - row[0] for row in found)
    return (
        f"own word {mean[0]:.4f} (gap {mean[3]:+.4f})   held-back rows {mean[1]:.4f} (gap {mean[4]:+.4f})   "
        f"difference {mean[1] - mean[0]:+.4f} ± {apart:.4f} a draw   best {mean[2]:.4f}"
    )


def scripts() -> Iterator[Script]:
    """Give the scripts, each with one thread."""
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def boosted(rate: float, leaves: int) -> Callable[[], Any]:
        return lambda: HistGradientBoostingClassifier(
            learning_rate=rate, max_leaf_nodes=leaves, max_iter=80, random_state=0
        )

    def forest(depth: int) -> Callable[[], Any]:
        return lambda: RandomForestClassifier(60, max_depth=depth, random_state=0)

    def linear(strength: float) -> Callable[[], Any]:
        return lambda: make_pipeline(StandardScaler(), LogisticRegression(C=strength))

    for rate in (0.03, 0.1, 0.3):
        for leaves in (7, 15, 31):
            yield Script(f"boosting {rate} {leaves}", boosted(rate, leaves))
    for depth in (5, 9, 13):
        yield Script(f"forest {depth}", forest(depth))
    for strength in (0.001, 1.0):
        yield Script(f"linear {strength}", linear(strength))
    yield Script("neighbours", lambda: make_pipeline(StandardScaler(), KNeighborsClassifier(25)))
    for column in ("Surname", "Cabin"):
        yield Script(f"boosting, means by {column}", boosted(0.1, 15), leak=column)
        yield Script(f"linear, means by {column}", linear(1.0), leak=column)


def _tried(script: Script, item: Competition, prepared: Prepared, view: SearchView, folder: Path) -> Tried:
    own, test = _predicted(script, prepared.public, folder / "all.csv"), folder / "all.csv"
    shown = folder / "view.csv"
    _predicted(script, view.public, shown, folds=0)
    scores = Scorer(item, view).score(shown)
    score = grade(item, prepared, test).score
    assert score is not None
    return Tried(script, own, score, scores.search, scores.pick)


def _predicted(script: Script, public: Path, target: Path, folds: int = FOLDS) -> float:
    """Do what a candidate would: validate by folds, train on all rows, predict; return its own score."""
    import numpy as np
    import pandas as pd
    from sklearn.model_selection import KFold

    train, test = pd.read_csv(public / "train.csv"), pd.read_csv(public / "test.csv")
    labels = train[TARGET].astype(int)
    means = None if script.leak is None else labels.groupby(_column(train, script.leak)).mean()
    features, others = (_features(table, script.leak, means) for table in (train, test))
    own = [
        float((script.model().fit(features[fit], labels[fit]).predict(features[rest]) == labels[rest]).mean())
        for fit, rest in (KFold(folds, shuffle=True, random_state=0).split(features) if folds else ())
    ]
    predicted = script.model().fit(features, labels).predict(others).astype(bool)
    pd.DataFrame({ID: test[ID], TARGET: predicted}).to_csv(target, index=False)
    return float(np.mean(own)) if own else 0.0


def _column(table: Any, name: str) -> Any:
    return table["Name"].str.split().str[-1].fillna("") if name == "Surname" else table[name].fillna("")


def _features(table: Any, leak: str | None, means: Any) -> Any:
    import numpy as np
    import pandas as pd

    money = table[list(MONEY)].fillna(0)
    cabin = table["Cabin"].fillna("//").str.split("/", expand=True)
    columns = {
        **{name: np.log1p(money[name]) for name in MONEY},
        "spent": np.log1p(money.sum(axis=1)),
        "age": table["Age"].fillna(27),
        "asleep": table["CryoSleep"].astype(str) == "True",
        "side": cabin[2] == "S",
        "number": pd.to_numeric(cabin[1], errors="coerce").fillna(-1),
        **{f"deck {deck}": cabin[0] == deck for deck in "ABCDEFG"},
        **{f"from {planet}": table["HomePlanet"] == planet for planet in ("Earth", "Europa", "Mars")},
    }
    if leak is not None:
        columns["mean"] = _column(table, leak).map(means).fillna(0.5)
    return pd.DataFrame(columns).to_numpy(float)


if __name__ == "__main__":
    main()
