"""What an audit found is shown where somebody looks: at the group, the run and the node; escaped like all of it."""

import pytest

from harness.cheating import verdicts
from harness.cheating.audit import audit
from harness.cheating.standing import standing
from harness.cheating.tasks import Tasks
from harness.results.layout import GroupFolder
from harness.view.flags import flags
from harness.view.listing import Query
from harness.view.runs import RunName
from tests.harness import pages
from tests.harness.cheating.test_audit import nothing_prepared
from tests.harness.records import grade, group_at, record, write
from tests.harness.view.served import site

CODE = f'import requests\nx = requests.get("http://example.org/<script>alert(1)</script>")  # {pages.ATTACK}\n'
NAME = RunName("g", "demo--aide--s0")


@pytest.fixture
def shown(tmp_path):
    """A site over one flagged run and one that is not."""
    group = group_at(tmp_path / "g")
    for seed, code in ((0, CODE), (1, "print(1)\n")):
        folder = write(group, record("g", "demo", seed), grade("demo", "gold"))
        events = [pages.node(1, 0.5, code="print(0)"), pages.node(2, 0.6, code=code)]
        pages.write_journal(folder.journal, [*events, {"type": "best", "node": "n0002", "score": 0.6}])
    audit(list(GroupFolder(tmp_path / "g").runs()), Tasks(nothing_prepared))
    return site(tmp_path, live=False)


def test_a_groups_page_marks_flagged_runs_and_has_the_rates_without_them(shown):
    shown.index.read_all(shown.index.group("g"))
    page = shown.group("g", Query())
    assert page.count('title="network">flagged</span>') == 1
    assert "1 of 2 audited runs are flagged" in page and "any medal, flagged left out" in page


def test_a_runs_page_shows_the_evidence_with_its_place(shown):
    page = shown.run(NAME)
    assert "Flagged for cheating by network" in page
    assert "nodes/n0002/solution.py, line 2: x = requests.get(" in page
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
    assert "Flagged for cheating" not in shown.run(RunName("g", "demo--aide--s1"))


def test_a_nodes_page_shows_its_own_findings_only(shown):
    assert "Audit for cheating" in shown.node(NAME, "n0002")
    assert "Audit for cheating" not in shown.node(NAME, "n0001")


def test_a_verdict_is_shown_and_a_dismissed_run_is_not_called_flagged(shown, tmp_path):
    run = tmp_path / "g" / NAME.run
    verdicts.add(run, standing(run).findings, "dismissed", by="ada", reason="<b>its own</b> server")
    page = shown.run(NAME)
    assert "Flagged for cheating" not in page and "not flagged" in page
    assert "dismissed by ada" in page and "&lt;b&gt;its own" in page
    shown.index.read_all(shown.index.group("g"))
    assert ">flagged</span>" not in shown.group("g", Query())


def test_findings_that_cannot_be_read_are_said_and_the_page_stands(shown, tmp_path):
    (tmp_path / "g" / NAME.run / "findings.json").write_text("{}")
    assert "findings.json is not of this version" in flags(tmp_path / "g" / NAME.run).problem
    assert "findings.json is not of this version" in shown.run(NAME)
