"""Which competitions a suite has, as rates and leaderboards count it; nothing here reads a record.

`mle-bench` is here what MLE-bench's table calls All: low, medium and high, not the seven for development.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from harness.errors import PodiumError

if TYPE_CHECKING:
    from harness.config import Settings
    from harness.specs.catalogue import Catalogue
    from harness.specs.competition import Competition

Suites = Mapping[str, frozenset[str]]
MLE_BENCH = "mle-bench"
SPLITS = ("mle-bench/low", "mle-bench/medium", "mle-bench/high")


def suites_now(settings: Settings) -> Suites:
    """Return the suites of all competitions that these settings reach. A spec that is broken is in none."""
    from harness.specs import catalogue

    return of(_loadable(catalogue.of(settings)))


def of(competitions: Iterable[Competition]) -> Suites:
    """Return the ids in each suite, by the suite's name."""
    from harness.specs.competition import suites

    found = {name: frozenset(item.id for item in items) for name, items in suites(competitions).items()}
    if MLE_BENCH in found:
        found[MLE_BENCH] = frozenset().union(*(found.get(split, frozenset()) for split in SPLITS))
    return found


def _loadable(known: Catalogue) -> Iterable[Competition]:
    for id in known.ids():
        try:
            yield known.load(id)
        except PodiumError:  # adding runs up must not fail for a competition that has none
            continue
