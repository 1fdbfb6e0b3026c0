"""A run whose scripts could fetch is marked wherever runs are shown: each table says `egress open`."""

import json

import pytest

from harness.contract import EgressBrief
from harness.rates.aggregate import aggregate
from harness.report import html, markdown
from harness.results.layout import Results
from harness.results.record import EgressRecord
from tests.harness import records
from tests.harness.view.served import serving

COMPETITION = "spooky-author-identification"


def opened(folder, mode="open"):
    """Have a run's record say that its scripts could fetch."""
    record = folder.read()
    request = record.request.model_copy(update={"egress": EgressBrief(mode=mode)})
    folder.write(record.model_copy(update={"egress": EgressRecord(mode=mode), "request": request}))


@pytest.fixture
def groups(settings):
    """`open` and `more` have a run each whose scripts could fetch anything, `closed` one that could not."""
    for name in ("open", "more", "closed"):
        group = records.group_at(settings.results / name)
        folder = records.write(group, records.record(name, COMPETITION), None)
        folder.grade_file.write_text(records.grade(COMPETITION, "gold", score=0.95).to_json())
        if name != "closed":
            opened(folder)
    return Results(settings.results)


VERBS = {
    "aggregate": (("aggregate", "{}"), "(egress open)"),
    "status": (("status", "{}"), "egress open: scripts of 1 runs can FETCH from a network"),
    "leaderboard": (("leaderboard", "show", "{}", "--pad"), "(egress open)"),
    "compare": (("compare", "{}", "{}"), "egress open;"),
    "query": (("query", "select egress from runs", "--group", "{}"), "open"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_that_shows_runs_marks_those_that_could_fetch_and_no_other(podium, groups, verb):
    arguments, mark = VERBS[verb]
    assert mark in podium(*(one.format("open") for one in arguments)).stdout
    assert mark not in podium(*(one.format("closed") for one in arguments)).stdout


def test_both_reports_of_a_group_mark_them(groups):
    for name in ("open", "closed"):
        group = groups.group(name)
        html.write(group, aggregate(group))
        page, text = group.report_html.read_text(), markdown.render(aggregate(group))
        assert ("could fetch from a network (egress)" in page) == ("(egress open)" in text) == (name == "open")
        assert ("**fetch from a network**" in text) == ("egress open" in text) == (name == "open")


def test_every_page_of_the_view_marks_them(groups):
    (run,) = (folder.path.name for folder in groups.group("open").runs())
    with serving(groups.root) as running:
        pages = {
            name: [
                running.get(path).text
                for path in (
                    f"/groups/{name}/index.html",
                    f"/groups/{name}/rows.html",
                    f"/groups/{name}/runs/{run}/index.html",
                )
            ]
            for name in ("open", "closed")
        }
        listed = running.get("/index.html").text
    assert all("egress open" in page for page in pages["open"]), [len(page) for page in pages["open"]]
    assert not any("egress open" in page for page in pages["closed"])
    assert listed.count("1 could fetch") == 2


def test_a_comparison_says_of_each_side_what_it_could_fetch_and_of_two_that_differ_that_they_do(podium, groups):
    said = podium("compare", "open", "closed").stdout
    assert "A  open: aide" in said and "egress open;" in said.splitlines()[0] and "egress" not in said.splitlines()[1]
    assert "not only the prompts differ: egress" in said
    both = podium("compare", "open", "more").stdout
    assert both.count("egress open;") == 2 and "not only the prompts differ: egress" not in both
    kept = json.loads(groups.group("more").comparison.read_text())
    assert (kept["a"]["egress"], kept["b"]["egress"]) == ("open", "open")


def test_status_as_json_counts_them(podium, groups):
    assert json.loads(podium("status", "open", "--json").stdout)["networked"] == {"open": 1}
    assert json.loads(podium("status", "closed", "--json").stdout)["networked"] == {}


def test_an_allowlist_is_marked_too(podium, groups):
    (folder,) = groups.group("closed").runs()
    opened(folder, "allowlist")
    for arguments in (("aggregate", "closed"), ("status", "closed"), ("compare", "closed", "closed")):
        assert "egress allowlist" in podium(*arguments).stdout
