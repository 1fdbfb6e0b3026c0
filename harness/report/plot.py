"""A group's records → pictures for papers, PNG and SVG, of the same figure data as its report.

One file a figure, on white paper, with fonts and widths that suit a page. Draws and computes nothing else: what a
number means is said where its data are made (`report/figures.py`, `report/rates.py`). matplotlib is an optional extra,
imported here only.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.report import figures, rates, series
from harness.report.figures import Data

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.rates.aggregate import Summary
    from harness.results.layout import GroupFolder

FORMATS = ("png", "svg")
WIDTH = 6.3  # inches: the text width of an A4 page
ROW = 0.26
LONGEST_NAME = 70
COLUMNS = 3
LARGEST = 1e100  # an agent may report any finite number; differences of larger ones are not finite
COLOURS = {"gold": "#c79a00", "silver": "#7d8894", "bronze": "#b4612a", "median": "#2563c9", "none": "#a3adb8"}
PHASE_COLOURS = ("#2563c9", "#15803d", "#c79a00", "#9333ea", "#c2410c", "#7d8894", "#c6ced7")
LINE_COLOURS = ("#2563c9", "#c2410c", "#15803d", "#9333ea", "#0e7490", "#be185d")
STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # names are untrusted, and a dollar is a dollar
    "svg.hashsalt": "podium",  # the same data make the same file
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "savefig.dpi": 200,
    "savefig.bbox": "tight",
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Sources:
    """The figure data of a group."""

    rates: Data
    scores: Data
    lines: Data
    progress: Data
    phases: Data
    outcomes: Data
    costs: Data


def plot(
    group: GroupFolder, summary: Summary, folder: Path, names: Sequence[str], formats: Sequence[str]
) -> list[Path]:
    """Draw these figures, or all that the group has data for; return the files. Raise `UserError` for unknown ones."""
    _check(names, FIGURES, "figure")
    _check(formats, FORMATS, "format")
    if importlib.util.find_spec("matplotlib") is None:
        raise UserError("podium plot draws with matplotlib, which is not installed. Try: pip install -e '.[plots]'")
    import matplotlib as mpl

    data = sources(group, summary)
    written = []
    with mpl.rc_context(STYLE):
        for name in names or FIGURES:
            figure = FIGURES[name](data)
            if figure is None and names:
                raise UserError(f"{group.name} has no data for the figure {name}")
            if figure is not None:
                written += [_save(figure, folder / f"{name}.{kind}") for kind in formats or FORMATS]
    return written


def sources(group: GroupFolder, summary: Summary) -> Sources:
    """Read what the figures show."""
    runs = series.read(group)
    boards = {
        row.competition: lines for row in summary.rows if row.run_id in runs and (lines := runs[row.run_id].lines)
    }
    return Sources(
        rates=rates.section(summary)["rates"],
        scores=figures.scores(summary),
        lines=figures.lines(boards),
        progress=figures.progress(summary, runs),
        phases=figures.phases(summary),
        outcomes=figures.run_failures(summary),
        costs=figures.costs(summary),
    )


def draw_rates(data: Sources) -> Figure | None:
    """Mean of each rate with its 95 % interval, an entrant beside the other, on all its competitions."""
    rows = [row for row in _rows(data.rates) if row["counted"] == "rates" and row["mean_percent"] is not None]
    own = [row for row in rows if str(row["competitions_of"]).startswith("all competitions")]
    entrants = list(dict.fromkeys((row["agent"], row["model"]) for row in own))
    names = [name for name in rates.NAMES if any(row["rate"] == name for row in own)]
    if not own:
        return None
    figure, axes = _figure(ROW * (1 + len(names) * max(1, 0.6 * len(entrants))) + 0.6)
    for place, entrant in enumerate(entrants):
        for row in (row for row in own if (row["agent"], row["model"]) == entrant):
            y = names.index(row["rate"]) + (place - (len(entrants) - 1) / 2) * 0.7 / len(entrants)
            mean, low, high = row["mean_percent"], row["low_percent"], row["high_percent"]
            spread = [[max(mean - low, 0)], [max(high - mean, 0)]] if low is not None and high is not None else None
            axes.errorbar(
                mean, y, xerr=spread, fmt="o", ms=4, capsize=2.5, color=_colour(place), label=_entrant(entrant)
            )
    _named(axes, [rates.NAMES[name] for name in names])
    axes.set_xlim(-2, 102)
    axes.set_xlabel("% of competitions, mean over seeds, with 95 % intervals")
    if len(entrants) > 1:
        _legend(figure, axes, columns=1)
    return figure


def draw_scores(data: Sources) -> Figure | None:
    """Each competition's test scores on an axis of its own, with the leaderboard's lines."""
    lines = {str(row["competition"]): row for row in _rows(data.lines)}
    groups = _by_competition(row for row in _rows(data.scores) if _finite(row["score"]))
    return _small(groups, lambda axes, name, rows: _strip(axes, rows, lines.get(name)), height=1.0)


def draw_percentiles(data: Sources) -> Figure | None:
    """Where runs stand among the human teams, by competition."""
    rows = [row for row in _rows(data.scores) if row["percentile"] is not None and not row["stand_in"]]
    groups = _by_competition(rows)
    if not groups:
        return None
    figure, axes = _figure(ROW * (len(groups) + 2) + 0.4)
    for place, name in enumerate(groups):
        values = [row["percentile"] for row in groups[name]]
        axes.plot(values, [place] * len(values), "o", ms=4, alpha=0.6, color=COLOURS["median"], mew=0)
        axes.plot([sum(values) / len(values)], [place], "|", ms=12, mew=1.5, color="black")
    _named(axes, list(groups))
    axes.set_xlim(-2, 102)
    axes.set_xlabel("percentile among the human teams; the bar is the mean of valid runs")
    return figure


def draw_steps(data: Sources) -> Figure | None:
    """The best validation score so far over finished nodes, a line a run."""
    return _curves(data, "steps_done", "nodes")


def draw_money(data: Sources) -> Figure | None:
    """The same over what the run had spent."""
    return _curves(data, "spent_usd", "US dollars")


def draw_phases(data: Sources) -> Figure | None:
    """Mean seconds of a run by phase; waiting is part of the model's time in the data, and apart here."""
    rows = _rows(data.phases)
    if not rows:
        return None
    figure, axes = _figure(ROW * (len(rows) + 2) + 0.6)
    pieces = [_pieces(row) for row in rows]
    for kind, colour in zip(pieces[0], PHASE_COLOURS, strict=True):
        lefts = [sum(list(piece.values())[: list(piece).index(kind)]) for piece in pieces]
        axes.barh(range(len(rows)), [piece[kind] for piece in pieces], 0.7, lefts, color=colour, label=kind)
    _named(axes, [row["competition"] for row in rows])
    axes.set_xlabel("mean seconds of a run")
    _legend(figure, axes, columns=4)
    return figure


