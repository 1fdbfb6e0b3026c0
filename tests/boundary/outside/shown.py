"""Cheat by what is shown: pages, tables and terminals that repeat what an agent wrote.

The run's every text is an attack; that it arrived is the control: the journal holds it, as it was sent.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from functools import lru_cache
from pathlib import Path

from harness.rates.aggregate import Summary, aggregate
from harness.results.layout import GroupFolder, Results
from tests.boundary.inside.base import CHEAT
from tests.boundary.inside.hostile import ESCAPE, FORMULA, SCRIPT, TABLE, TURNED
from tests.boundary.outside.base import Desk, deed

MARKUP = re.compile(r"<script>window\.hacked|<img src=x", re.IGNORECASE)


def _group(desk: Desk) -> GroupFolder:
    return GroupFolder(desk.results / "group")


@lru_cache
def _summary(folder: Path) -> Summary:
    return aggregate(GroupFolder(folder))


def _arrived(text: str):
    return lambda desk: text in "".join(str(event) for event in _texts(desk))


def _texts(desk: Desk) -> list[str]:
    return [value for event in desk.hostile.folder.events() for value in event.values() if isinstance(value, str)]


@deed(CHEAT, _arrived(SCRIPT))
def run_a_script_in_the_report(desk: Desk) -> object:
    """Have the report page hold a script."""
    from harness.report import html

    group = _group(desk)
    html.write(group, _summary(group.path))
    return [found[0] for found in MARKUP.finditer(group.report_html.read_text())]


@deed(CHEAT, _arrived(SCRIPT))
def run_a_script_in_a_page_of_the_view(desk: Desk) -> object:
    """Have a page of the run, a node or a call hold a script."""
    from harness.view.export import export
    from harness.view.index import Index
    from harness.view.site import Site

    results = Results(desk.results)
    prompts = Path(__file__).parents[3] / "agent" / "prompts"
    export(Site(results, Index(results), prompts, live=False), desk.folder / "site", ["group"], lambda said: None)
    pages = list((desk.folder / "site").rglob("*.html"))
    assert len(pages) > 3 and any("hostile" in page.name for page in pages)
    return [match[0] for page in pages for match in MARKUP.finditer(page.read_text())]


@deed(CHEAT, _arrived(SCRIPT))
def put_markup_into_the_markdown_report(desk: Desk) -> object:
    """Have the Markdown report hold markup, which a browser would run."""
    from harness.report import markdown

    return MARKUP.search(markdown.render(_summary(_group(desk).path)))


@deed(CHEAT, _arrived(TABLE))
def add_a_row_to_the_markdown_report(desk: Desk) -> object:
    """Add a row with a medal of the own to the report's table of runs."""
    from harness.report import markdown

    return [
        line for line in markdown.render(_summary(_group(desk).path)).splitlines() if line.startswith("| gold | gold |")
    ]


@deed(CHEAT, _arrived(FORMULA))
def put_a_formula_into_a_queried_table(desk: Desk) -> object:
    """Have `podium query --out x.csv` write a formula, which a spreadsheet computes."""
    from harness.results import query

    cells = []
    for sql in ("select * from runs", "select * from nodes"):
        table = query.text(query.query([_group(desk)], sql), "csv")
        cells += [cell for row in csv.reader(io.StringIO(table)) for cell in row]
    return [cell for cell in cells if cell.startswith(("=", "+HYPER", "@SUM", "\t="))]


@deed(CHEAT, _arrived(FORMULA))
def put_a_formula_into_the_reports_data(desk: Desk) -> object:
    """Have the data behind the report's pictures hold a formula."""
    from harness.report import figures

    summary = _summary(_group(desk).path)
    tables = [
        figures.run_failures(summary),
        figures.scores(summary),
        figures.validation(summary),
        figures.costs(summary),
    ]
    cells = [cell for table in tables for row in csv.reader(io.StringIO(table.csv())) for cell in row]
    return [cell for cell in cells if cell.startswith("=")]


@deed(CHEAT, _arrived(ESCAPE))
def speak_to_the_terminal_that_shows_a_group(desk: Desk) -> object:
    """Have the table of a group on a terminal clear it, retitle it, or turn its letters."""
    from harness.verbs import tables

    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        tables.summary(_summary(_group(desk).path), as_json=False, detailed=True)
    said = shown.getvalue()
    assert desk.hostile.record.run_id.split("--")[0] in said
    return [sign for sign in (ESCAPE, "\x1b]", "\x07", TURNED) if sign in said]


@deed(CHEAT, _arrived(TURNED))
def speak_to_the_terminal_through_the_record(desk: Desk) -> object:
    """Have the record hold signs that turn or hide text."""
    record = json.loads(desk.hostile.folder.record_file.read_text())
    texts = [record["reason"], *(one["first"] for one in record["trespasses"])]
    return [text for text in texts if not text.isprintable()]
