"""Two groups → `comparison.json`: is B better than A, worse, or can't one tell?

Paired by competition; seeds are exchangeable replicates within it, and paired one to one only where every run of both
groups shares its randomness (the offline coder, a replay). A verdict takes both: the corrected p of the test on these
competitions, and an interval over competitions that excludes 0. Sees records only; whatever can't be compared is named.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.comparing import compared_runs, prompt_diff
from harness.comparing.compared_runs import Outcome
from harness.comparing.comparison import Comparison, CompetitionRow, MetricRow, Pairing, Values, Verdict
from harness.errors import UserError
from harness.files import write_json
from harness.results.layout import GroupFolder

ALPHA = 0.05
LEAST_DIFFERENCE = 0.5  # percentage points, below which nobody asks for more seeds
MARGIN = re.compile(r"cannot-rule-out-worse:(\d+(?:\.\d+)?)pp")
MEDALS = ("gold", "silver", "bronze")
Direction = Literal["higher", "lower"]
Read = Callable[[Outcome], float | None]


@dataclass(frozen=True)
class Metric:
    """Something to read of an outcome. `is_outcome`: it tells how well the agent did, not what that took."""

    name: str
    title: str
    unit: Literal["%", "USD", "s"]
    read: Read
    better: Direction = "higher"
    rate: bool = False
    wins: bool = False
    is_outcome: bool = True


def _with_board(counts: Callable[[Outcome], bool]) -> Read:
    return lambda one: None if one.grade.thresholds is None else 100.0 * counts(one)


def _percentile(one: Outcome) -> float | None:
    if one.grade.thresholds is None:
        return None
    return one.grade.percentile if one.grade.valid else 0.0


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("any_medal", "medal rate", "%", _with_board(lambda one: one.grade.medal in MEDALS), rate=True),
        Metric("valid_submission", "valid submissions", "%", lambda one: 100.0 * one.grade.valid, rate=True),
        Metric("above_median", "above median", "%", _with_board(lambda one: bool(one.grade.above_median)), rate=True),
        Metric("percentile", "percentile", "%", _percentile),
        Metric("score_better", "share with the better score", "%", lambda one: one.key, wins=True),
        Metric("cost_usd", "cost a run", "USD", lambda one: one.record.usage.cost_usd, "lower", is_outcome=False),
        Metric("wall_seconds", "time a run", "s", lambda one: one.record.wall_seconds, "lower", is_outcome=False),
    )
}


@dataclass(frozen=True)
class Pair:
    """One competition's outcomes of both groups."""

    competition: str
    a: Sequence[Outcome]
    b: Sequence[Outcome]


def compare(
    folder_a: GroupFolder,
    folder_b: GroupFolder,
    *,
    metrics: Sequence[str] = tuple(METRICS),
    pairing: Pairing | None = None,
    prompt_places: Sequence[Path] = (),
    members: Sequence[str] | None = None,
    without_flagged: bool = False,
) -> Comparison:
    """Compare two groups, of `members` only if given; raise `UserError` when nothing of them can be."""
    check(metrics)
    a, b = (compared_runs.read(folder, members, without_flagged=without_flagged) for folder in (folder_a, folder_b))
    chosen = pairing or ("seed" if a.shares_randomness and b.shares_randomness else "competition")
    names_a, names_b = ({one.record.competition for one in group.outcomes} for group in (a, b))
    both = sorted(names_a & names_b)
    refused = compared_runs.refused(a, b, both)
    kept = [name for name in both if name not in {one.competition for one in refused}]
    pairs = [Pair(name, a.of(name), b.of(name)) for name in kept]
    unmatched = {pair.competition: words for pair in pairs if (words := _unmatched(pair))}
    if chosen == "seed":
        pairs = [pair for pair in map(_same_seeds, pairs) if pair.a]
    if not pairs:
        why = [f"{one.competition}: {one.reason}" for one in refused]
        why += [f"{one.run_id} of {one.group}: {one.reason}" for one in (*a.left_out, *b.left_out)]
        more = "; ".join(dict.fromkeys(why[:5])) or f"they share no competition{' and seed' if unmatched else ''}"
        raise UserError(f"nothing of {a.name} and {b.name} can be compared: {more}")
    rows = _corrected(list(_rows(pairs, metrics, chosen)))
    side_a, side_b = (group.side(sum(len(_of(pair, group is a)) for pair in pairs)) for group in (a, b))
    return Comparison(
        a=side_a,
        b=side_b,
        verdict=_overall(rows),
        pairing=chosen,
        metrics=tuple(rows),
        competitions=tuple(sorted((_competition(pair) for pair in pairs), key=lambda row: -abs(row.moved))),
        only_in_a=tuple(sorted(names_a - names_b)),
        only_in_b=tuple(sorted(names_b - names_a)),
        unmatched_seeds=unmatched,
        left_out=(*a.left_out, *b.left_out),
        refused=tuple(refused),
        settings=tuple(compared_runs.settings(a, b)),
        prompts=prompt_diff.change(side_a, side_b, [folder_a.prompts, folder_b.prompts, *prompt_places]),
    )