def draw_outcomes(data: Sources) -> Figure | None:
    """How many runs came to what."""
    return _bars([(row["outcome"], row["runs"]) for row in _rows(data.outcomes)], "runs")


def draw_costs(data: Sources) -> Figure | None:
    """What the runs of each competition cost, all together."""
    rows = [(row["competition"], row["cost_usd"]) for row in _rows(data.costs)]
    return _bars(rows, "US dollars, all runs together") if any(cost for _, cost in rows) else None


FIGURES: Mapping[str, Callable[[Sources], Figure | None]] = {
    "rates": draw_rates,
    "scores": draw_scores,
    "percentiles": draw_percentiles,
    "score-over-steps": draw_steps,
    "score-over-money": draw_money,
    "phases": draw_phases,
    "outcomes": draw_outcomes,
    "costs": draw_costs,
}


def _check(names: Sequence[str], known: Mapping[str, Any] | Sequence[str], what: str) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UserError(f"no {what} {unknown[0]!r}; there are: {', '.join(known)}")


def _rows(data: Data) -> list[Row]:
    return [dict(zip(data.columns, row, strict=True)) for row in data.rows]


def _by_competition(rows: Sequence[Row] | Iterator[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row["competition"]), []).append(row)
    return dict(sorted(found.items()))


def _figure(height: float) -> tuple[Figure, Axes]:
    """A figure of its own, apart from any window."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subplots()


def _named(axes: Axes, names: Sequence[str]) -> None:
    """A row a name, from the top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)


