"""The page holds the records' figures and their data, for any numbers, and nothing that agents wrote as markup."""

import base64
import csv
import io
import json
import re
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.rates.aggregate import aggregate
from harness.report import figures, html, series, svg
from harness.report.figures import Data
from harness.results.layout import GroupFolder, RunStatus
from tests.harness import pages, records

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture
def group(tmp_path):
    return pages.hostile_group(tmp_path)


@pytest.fixture
def page(group):
    html.write(group, aggregate(group))
    return group.report_html.read_text(encoding="utf-8")


def data(page, name, kind="csv"):
    """What a link of the page gives."""
    found = re.search(rf'download="{name}\.{kind}" href="data:[^,]*;base64,([^"]*)"', page)
    return base64.b64decode(found[1]).decode()


def test_there_is_no_script_and_no_address_to_ask(page):
    assert "<script" not in page and "<img" not in page and "onerror=&#34;" in page
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)
    assert "default-src 'none'" in page


def test_every_picture_is_well_formed(page):
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) > 20
    for picture in pictures:
        ElementTree.fromstring(picture)


def test_templates_in_what_agents_wrote_are_not_expanded(page):
    assert "{{ 7 * 7 }}" in page


def test_characters_that_hide_or_turn_text_are_gone(page):
    assert not set("\ud800\u202e\x00") & set(page)


def test_rates_leave_out_stand_in_and_missing_runs(page):
    rows = list(csv.DictReader(io.StringIO(data(page, "rates"))))
    found = {(row["agent"], row["model"], row["counted"], row["rate"]): row for row in rows}
    assert found["aide", "offline", "rates", "any_medal"]["runs"] == "3"
    assert round(float(found["aide", "offline", "rates", "any_medal"]["mean_percent"]), 1) == 33.3
    assert not any(row["competitions"] == "3" for row in rows)


def test_missing_runs_as_failures_are_beside_the_rates(tmp_path):
    group = records.group_at(tmp_path / "g")
    records.write(group, records.record("g", "c"), records.grade("c", "gold"))
    records.write(group, records.record("g", "c", 1, status=RunStatus.INFRA_FAILED), None)
    html.write(group, aggregate(group))
    rows = json.loads(data(group.report_html.read_text(encoding="utf-8"), "rates", "json"))
    found = {(row["counted"], row["rate"]): row["mean_percent"] for row in rows}
    assert (found["rates", "gold"], found["as_failures, over runs", "gold"]) == (100.0, 50.0)


def test_progress_is_the_best_so_far_over_steps_and_money(page):
    rows = [row for row in json.loads(data(page, "progress", "json")) if row["run_id"] == "forest-cover--aide--s1"]
    assert [(row["steps_done"], row["spent_usd"], row["best_validation_score"]) for row in rows] == [
        (1, 0.5, 0.5),
        (3, 1.5, 0.75),
    ]


def test_medals_count_runs_with_an_outcome(page):
    rows = {row["competition"]: row for row in json.loads(data(page, "medals", "json"))}
    assert (rows["forest-cover"]["runs"], rows["forest-cover"]["gold"], rows["forest-cover"]["valid"]) == (3, 1, 2)
    assert rows["made-up"]["runs"] == 0


def test_failures_are_counted_by_kind_with_an_example(page):
    rows = {row["outcome"]: row for row in json.loads(data(page, "node-outcomes", "json"))}
    assert rows["failed"]["nodes"] == 4
    assert rows["timed out"]["nodes"] == rows["out of memory"]["nodes"] == 1
    assert rows["failed"]["example_said"]


def test_text_that_a_spreadsheet_would_run_is_made_text():
    assert '"\'=HYPERLINK(""x"")"' in Data("d", ("a",), (('=HYPERLINK("x")',),)).csv()
    assert Data("d", ("a",), ((-1.5,),)).csv() == "a\n-1.5\n"


def test_a_group_without_journals_or_grades_has_a_page(tmp_path):
    group = records.group_at(tmp_path / "bare")
    records.write(group, records.record("bare", "c"), None)
    html.write(group, aggregate(group))
    assert "No run counts yet" in group.report_html.read_text(encoding="utf-8")


def test_the_page_of_an_empty_group_says_so(tmp_path):
    group = GroupFolder(tmp_path)
    assert "0 runs" in html.render(aggregate(group), {})


@given(st.lists(FINITE, min_size=1, max_size=8), st.lists(FINITE, max_size=4))
def test_a_strip_is_drawn_of_any_numbers(values, lines):
    marks = [svg.Mark(value, "plain", f"{value}") for value in values]
    ElementTree.fromstring(svg.strip(marks, [svg.Line(value, "gold", "gold") for value in lines], "scores"))


@given(st.lists(st.tuples(st.floats(0, 1e12), FINITE), min_size=1, max_size=8))
@example([(5e-324, 0.0)])
def test_curves_are_drawn_of_any_numbers(points):
    ElementTree.fromstring(svg.steps([svg.Curve(sorted(points), "c0", "r")], "scores", "steps"))


@given(st.text())
def test_untrusted_text_is_one_line_that_can_be_written(text):
    assert series.plain(text).encode("utf-8").isascii() or series.plain(text).isprintable()
    assert len(series.plain(text)) <= series.LONGEST_TEXT


def test_the_order_of_a_groups_runs_does_not_matter(group):
    summary = aggregate(group)
    runs = series.read(group)
    backwards = dict(reversed(runs.items()))
    assert figures.progress(summary, runs) == figures.progress(summary, backwards)


def test_nodes_of_several_workers_are_drawn_in_the_order_in_which_they_came(tmp_path):
    group = records.group_at(tmp_path / "g")
    folder = records.write(group, records.record("g", "a"), None)
    proposals = [pages.proposal(number, 0.0) for number in (1, 2)]
    pages.write_journal(folder.journal, [*proposals, pages.node(2, 0.5), pages.node(1, 0.7)])
    (run,) = series.read(group).values()
    assert [(step.number, step.score) for step in run.steps] == [(1, 0.5), (2, 0.7)]
