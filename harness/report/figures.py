"""The data behind each table and picture of a report: named columns and rows, also as CSV and JSON to take away.

Nothing here draws; `podium report --html` and plots for papers stand on the same data. Only what is best so far is kept
of a run's steps, so that a report of long runs stays small; every node is in `journal.jsonl`.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.rates.aggregate import Summary
from harness.rates.suite_rates import counts
from harness.report.series import RunSeries, plain
from harness.results.row import Row
from harness.results.rows import PHASES
from harness.untrusted import no_formula

NONE = "–"
MEDALS = ("gold", "silver", "bronze")
Value = str | float | int | bool | None


@dataclass(frozen=True)
class Data:
    """A table: units are in the names of its columns."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    def csv(self) -> str:
        """Return it as CSV; text that a spreadsheet would take for a formula gets an apostrophe before it."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([no_formula(value) for value in row] for row in self.rows)
        return text.getvalue()

    def json(self) -> str:
        """Return it as a JSON list of objects."""
        objects = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return json.dumps(objects, allow_nan=False, separators=(",", ":"))

    @property
    def csv_link(self) -> str:
        return _link("text/csv", self.csv())

    @property
    def json_link(self) -> str:
        return _link("application/json", self.json())


def by_competition(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return the rows of each competition, by its name."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.competition].append(row)
    return dict(sorted(found.items()))


def medals(summary: Summary) -> Data:
    """Per competition: how often which medal, among runs with an outcome on real data."""
    counted = ("competition", "runs", "gold", "silver", "bronze", "above_median", "valid", "leaking")
    columns = (*counted, "best_score", "percentile")
    return Data("medals", columns, tuple(_medals(name, rows) for name, rows in by_competition(summary.rows).items()))


def _medals(name: str, rows: Sequence[Row]) -> tuple[Value, ...]:
    counted = [row for row in rows if in_rates(row)]
    board = any(row.has_leaderboard for row in counted)
    scores = [row.score for row in counted if row.score is not None]
    best = max if rows[0].direction == "maximize" else min
    places = [row.percentile if row.valid else 0.0 for row in counted if row.percentile is not None or not row.valid]
    return (
        name,
        len(counted),
        *(sum(row.medal == medal for row in counted) if board else None for medal in MEDALS),
        sum(bool(row.above_median) for row in counted) if board else None,
        sum(bool(row.valid) for row in counted),
        sum(bool(row.leaks) and counts(row) for row in rows),
        best(scores, default=None),
        sum(place for place in places if place is not None) / len(places) if board and places else None,
    )


def in_rates(row: Row) -> bool:
    """Is the run in rates: an outcome of the agent, graded, on real data, of an edition without known leaks?"""
    return counts(row) and not row.leaks


def scores(summary: Summary) -> Data:
    """One run a row, with all that is known of how well it did."""
    fields = (
        *("competition", "run_id", "agent", "model", "seed", "status", "stand_in", "answers_shown", "egress"),
        *("edition", "metric", "direction"),
        *(
            "score",
            "validation",
            "validation_score",
            "gap",
            "best_node_score",
            "valid",
            "medal",
            "above_median",
            "percentile",
            "exceeds_percent",
        ),
    )
    return Data("scores", fields, tuple(tuple(_value(getattr(row, field)) for field in fields) for row in summary.rows))


def validation(summary: Summary) -> Data:
    """One run a row: how far its validation can be trusted."""
    fields = ("run_id", "validation", "validation_score", "score", "gap", "best_node", "best_node_score")
    columns = (*fields, "lost_by_choice")
    return Data(
        "validation", columns, tuple(tuple(_value(getattr(row, name)) for name in columns) for row in summary.rows)
    )


def lines(boards: Mapping[str, Mapping[str, float]]) -> Data:
    """The leaderboards' lines, as the grades hold them."""
    names = (*MEDALS, "median")
    rows: list[tuple[Value, ...]] = [(name, *(board[line] for line in names)) for name, board in sorted(boards.items())]
    return Data("leaderboard-lines", ("competition", *names), tuple(rows))


