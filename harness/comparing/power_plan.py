"""`podium power`: a group's own outcomes → how many seeds a side a comparison with it would take."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from harness.comparing import compared_runs
from harness.comparing.compare import METRICS, Metric
from harness.errors import UserError
from harness.results.layout import GroupFolder

TRIED = (1, 2, 3, 5, 8, 12, 16, 24, 32, 48, 64)


class PowerPlan(BaseModel):
    """What `podium power --json` prints: shares of simulated comparisons that find the difference."""

    model_config = ConfigDict(frozen=True)
    group: str
    metric: str
    competitions: int
    runs: int
    rate: float
    difference: float
    wanted: float
    power_by_seeds: dict[int, float]
    seeds_needed: int | None
    sentence: str


def plan(
    folder: GroupFolder,
    metric: str,
    difference: float,
    *,
    wanted: float,
    metrics_read: int = 1,
    members: Sequence[str] | None = None,
) -> PowerPlan:
    """Simulate comparisons of the group with one that is better by `difference` percentage points.

    Raise `UserError` where the metric can't be simulated from what the group holds.
    """
    import numpy as np

    from harness.comparing import power
    from harness.comparing.inference import Cluster, Reading

    chosen = METRICS.get(metric)
    if chosen is None or chosen.unit != "%" or chosen.wins:
        known = ", ".join(name for name, one in METRICS.items() if one.unit == "%" and not one.wins)
        raise UserError(f"--metric {metric}: power is known for {known}")
    cells = _cells(folder, chosen, members)
    fitted = power.model(
        [Cluster(np.array(values), np.array([])) for values in cells], Reading(rate=chosen.rate, bound=100.0)
    )
    if fitted is None:
        raise UserError(f"{folder.name} has no two seeds of a competition with a {metric}: run more, --seeds 3")
    alpha = power.ALPHA / metrics_read
    needed = power.seeds_needed(fitted, difference, wanted=wanted, alpha=alpha)
    tried = [seeds for seeds in TRIED if needed is None or seeds <= 2 * needed]
    rate = float(np.mean([np.mean(values) for values in cells]))
    runs = sum(map(len, cells))
    return PowerPlan(
        group=folder.name,
        metric=metric,
        competitions=len(cells),
        runs=runs,
        rate=rate,
        difference=difference,
        wanted=wanted,
        power_by_seeds={seeds: power.power(fitted, seeds, difference, alpha=alpha) for seeds in tried},
        seeds_needed=needed,
        sentence=_sentence(len(cells), chosen, rate, difference, wanted, needed, min(map(len, cells))),
    )


def _cells(folder: GroupFolder, metric: Metric, members: Sequence[str] | None) -> list[list[float]]:
    found: dict[str, list[float]] = {}
    for one in compared_runs.read(folder, members).outcomes:
        value = metric.read(one)
        if value is not None:
            found.setdefault(one.record.competition, []).append(value)
    if not found:
        raise UserError(
            f"{folder.name} has no run with a {metric.name}: stand-in, leaking and missing runs have none, "
            "nor have competitions without a leaderboard. Try: --metric valid_submission"
        )
    return list(found.values())


def _sentence(
    competitions: int, metric: Metric, rate: float, difference: float, wanted: float, needed: int | None, now: int
) -> str:
    from harness.comparing.power import MOST_SEEDS

    start = f"From {rate:.1f} % ({metric.title}) over {competitions} competitions, a difference of {difference:g} pp"
    if needed is None:
        return f"{start} takes more than {MOST_SEEDS} seeds a side to be found in {100 * wanted:.0f} % of comparisons."
    more = f", {needed - now} more than there are" if needed > now else ""
    return f"{start} takes {needed} seeds a side{more}, to be found in {100 * wanted:.0f} % of comparisons."