def _small(
    groups: Mapping[str, list[Row]], draw: Callable[[Axes, str, list[Row]], None], *, height: float
) -> Figure | None:
    """Many small pictures, one a competition."""
    from matplotlib.figure import Figure

    if not groups:
        return None
    columns = min(COLUMNS, len(groups))
    lines = math.ceil(len(groups) / columns)
    figure = Figure(figsize=(WIDTH, (height + 0.55) * lines + 0.2), layout="constrained")
    places = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, (name, rows) in zip(places, groups.items(), strict=False):
        axes.set_title(name, fontsize=7.5)
        draw(axes, name, rows)
    for axes in places[len(groups) :]:
        axes.set_axis_off()
    return figure


def _strip(axes: Axes, rows: Sequence[Row], lines: Row | None) -> None:
    for kind in ("median", "bronze", "silver", "gold"):
        if lines is not None and _finite(lines.get(kind)):
            axes.axvline(lines[kind], color=COLOURS[kind], lw=1, ls="--", zorder=0)
    kinds = [row["medal"] if row["medal"] in COLOURS else "median" if row["above_median"] else "none" for row in rows]
    faces = ["none" if row["stand_in"] else COLOURS[kind] for row, kind in zip(rows, kinds, strict=True)]
    edges = [COLOURS[kind] for kind in kinds]
    axes.scatter([row["score"] for row in rows], range(len(rows)), s=16, facecolors=faces, edgecolors=edges)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-1, len(rows))
    axes.set_xlabel(f"{rows[0]['metric']}, {'higher' if rows[0]['direction'] == 'maximize' else 'lower'} is better")
    axes.locator_params(axis="x", nbins=4)


def _curves(data: Sources, column: str, label: str) -> Figure | None:
    known = [row for row in _rows(data.progress) if row[column] is not None and _finite(row["best_validation_score"])]
    paid = {row["run_id"] for row in known if row[column] > 0}  # what was free has no such line
    groups = _by_competition(row for row in known if row["run_id"] in paid)

    def draw(axes: Axes, name: str, rows: list[Row]) -> None:
        runs: dict[str, list[tuple[float, float]]] = {}
        for row in rows:
            runs.setdefault(row["run_id"], []).append((row[column], row["best_validation_score"]))
        for place, points in enumerate(runs.values()):
            dot = "." if len(points) == 1 else ""
            axes.step(*zip(*points, strict=True), where="post", lw=1.2, marker=dot, color=_colour(place))
        axes.set_xlabel(label)
        axes.locator_params(nbins=4)

    return _small(groups, draw, height=1.3)


def _pieces(row: Row) -> dict[str, float]:
    names = [
        column.removesuffix("_seconds") for column in row if column.endswith("_seconds") and column != "wall_seconds"
    ]
    found = {name: float(row[f"{name}_seconds"] or 0.0) for name in names}
    found["model"] = max(found["model"] - found["waiting"], 0.0)
    return {**found, "other": max((row["wall_seconds"] or 0.0) - sum(found.values()), 0.0)}


def _bars(rows: Sequence[tuple[str, float]], label: str) -> Figure | None:
    if not rows:
        return None
    figure, axes = _figure(ROW * (len(rows) + 2) + 0.3)
    bars = axes.barh(range(len(rows)), [value for _, value in rows], 0.7, color=COLOURS["median"])
    if all(isinstance(value, int) for _, value in rows):
        axes.locator_params(axis="x", integer=True)
    axes.bar_label(bars, fmt="{:,g}", padding=3)
    _named(axes, [name for name, _ in rows])
    axes.set_xlabel(label)
    return figure


def _legend(figure: Figure, axes: Axes, *, columns: int) -> None:
    """A legend below, each name once."""
    handles, names = axes.get_legend_handles_labels()
    once = dict(zip(names, handles, strict=True))
    figure.legend(once.values(), once.keys(), loc="outside lower center", ncols=columns)


def _save(figure: Figure, path: Path) -> Path:
    """Write a figure, atomically, without the time of day: the same data make the same bytes."""
    import io

    from harness.files import write_atomically

    content = io.BytesIO()
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    figure.savefig(content, format=path.suffix[1:], metadata=metadata)
    write_atomically(path, content.getvalue())
    return path


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < LARGEST


def _colour(place: int) -> str:
    return LINE_COLOURS[place % len(LINE_COLOURS)]


def _entrant(entrant: tuple[Any, Any]) -> str:
    return series.plain(f"{entrant[0]}, {entrant[1]}", LONGEST_NAME)
