"""What `podium compare` prints. Names and texts of runs are untrusted, so they are escaped."""

from __future__ import annotations

import typer
from rich.markup import escape
from rich.table import Table

from harness.comparing.compare import METRICS
from harness.comparing.comparison import Comparison, MetricRow, Values
from harness.report.figures import NONE
from harness.verbs.terminal import put

SHOWN_MOVERS = 12
SHOWN_LEFT_OUT = 10
COLOURS = {"better": "green", "worse": "red", "can't tell": "yellow"}
SHARES = ("any_medal", "valid_submission", "percentile", "score_better")
PAIRED = {
    "competition": "paired by competition, seeds exchangeable within it",
    "seed": "paired by competition and seed: both groups share their randomness",
}


def show(comparison: Comparison, *, movers: int = SHOWN_MOVERS) -> None:
    """The metrics, the biggest movers, what is not compared and what else differs, the prompts, the verdict."""
    a, b = comparison.a, comparison.b
    for name, side in (("A", a), ("B", b)):
        used = f"{side.compared} of {side.runs} runs compared"
        if side.flagged:
            used += f", {side.flagged} of them flagged for cheating (--without-flagged leaves them out)"
        network = "" if side.egress == "none" else f", egress {side.egress}"
        typer.echo(f"{name}  {side.group}: {side.agent}, {side.model}, prompts {side.prompt_set}{network}; {used}")
    typer.echo(f"{len(comparison.competitions)} competitions, {PAIRED[comparison.pairing]}")
    _print(_metrics(comparison))
    _print(_movers(comparison, movers))
    hidden = len(comparison.competitions) - movers
    if hidden > 0:
        typer.echo(f"{hidden} more competitions moved less: --json has all")
    for line in (*not_compared(comparison), *other_settings(comparison)):
        typer.echo(line)
    _prompts(comparison)
    typer.echo(f"\nB against A: {comparison.verdict}" + more_seeds(comparison))


def number(value: float, unit: str, *, signed: bool = False) -> str:
    """A value with digits that suit its unit."""
    digits = {"%": 1, "USD": 3, "s": 1}[unit]
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return text.replace("-", "−")


def _metrics(comparison: Comparison) -> Table:
    table = _table("over competitions", "A", "B", "B − A", "95 % interval", "p", "p corrected", "verdict", "runs")
    for row in comparison.metrics:
        verdict = row.verdict + (f" (about {row.more_seeds} more seeds)" if row.more_seeds else "")
        unit = "pp" if row.unit == "%" else row.unit
        table.add_row(
            METRICS[row.name].title,
            *(number(value, row.unit) for value in (row.a, row.b)),
            f"{number(row.difference, row.unit, signed=True)} {unit}",
            interval(row),
            *map(probability, (row.p, row.p_corrected)),
            f"[{COLOURS[row.verdict]}]{verdict}[/]",
            f"{row.runs_a} + {row.runs_b}",
        )
    return table


def probability(p: float) -> str:
    """A p, as papers write it."""
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def interval(row: MetricRow) -> str:
    """A metric's interval."""
    if row.low is None or row.high is None:
        return NONE
    return " … ".join(number(value, row.unit, signed=True) for value in (row.low, row.high))


def _movers(comparison: Comparison, most: int) -> Table:
    columns = [name for name in SHARES if any(name in row.values for row in comparison.competitions)]
    table = _table("biggest movers", "seeds", "score A", "score B", *(METRICS[name].title for name in columns))
    for row in comparison.competitions[:most]:
        scores = (NONE if value is None else f"{value:.5f}" for value in (row.median_score_a, row.median_score_b))
        cells = (values_text(row.values.get(name)) for name in columns)
        table.add_row(escape(row.competition), f"{len(row.seeds_a)} + {len(row.seeds_b)}", *scores, *cells)
    return table


def values_text(values: Values | None) -> str:
    """A metric's values in one competition."""
    return NONE if values is None else f"{number(values.a, '%')} → {number(values.b, '%')}"


def not_compared(comparison: Comparison) -> list[str]:
    """What is not compared, and why, a line each."""
    lines = [f"{one.competition} is not compared: {one.reason}" for one in comparison.refused]
    for name, only in (("A", comparison.only_in_a), ("B", comparison.only_in_b)):
        if only:
            lines.append(f"not compared, only in {name}: {', '.join(only)}")
    lines += [f"{name}: seeds {words}" for name, words in comparison.unmatched_seeds.items()]
    left = [f"not compared: {one.group}/{one.run_id}: {one.reason}" for one in comparison.left_out]
    more = [f"and {len(left) - SHOWN_LEFT_OUT} more runs: --json has all"] if len(left) > SHOWN_LEFT_OUT else []
    return [*lines, *left[:SHOWN_LEFT_OUT], *more]


def other_settings(comparison: Comparison) -> list[str]:
    """What differs beside the prompts, a line each."""
    return [
        f"not only the prompts differ: {one.name}: {_one_of(one.a)} in A, {_one_of(one.b)} in B"
        for one in comparison.settings
    ]


def _one_of(values: tuple[object, ...]) -> str:
    return " or ".join(map(str, values)) or "nothing"


def _prompts(comparison: Comparison) -> None:
    change = comparison.prompts
    if change.same:
        typer.echo("the prompts are the same")
    elif change.diff is None:
        typer.echo(f"the prompts differ: {change.note}")
    else:
        from rich.syntax import Syntax

        typer.echo("the prompts differ:")
        put(Syntax(change.diff, "diff", theme="ansi_dark", background_color="default", word_wrap=True))


def more_seeds(comparison: Comparison) -> str:
    """How many seeds would tell, as the end of the verdict's sentence."""
    needed = [row.more_seeds for row in comparison.metrics if row.more_seeds and METRICS[row.name].is_outcome]
    if comparison.verdict != "can't tell":
        return ""
    if not needed:
        return ". How many seeds would tell: podium power"
    return f". With {min(needed)} more seeds 80 % of comparisons would tell such a difference; others: podium power"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", justify="left" if place == 0 else "right")
    return table


def _print(table: Table) -> None:
    put(table)
    typer.echo("")
