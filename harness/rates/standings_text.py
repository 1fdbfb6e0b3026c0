"""A leaderboard as text, Markdown, CSV or JSON. Names in reports are others': they are escaped before they appear."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

from harness.rates.standings import Figure, Row, Standings

NONE = "–"
WIDEST = 40  # characters of a cell on a terminal


def markdown(value: Standings) -> str:
    """Return a Markdown page: a title, the table with our rows in bold, the notes."""
    from harness.report.markdown import cell

    titles = ["Agent", "Model", *(column.title for column in value.board.columns.values()), "Hours", "Date", "Remarks"]
    lines = [f"### {value.board.title}", "", f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for row in value.rows:
        cells = [cell(text) for text in _cells(value, row)]
        if not row.published:
            cells[0] = f"**{cells[0]}**"
        lines.append(f"| {' | '.join(cells)} |")
    notes = [value.board.remark, *map(cell, value.notes), *_sources(value)]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes)]) + "\n"


def text(value: Standings) -> str:
    """Return aligned columns for a terminal; our rows are marked with an arrow."""
    titles = ["", "agent", "model", *(column.title for column in value.board.columns.values()), "hours", "date", ""]
    rows = [
        ["" if row.published else "→", *(_plain(cell)[:WIDEST] for cell in _cells(value, row))] for row in value.rows
    ]
    widths = [max(len(line[place]) for line in [titles, *rows]) for place in range(len(titles))]
    left = {0, 1, 2, len(titles) - 1}
    lines = [
        "  ".join(
            part.ljust(width) if place in left else part.rjust(width)
            for place, (part, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [titles, *rows]
    ]
    notes = [value.board.remark, *map(_plain, value.notes), *_sources(value)]
    return "\n".join([value.board.title, "", *lines, "", *notes]) + "\n"


def comma_separated(value: Standings) -> str:
    """Return a CSV with full precision: for each column its mean, standard error and interval."""
    parts = ("", "_sem", "_low", "_high", "_seeds")
    figures = [f"{key}{part}" for key in value.board.columns for part in parts]
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(["agent", "model", *figures, "hours", "date", "published", "source", "remarks"])
    for row in value.rows:
        numbers = [number for key in value.board.columns for number in row.figures.get(key, (None,) * len(parts))]
        told = [row.hours, row.date, "yes" if row.published else "no", row.source, "; ".join(row.remarks)]
        lines.writerow([_no_formula(row.agent), _no_formula(row.model), *numbers, *told])
    return out.getvalue()


def as_json(value: Standings) -> str:
    """Return the table as JSON: `rows`, best first, and `notes`."""
    content: Mapping[str, Any] = {
        "suite": value.board.suite,
        "title": value.board.title,
        "remark": value.board.remark,
        "columns": {key: column._asdict() for key, column in value.board.columns.items()},
        "rows": [
            {**vars(row), "figures": {key: figure._asdict() for key, figure in row.figures.items()}}
            for row in value.rows
        ],
        "notes": list(value.notes),
    }
    return json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


FORMATS: Mapping[str, Callable[[Standings], str]] = {
    "text": text,
    "markdown": markdown,
    "csv": comma_separated,
    "json": as_json,
}


def _cells(value: Standings, row: Row) -> list[str]:
    figures = [_figure(row.figures.get(key)) for key in value.board.columns]
    return [row.agent, row.model, *figures, row.hours or NONE, row.date or NONE, ", ".join(row.remarks)]


def _figure(figure: Figure | None) -> str:
    if figure is None:
        return NONE
    error = "" if figure.sem is None or figure.seeds == 1 else f" ± {figure.sem:.2f}"
    bounds = "" if figure.low is None else f" [{figure.low:.0f}, {figure.high:.0f}]"
    return f"{figure.mean:.2f}{error}{bounds}"


def _sources(value: Standings) -> list[str]:
    found = dict.fromkeys(row.source for row in value.rows if row.published)
    told = [f"Published rows: {', '.join(found)}"] if found else []
    if any(figure.low is not None for row in value.rows for figure in row.figures.values()):
        told.append("In brackets: 95 % interval for other competitions and seeds of the same kind")
    return told


def _plain(value: str) -> str:
    """Text that moves no cursor and sets no colour."""
    return "".join(character if character.isprintable() else "?" for character in value)


def _no_formula(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@") else value
