"""A group's records → `report.html`: one file that works offline, prints, and can be mailed.

Pictures are inline SVG and the page has no script at all: it is some 50 times smaller than one that carries a plotting
library, prints as it looks, and a content security policy can forbid every script and every request. What agents wrote
is escaped (Jinja's autoescape, and svg.py's for pictures); the policy is the second wall. Nothing is judged or
computed here that `aggregate`, `suite_rates` or `figures` did not.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.files import write_atomically
from harness.rates.aggregate import Summary
from harness.report import figures, rates, resources, series, svg
from harness.report.figures import NONE, Data, by_competition, in_rates
from harness.report.resources import UsePoint
from harness.report.series import RunSeries
from harness.results.layout import GroupFolder
from harness.results.row import Row
from harness.results.rows import PHASES
from harness.watch import samples

TEMPLATE, STYLE = "report.html.j2", "report.css"
COLOURS = 6
MOST_CURVES = 24  # of a competition in one picture: more could not be told apart


def write(group: GroupFolder, summary: Summary) -> None:
    """Write the page, atomically."""
    write_atomically(group.report_html, render(summary, series.read(group)).encode("utf-8", "replace"))


def render(summary: Summary, runs: Mapping[str, RunSeries]) -> str:
    """Return the page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    folder = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(number=number, count=count, clock=clock, usd=usd, size=size)
    style = (folder / STYLE).read_text(encoding="utf-8")
    return environment.get_template(TEMPLATE).render(
        style=Markup(style),  # noqa: S704 - our own file
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        summary=summary,
        **_heading(summary, runs),
        **rates.section(summary),
        **_medals(summary),
        **_scores(summary, runs),
        **_progress(summary, runs),
        **_phases(summary),
        **_resources(summary, runs),
        **_outcomes(summary, runs),
        **_costs(summary),
    )


def number(value: float | None, digits: int = 5) -> str:
    """A number, or a dash where there is none."""
    if value is None:
        return NONE
    return f"{value:,.{digits}f}" if abs(value) < 1e9 else f"{value:.5g}"


def count(value: int | None) -> str:
    """A count, or a dash where there is none."""
    return NONE if value is None else f"{value:,}"


def size(value: int | None) -> str:
    """A size, or a dash where it is not known."""
    if value is None:
        return NONE
    gib = value / resources.GIB
    return f"{gib:,.2f} GiB" if gib >= 1 else f"{gib * 1024:.1f} MiB"