def check(metrics: Sequence[str] = (), wishes: Sequence[str] = ()) -> None:
    """Refuse metrics and gates that there are not, before anything is run for them; raise `UserError`."""
    if unknown := [name for name in metrics if name not in METRICS]:
        raise UserError(f"no metric {unknown[0]!r}; there are: {', '.join(METRICS)}")
    if bad := [wish for wish in wishes if wish != "worse" and not MARGIN.fullmatch(wish)]:
        raise UserError(f"--fail-on {bad[0]}: say worse, or cannot-rule-out-worse:2pp (percentage points)")


def write(comparison: Comparison, path: Path) -> None:
    """Write `comparison.json`, atomically."""
    write_json(path, comparison.model_dump(mode="json"))


def gates(comparison: Comparison, wishes: Sequence[str]) -> list[str]:
    """Return what fails: `worse`, or `cannot-rule-out-worse:2pp`; raise `UserError` for another wish.

    `worse` reads every metric of how well the agent did; the other one the rates of medals and valid submissions, or
    those of the metrics compared that are percentages where neither is.
    """
    check(wishes=wishes)
    failed = []
    for wish in wishes:
        if margin := MARGIN.fullmatch(wish):
            failed += list(_not_ruled_out(comparison, float(margin[1])))
        else:
            failed += [f"{row.name} is worse" for row in comparison.metrics if _is_worse(row)]
    return failed


def _not_ruled_out(comparison: Comparison, margin: float) -> Iterator[str]:
    percents = [row for row in comparison.metrics if row.unit == "%" and METRICS[row.name].is_outcome]
    rates = [row for row in percents if row.name in ("any_medal", "valid_submission")] or percents
    if not rates:
        yield "none of the metrics compared is a percentage"
    for row in rates:
        if row.low is None or row.low < -margin:
            low = "not known" if row.low is None else f"{row.low:+.1f}"
            yield f"{row.name} may be worse by more than {margin:g} pp: its interval starts at {low}"


def _is_worse(row: MetricRow) -> bool:
    return row.verdict == "worse" and METRICS[row.name].is_outcome


def _overall(rows: Sequence[MetricRow]) -> Verdict:
    """Worse if anything of how well the agent did is; better if something is and nothing is worse."""
    told = {row.verdict for row in rows if METRICS[row.name].is_outcome}
    return "worse" if "worse" in told else "better" if "better" in told else "can't tell"


def _of(pair: Pair, first: bool) -> Sequence[Outcome]:
    return pair.a if first else pair.b


def _seeds(outcomes: Sequence[Outcome]) -> tuple[int, ...]:
    return tuple(one.record.seed for one in outcomes)


def _unmatched(pair: Pair) -> str | None:
    a, b = set(_seeds(pair.a)), set(_seeds(pair.b))
    said = [
        f"only in {name}: {', '.join(map(str, sorted(seeds)))}" for name, seeds in (("A", a - b), ("B", b - a)) if seeds
    ]
    return "; ".join(said) or None


def _same_seeds(pair: Pair) -> Pair:
    common = set(_seeds(pair.a)) & set(_seeds(pair.b))
    a, b = ([one for one in side if one.record.seed in common] for side in (pair.a, pair.b))
    return Pair(pair.competition, a, b)


def _cells(pair: Pair, metric: Metric, pairing: Pairing) -> tuple[list[float], list[float]] | None:
    """A metric's values in one competition; None where it can't be read, or a percentile is not known."""
    read = [[metric.read(one) for one in side] for side in (pair.a, pair.b)]
    if metric.name == "percentile" and any(value is None for side in read for value in side):
        return None
    if pairing == "seed":
        whole = [pair for pair in zip(*read, strict=True) if None not in pair]
        read = [[one for one, _ in whole], [other for _, other in whole]]
    a, b = ([value for value in side if value is not None] for side in read)
    return (a, b) if a and b else None


