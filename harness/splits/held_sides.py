"""The two sides of a search view: train rows without those held back, and test rows with them mixed in.

What is written of a test row is written of a held-back one: the columns that test rows have, and no others. Only the
truth of the two parts holds their labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from harness.splits.holding import Mixed, mixed
from harness.splits.sides import Division, GroupDivision, Renumbering, Sides

if TYPE_CHECKING:
    import pandas as pd

    from harness.splits.holding import Places


class ViewSides(NamedTuple):
    """A search view's rows. The other three have, as their test rows, one part of the view's: with its labels, or not.

    `test` are the true test rows, in the order of the ordinary ones.
    """

    view: Sides
    search: Sides
    pick: Sides
    test: Sides


def hold_back(
    division: Division, ordinary: Sides, renumber: Mapping[str, Renumbering], targets: Sequence[str]
) -> ViewSides:
    """Return the view's sides; ValueError where train rows can't stand among the test rows."""
    import numpy as np
    import pandas as pd

    train, test = ordinary.raw_train, ordinary.raw_test
    if missing := [name for name in test.columns if name not in train.columns]:
        raise ValueError(f"test rows have a column {missing[0]!r} that train rows lack")
    held = division.hold(train, targets)
    search, pick = train.iloc[held.search], train.iloc[held.pick]
    rows = pd.concat([test, search[test.columns], pick[test.columns]])
    groups = division.groups(rows) if isinstance(division, GroupDivision) else None
    mixture = mixed(len(test), held, division.mixing, rows.index.to_numpy(), groups)
    kept, shown = train.iloc[held.kept], rows.iloc[mixture.order]
    view = Sides(kept, shown, kept, shown)
    for column, renumbering in renumber.items():
        view = renumbering.apply(column, view)
    labelled = pd.concat([search, pick])
    first = len(test)

    def part(places: Places, truth: pd.DataFrame | None) -> Sides:
        named = view.test.iloc[places]
        if truth is not None:
            own = truth.iloc[mixture.order[places] - first]
            named = own.assign(**{column: named[column].to_numpy() for column in renumber})
        return Sides(view.train, named, view.raw_train, named)

    _refuse_lost(mixture, np.arange(len(rows)))
    return ViewSides(view, part(mixture.search, labelled), part(mixture.pick, labelled), part(mixture.test, None))


def _refuse_lost(mixture: Mixed, every: Places) -> None:
    """Every row has one place: a slip here would score one row's prediction against another's label."""
    import numpy as np

    places = np.sort(np.concatenate([mixture.test, mixture.search, mixture.pick]))
    assert np.array_equal(places, every), "held-back and test rows are mixed up"
