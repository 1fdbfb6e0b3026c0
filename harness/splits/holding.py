"""Which training rows a search view holds back, and how they are mixed in with the test rows.

Two parts of the training rows are taken out: one whose labels guide a search, and one that decides between its best
nodes. They are drawn as the competition's own test rows were: at random (in the strata that it keeps, else by class),
by whole groups, or the latest. The draw has one seed for good: every run of a competition is guided by the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Places = NDArray[np.intp]

SEARCH_SHARE, PICK_SHARE = 0.15, 0.10
MOST_SEARCH, MOST_PICK = 30_000, 20_000  # rows; more would only make scripts predict longer
SEED = 20_130_227
MOST_SHARE = 2 / 3  # where time stamps are coarse, the latest may be more rows than were wanted
MOST_CLASSES = 50
Mixing = Literal["shuffled", "table", "groups"]


@dataclass(frozen=True)
class Held:
    """Places among the training rows: those that stay, and the two parts that are held back."""

    kept: Places
    search: Places
    pick: Places


@dataclass(frozen=True)
class Mixed:
    """The rows that a script predicts: `order` are places in (test, search, pick), one after the other.

    `search` and `pick` are the places of those parts in the mixed rows, `test` that of each test row.
    """

    order: Places
    test: Places
    search: Places
    pick: Places


def wanted(rows: int) -> tuple[int, int]:
    """Return how many of so many training rows each part should have; ValueError where there are too few."""
    if rows < 8:
        raise ValueError(f"{rows} training rows are too few to hold some back")
    return min(MOST_SEARCH, max(1, round(SEARCH_SHARE * rows))), min(MOST_PICK, max(1, round(PICK_SHARE * rows)))


def at_random(rows: int, strata: Any = None) -> Held:
    """Hold back rows at random; of every stratum its share."""
    import numpy as np
    import pandas as pd

    search, pick = wanted(rows)
    rng = np.random.default_rng(SEED)
    order = rng.permutation(rows)
    if strata is not None:
        codes, _ = pd.factorize(np.asarray(strata))
        order = order[np.argsort(codes[order], kind="stable")]
        held = _spread(rows, search + pick, rng.random())
        picked = _spread(len(held), pick, rng.random())
        order = np.concatenate([order[np.delete(held, picked)], order[held[picked]], np.delete(order, held)])
    return Held(*(np.sort(part) for part in (order[search + pick :], order[:search], order[search : search + pick])))


def classes(train: pd.DataFrame, targets: Sequence[str]) -> Any:
    """Return the column to hold back by, so that small parts have every class; None where the target is no class."""
    own = [name for name in targets if name in train.columns]
    if len(own) != 1 or train[own[0]].nunique() > MOST_CLASSES:
        return None
    return train[own[0]]


def _spread(count: int, chosen: int, start: float) -> Places:
    """Return so many places at equal distances among `count`."""
    import numpy as np

    places: Places = ((np.arange(chosen) + start) * count / chosen).astype(np.intp)
    return places


def whole_groups(codes: Places) -> Held:
    """Hold back whole groups, until each part has its rows; ValueError where there are fewer than three groups."""
    import numpy as np

    groups, sizes = np.unique(codes, return_counts=True)
    if len(groups) < 3:
        raise ValueError(f"{len(groups)} groups of training rows are too few to hold some of them back")
    search, pick = wanted(len(codes))
    order = np.random.default_rng(SEED).permutation(len(groups))
    rows_until = np.cumsum(sizes[order])
    first = min(int(np.searchsorted(rows_until, search)) + 1, len(groups) - 2)
    second = min(int(np.searchsorted(rows_until, rows_until[first - 1] + pick)) + 1, len(groups) - 1)
    second = max(second, first + 1)
    parts = order[second:], order[:first], order[first:second]
    return Held(*(np.flatnonzero(np.isin(codes, groups[part])) for part in parts))


def latest(moments: Any) -> Held:
    """Hold back the latest rows, moments undivided, and share them out; ValueError where there are too few moments."""
    import numpy as np
    import pandas as pd

    times, _ = pd.factorize(np.asarray(moments), sort=True)
    search, pick = wanted(len(times))
    cut = np.sort(times)[len(times) - search - pick]
    late = times >= max(cut, times.min() + 1)
    if not late.any() or late.mean() > MOST_SHARE:
        raise ValueError("the training rows have too few moments to hold the latest back")
    places, moments_late = np.flatnonzero(late), times[late]
    share = pick / (search + pick)
    if len(np.unique(moments_late)) < 8:  # too few to give out: rows of one moment fall on both parts
        moments_late = np.arange(len(places))
    own = np.random.default_rng(SEED).random(int(moments_late.max()) + 1)
    picked = own[moments_late] <= np.quantile(own[np.unique(moments_late)], share)
    return Held(np.flatnonzero(~late), places[~picked], places[picked])


def mixed(test: int, held: Held, mixing: Mixing, raw_places: Any, groups: Places | None = None) -> Mixed:
    """Mix held-back rows in with the test rows, so that their places tell nothing.

    `raw_places` (and `groups`) are those of the test rows, the search rows and the pick rows, in this order: rows stand
    as in the raw table where the test rows do (`table`), by whole groups (`groups`), else anyhow.
    """
    import numpy as np

    count, rng = test + len(held.search) + len(held.pick), np.random.default_rng(SEED + 1)
    if mixing == "table":
        order = np.argsort(np.asarray(raw_places), kind="stable")
    elif mixing == "groups" and groups is not None:
        place = rng.permutation(int(groups.max()) + 1)
        order = np.lexsort((np.asarray(raw_places), place[groups]))
    else:
        order = rng.permutation(count)
    at = np.empty(count, dtype=np.intp)
    at[order] = np.arange(count)
    first = test + len(held.search)
    return Mixed(order, at[:test], np.sort(at[test:first]), np.sort(at[first:]))