def _rows(pairs: Sequence[Pair], metrics: Sequence[str], pairing: Pairing) -> Iterator[MetricRow]:
    """The metrics that can be read anywhere; costs of nothing on both sides are not one."""
    readable = []
    for metric in (METRICS[name] for name in metrics):
        cells = [found for pair in pairs if (found := _cells(pair, metric, pairing)) is not None]
        if cells and not (metric.name == "cost_usd" and all(value == 0 for a, b in cells for value in (*a, *b))):
            readable.append((metric, cells))
    return (_row(metric, cells, pairing, ALPHA / len(readable)) for metric, cells in readable)


def _row(
    metric: Metric, cells: Sequence[tuple[list[float], list[float]]], pairing: Pairing, strictest: float
) -> MetricRow:
    """One metric's row; its verdict waits for the correction, which asks at most for a p below `strictest`."""
    import numpy as np

    from harness.comparing.inference import Cluster, Reading, effects, interval, p_value
    from harness.comparing.power import model, seeds_needed

    clusters = [Cluster(np.array(a, dtype=float), np.array(b, dtype=float)) for a, b in cells]
    bound = 100.0 if metric.unit == "%" else None
    how = Reading(wins=metric.wins, rate=metric.rate, bound=bound, paired=pairing == "seed")
    difference = round(float(effects(clusters, how).mean()), 9) + 0.0  # no −0.0, nor what adding up leaves of 0
    found, between = p_value(clusters, how), interval(clusters, how)
    fitted = model(clusters, how) if metric.unit == "%" and abs(difference) >= LEAST_DIFFERENCE else None
    needed = None if fitted is None else seeds_needed(fitted, difference, alpha=strictest)
    now = min(min(len(a), len(b)) for a, b in cells)
    wins = 50 + difference / 2
    return MetricRow(
        name=metric.name,
        unit=metric.unit,
        better=metric.better,
        competitions=len(cells),
        runs_a=sum(len(a) for a, _ in cells),
        runs_b=sum(len(b) for _, b in cells),
        a=100 - wins if metric.wins else float(np.mean([one.a.mean() for one in clusters])),
        b=wins if metric.wins else float(np.mean([one.b.mean() for one in clusters])),
        difference=difference,
        low=None if between is None else between[0],
        high=None if between is None else between[1],
        p=found.p,
        p_corrected=found.p,
        test=found.name,
        verdict="can't tell",
        more_seeds=None if needed is None or needed <= now else needed - now,
    )


def _corrected(rows: Sequence[MetricRow]) -> list[MetricRow]:
    from harness.comparing.inference import holm

    corrected = holm([row.p for row in rows])
    return [_judged(row.model_copy(update={"p_corrected": p})) for row, p in zip(rows, corrected, strict=True)]


def _judged(row: MetricRow) -> MetricRow:
    if row.p_corrected >= ALPHA or row.low is None or row.high is None or row.low <= 0 <= row.high:
        return row
    good = (row.difference > 0) == (row.better == "higher")
    return row.model_copy(update={"verdict": "better" if good else "worse", "more_seeds": None})


def _competition(pair: Pair) -> CompetitionRow:
    """One competition's row; it moved by its percentile where there is one, else by how often scores are better."""
    values = {metric.name: found for metric in METRICS.values() if (found := _values(pair, metric)) is not None}
    moved = values.get("percentile") or values["score_better"]
    scores = [[one.grade.score for one in side if one.grade.score is not None] for side in (pair.a, pair.b)]
    medians = [statistics.median(side) if side else None for side in scores]
    return CompetitionRow(
        competition=pair.competition,
        edition=pair.a[0].grade.edition,
        seeds_a=_seeds(pair.a),
        seeds_b=_seeds(pair.b),
        median_score_a=medians[0],
        median_score_b=medians[1],
        moved=moved.difference,
        values=values,
    )


def _values(pair: Pair, metric: Metric) -> Values | None:
    cells = _cells(pair, metric, "competition")
    if cells is None:
        return None
    a, b = cells
    if metric.wins:
        won = sum((y > x) - (y < x) for x in a for y in b) * 100 / (len(a) * len(b))
        return Values(a=50 - won / 2, b=50 + won / 2, difference=won)
    means = statistics.fmean(a), statistics.fmean(b)
    return Values(a=means[0], b=means[1], difference=means[1] - means[0])