def progress(summary: Summary, series: Mapping[str, RunSeries]) -> Data:
    """The best validation score so far, where it changes and at the end, over steps and money."""
    found: list[tuple[Value, ...]] = []
    for row in summary.rows:
        best: float | None = None
        steps = series[row.run_id].steps if row.run_id in series else ()
        sign = 1 if row.direction == "maximize" else -1
        for place, step in enumerate(steps):
            improved = step.score is not None and (best is None or sign * step.score > sign * best)
            best = step.score if improved else best
            if best is not None and (improved or place == len(steps) - 1):
                # The number is the count of finished nodes, so that it grows also where several are tried at a time.
                found.append((row.competition, row.run_id, row.seed, place + 1, step.cost_usd, best))
    columns = ("competition", "run_id", "seed", "steps_done", "spent_usd", "best_validation_score")
    return Data("progress", columns, tuple(found))


def phases(summary: Summary) -> Data:
    """Per competition: mean seconds of a run in each phase; `wall` is the whole run."""
    found: list[tuple[Value, ...]] = []
    for name, rows in by_competition(summary.rows).items():
        ran = [row for row in rows if row.steps]
        if ran:
            means = [sum(row.phase_seconds.get(phase, 0.0) for row in ran) / len(ran) for phase in PHASES]
            walls = [row.wall_seconds for row in ran if row.wall_seconds is not None]
            waiting = sum(row.waiting_seconds for row in ran) / len(ran)
            found.append((name, len(ran), *means, waiting, sum(walls) / len(walls) if walls else None))
    columns = ("competition", "runs", *(f"{phase}_seconds" for phase in PHASES), "waiting_seconds", "wall_seconds")
    return Data("phases", columns, tuple(found))


def run_failures(summary: Summary) -> Data:
    """What runs came to, by kind, with one run's reason as an example."""
    kinds = Counter(_run_kind(row) for row in summary.rows)
    examples = {_run_kind(row): row for row in reversed(summary.rows)}
    return Data(
        "run-outcomes",
        ("outcome", "runs", "example_run", "example_reason"),
        tuple((kind, count, examples[kind].run_id, _reason(examples[kind])) for kind, count in kinds.most_common()),
    )


def _run_kind(row: Row) -> str:
    if row.valid is None:
        return f"{row.status.value.replace('_', ' ')}, not graded"
    what = "valid submission" if row.valid else "invalid submission" if row.submission_exists else "no submission"
    return f"{row.status.value.replace('_', ' ')}, {what}"


def _reason(row: Row) -> str:
    return plain(row.reason if row.valid else row.invalid_because or row.reason)


def node_failures(series: Mapping[str, RunSeries]) -> Data:
    """What nodes came to, by kind, with the last line of one's output as an example."""
    steps = [(run.run_id, step) for run in series.values() for step in run.steps]
    kinds = Counter(step.failure or "good" for _, step in steps)
    examples = {step.failure or "good": (run_id, step) for run_id, step in reversed(steps)}
    rows = ((kind, count, examples[kind][0], examples[kind][1].said) for kind, count in kinds.most_common())
    return Data("node-outcomes", ("outcome", "nodes", "example_run", "example_said"), tuple(rows))


def costs(summary: Summary) -> Data:
    """Per competition: what its runs took, all together."""
    found = [_cost(name, rows) for name, rows in by_competition(summary.rows).items()]
    tokens = ("input_tokens", "cached_input_tokens", "output_tokens")
    return Data(
        "costs", ("competition", "runs", "steps", "wall_seconds", *tokens, "cost_usd", "working_seconds"), tuple(found)
    )


def _cost(name: str, rows: Sequence[Row]) -> tuple[Value, ...]:
    wall = sum(row.wall_seconds or 0.0 for row in rows)
    steps, tokens_in = sum(row.steps for row in rows), sum(row.input_tokens for row in rows)
    cached = sum(row.cached_input_tokens for row in rows)
    tokens_out, paid = sum(row.output_tokens for row in rows), sum(row.cost_usd for row in rows)
    working = sum(row.working_seconds or 0.0 for row in rows)
    return name, len(rows), steps, round(wall, 3), tokens_in, cached, tokens_out, round(paid, 6), round(working, 3)


def _value(value: object) -> Value:
    return value if value is None or isinstance(value, (bool, int, float)) else plain(str(value))


def _link(kind: str, content: str) -> str:
    return f"data:{kind};charset=utf-8;base64,{base64.b64encode(content.encode('utf-8', 'replace')).decode()}"