def clock(seconds: float) -> str:
    """Seconds as people say them."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60:,} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min {rest:02} s"


def usd(value: float) -> str:
    """Money."""
    return f"{value:,.2f} USD"


def _heading(summary: Summary, runs: Mapping[str, RunSeries]) -> dict[str, Any]:
    def different(values: Sequence[str]) -> list[str]:
        return sorted({series.plain(value) for value in values})

    hardware = different([run.hardware for run in runs.values()])
    facts = [
        ("agent", different([row.agent for row in summary.rows])),
        ("model", different([row.model for row in summary.rows])),
        ("prompts", different([run.prompts for run in runs.values()])),
        ("validation", different([row.validation for row in summary.rows])),
        ("egress", different([row.egress for row in summary.rows])),
        ("edition", different([row.edition for row in summary.rows])),
        ("seeds", [", ".join(map(str, sorted({row.seed for row in summary.rows})))]),
        ("machine", hardware),
        ("candidate isolation", different([f"{row.candidate_isolation} ({row.agent})" for row in summary.rows])),
    ]
    return {"hardware": hardware, "facts": facts, "boards": by_competition(summary.rows)}


def _medals(summary: Summary) -> dict[str, Any]:
    data = figures.medals(summary)
    *totals, leaking = (sum(value for row in data.rows if isinstance(value := row[at], int)) for at in range(1, 8))
    return {"medals": data, "medal_totals": totals, "leaking": leaking}


def _scores(summary: Summary, runs: Mapping[str, RunSeries]) -> dict[str, Any]:
    boards = {row.competition: lines for row in summary.rows if (lines := _lines(row, runs))}
    strips = [_strip(name, rows, boards.get(name)) for name, rows in by_competition(summary.rows).items()]
    placed = [row for row in summary.rows if in_rates(row) and row.percentile is not None]
    marks = [svg.Mark(row.percentile, _kind(row), f"{row.run_id}: {row.percentile:.1f}") for row in placed]  # type: ignore[arg-type]
    return {
        "scores": figures.scores(summary),
        "validation": figures.validation(summary),
        "lines": figures.lines(boards),
        "percentiles": svg.strip(marks, [], "percentile of each run", within=(0.0, 100.0)),
        "strips": [card for card in strips if card.picture],
    }


def _lines(row: Row, runs: Mapping[str, RunSeries]) -> dict[str, float] | None:
    return None if row.stand_in or row.run_id not in runs else runs[row.run_id].lines


def _strip(name: str, rows: Sequence[Row], board: Mapping[str, float] | None) -> SimpleNamespace:
    scored = [row for row in rows if row.score is not None]
    marks = [svg.Mark(row.score, _kind(row), f"{row.run_id}: {row.score:.5f}") for row in scored]  # type: ignore[arg-type]
    lines = [svg.Line(score, kind, kind) for kind, score in (board or {}).items()] if scored else []
    without = f"; {len(rows) - len(scored)} of {len(rows)} runs have no score" if len(scored) < len(rows) else ""
    hints = dict.fromkeys(row.percentile_note for row in scored if row.percentile is not None and row.percentile_note)
    places = "".join(f"; percentile: {hint}" for hint in hints)
    picture = svg.strip(marks, lines, f"test scores of {name}")
    return SimpleNamespace(title=name, note=_scoring(rows[0]) + without + places, picture=picture)


def _scoring(row: Row) -> str:
    return f"{row.metric}, {'higher' if row.direction == 'maximize' else 'lower'} is better"


def _kind(row: Row) -> str:
    if row.stand_in:
        return "stand-in"
    if not row.has_leaderboard or row.answers_shown:
        return "plain"
    if row.medal in figures.MEDALS:
        return str(row.medal)
    return "median" if row.above_median else "below"


def _progress(summary: Summary, runs: Mapping[str, RunSeries]) -> dict[str, Any]:
    data = figures.progress(summary, runs)
    steps, money = (_curves(summary, data, column) for column in (3, 4))
    return {"progress": data, "over_steps": steps, "over_money": money}


def _curves(summary: Summary, data: Data, column: int) -> list[SimpleNamespace]:
    """Return a card for each competition: a curve a run, over the column that is asked for."""
    points: dict[str, list[tuple[float, float]]] = {}
    for row in data.rows:
        if row[column] is not None:
            points.setdefault(str(row[1]), []).append((row[column], row[5]))  # type: ignore[arg-type]
    cards = []
    for name, rows in by_competition(summary.rows).items():
        drawn = [(row, f"c{place % COLOURS}") for place, row in enumerate(rows) if row.run_id in points]
        drawn = [(row, kind) for row, kind in drawn if points[row.run_id][-1][0] > 0]  # what was free has no such line
        curves = [svg.Curve(points[row.run_id], kind, row.run_id) for row, kind in drawn]
        money = column == 4
        picture = svg.steps(curves, f"score of {name}", "US dollars" if money else "steps", money=money)
        key = [(f"point {kind}", _short_name(row, rows)) for row, kind in drawn] if len(drawn) <= COLOURS else []
        if picture:
            cards.append(SimpleNamespace(title=name, note=_scoring(rows[0]), picture=picture, key=key))
    return cards


def _short_name(row: Row, others: Sequence[Row]) -> str:
    """Name a run by what tells it from the others of its competition."""
    agent = f"{row.entrant} " if len({other.entrant for other in others}) > 1 else ""
    model = f"{row.model} " if len({other.model for other in others}) > 1 else ""
    return f"{agent}{model}seed {row.seed}"


def _phases(summary: Summary) -> dict[str, Any]:
    data = figures.phases(summary)
    shares = [(row, _pieces(row)) for row in data.rows]
    longest = max((sum(length for _, length in pieces) for _, pieces in shares), default=0.0)
    rows = []
    for row, pieces in shares:
        parts = [(kind, length, f"{kind}: {length:.1f} s") for kind, length in pieces]
        picture = svg.bar(parts, longest, f"time by phase of {row[0]}")
        rows.append(SimpleNamespace(name=row[0], picture=picture, values=row[2:]))
    names = [column.removesuffix("_seconds") for column in data.columns[2:]]
    key = [(kind, kind) for kind in (*PHASES, "waiting", "other")]
    return {"phases": data, "phase_rows": rows, "phase_columns": names, "phase_key": key}


def _pieces(row: Sequence[Any]) -> list[tuple[str, float]]:
    phases = dict(zip(PHASES, row[2:], strict=False))
    waiting, wall = row[-2], row[-1]
    phases["model"] = max(phases["model"] - waiting, 0.0)
    spent = sum(phases.values()) + waiting
    return [*phases.items(), ("waiting", waiting), ("other", max((wall or 0.0) - spent, 0.0))]


def _resources(summary: Summary, runs: Mapping[str, RunSeries]) -> dict[str, Any]:
    """Return the table, and a card for each competition and measure: a curve a run, of the first so many runs."""
    cards = []
    for name, rows in by_competition(summary.rows).items():
        drawn = [(row, _use(runs[row.run_id])) for row in rows if row.run_id in runs][:MOST_CURVES]
        drawn = [(row, points) for row, points in drawn if points]
        coloured = [(row, points, f"c{place % COLOURS}") for place, (row, points) in enumerate(drawn)]
        key = [(f"point {kind}", _short_name(row, rows)) for row, _, kind in coloured] if len(drawn) <= COLOURS else []
        left = f"{len(drawn)} of {len(rows)} runs" if len(drawn) < len(rows) else ""
        for picture in resources.pictures([(points, kind, row.run_id) for row, points, kind in coloured], name):
            title = f"{name}: {picture.name}"
            cards.append(SimpleNamespace(title=title, note=left, picture=picture.picture, key=key))
    return {"resources": resources.table(runs), "resource_cards": cards}


def _use(run: RunSeries) -> Sequence[UsePoint]:
    return resources.points(samples.read(run.samples)) if run.samples is not None else ()


def _outcomes(summary: Summary, runs: Mapping[str, RunSeries]) -> dict[str, Any]:
    of_runs, of_nodes = figures.run_failures(summary), figures.node_failures(runs)
    leaks = dict.fromkeys(
        (row.competition, row.edition, series.plain(leak)) for row in summary.rows for leak in row.leaks
    )
    return {
        "run_failures": of_runs,
        "node_failures": of_nodes,
        "run_rows": _kinds(of_runs, good="completed, valid submission"),
        "node_rows": _kinds(of_nodes, good="good"),
        "leaks": list(leaks),
    }


def _kinds(data: Data, good: str) -> list[SimpleNamespace]:
    most = max((row[1] for row in data.rows if isinstance(row[1], int)), default=0)
    found = []
    for kind, number_, run, said in data.rows:
        assert isinstance(number_, int)
        colour = "good" if kind == good else "bad"
        picture = svg.bar([(colour, number_, f"{kind}: {number_}")], most, str(kind))
        example = "" if kind == good or not said else f"{run}: {said}"
        found.append(SimpleNamespace(kind=kind, count=count(number_), picture=picture, said=example))
    return found


def _costs(summary: Summary) -> dict[str, Any]:
    rows = summary.rows
    total = SimpleNamespace(
        runs=len(rows),
        steps=sum(row.steps for row in rows),
        wall=sum(row.wall_seconds or 0.0 for row in rows),
        working=sum(row.working_seconds or 0.0 for row in rows),
        tokens_in=sum(row.input_tokens for row in rows),
        cached=sum(row.cached_input_tokens for row in rows),
        tokens_out=sum(row.output_tokens for row in rows),
        usd=summary.cost_usd,
    )
    return {"costs": figures.costs(summary), "total": total}
