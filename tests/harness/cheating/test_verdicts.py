"""What people say is kept as it was said, about what they saw, and decides whether a run is flagged."""

import json

import pytest

from harness.cheating import verdicts
from harness.cheating.audit import audit
from harness.cheating.standing import standing
from harness.cheating.tasks import Tasks
from harness.errors import UserError
from harness.results.layout import GroupFolder
from tests.harness.cheating.planted import PLANTED
from tests.harness.cheating.runs import LONG, run
from tests.harness.cheating.test_audit import nothing_prepared

REQUEST = PLANTED["a request"][2]
BOTH = REQUEST + "\n" + PLANTED["the engine's socket"][2]


def audited(group, *codes):
    folder = run(group, "demo", *codes)
    audit(list(GroupFolder(group).runs()), Tasks(nothing_prepared))
    return folder


def judge(folder, word, **said):
    said = {"by": "ada", "reason": "looked at it"} | said
    return verdicts.add(folder.path, standing(folder.path).findings, word, **said)


def test_a_dismissal_takes_the_flag_away_and_a_confirmation_brings_it_back(tmp_path):
    folder = audited(tmp_path / "g", REQUEST)
    assert standing(folder.path).flagged
    judge(folder, "dismissed")
    assert not standing(folder.path).flagged
    judge(folder, "confirmed", by="bob")
    assert standing(folder.path).flagged
    assert [(one.by, one.verdict) for one in verdicts.read(folder.path)] == [("ada", "dismissed"), ("bob", "confirmed")]


def test_a_verdict_names_who_when_why_and_what_it_is_about(tmp_path):
    folder = audited(tmp_path / "g", REQUEST)
    judge(folder, "confirmed", reason="it fetched the answers")
    (line,) = (folder.path / verdicts.NAME).read_text().splitlines()
    kept, found = json.loads(line), standing(folder.path).findings
    assert kept["at"] and (kept["by"], kept["reason"]) == ("ada", "it fetched the answers")
    assert kept["findings"] == [one.id for one in found.findings]
    assert (kept["code_sha256"], kept["inputs_sha256"]) == (found.code_sha256, found.inputs_sha256)


def test_one_finding_may_be_dismissed_and_the_others_flag_on(tmp_path):
    folder = audited(tmp_path / "g", BOTH)
    network, outside = (
        next(one.id for one in standing(folder.path).findings.findings if one.rule == rule)
        for rule in ("network", "outside-data")
    )
    judge(folder, "dismissed", only=[network])
    assert standing(folder.path).rules == ("outside-data",)
    judge(folder, "dismissed", only=[outside])
    assert not standing(folder.path).flagged


def test_a_verdict_on_another_script_speaks_of_nothing_any_more(tmp_path):
    folder = audited(tmp_path / "g", REQUEST)
    judge(folder, "dismissed")
    audited(tmp_path / "g", REQUEST + "\nprint('changed')\n")
    assert standing(folder.path).flagged


def test_a_person_may_confirm_what_no_rule_found_and_take_it_back(tmp_path):
    folder = audited(tmp_path / "g", LONG)
    judge(folder, "confirmed", reason="the labels are in a picture")
    assert standing(folder.path).rules == ("a person",)
    with pytest.raises(UserError, match="no finding"):
        judge(folder, "dismissed", only=["x"])
    judge(folder, "dismissed", reason="they are not")
    assert not standing(folder.path).flagged


@pytest.mark.parametrize(
    ("word", "said", "message"),
    [
        ("guilty", {}, "confirmed or dismissed"),
        ("dismissed", {"reason": " "}, "--reason"),
        ("dismissed", {"by": ""}, "--by"),
        ("dismissed", {"only": ["none"]}, "no finding 'none'"),
    ],
)
def test_what_is_no_verdict_is_refused_with_what_to_say(word, said, message, tmp_path):
    folder = audited(tmp_path / "g", REQUEST)
    with pytest.raises(UserError, match=message):
        judge(folder, word, **said)
    assert verdicts.read(folder.path) == []


def test_a_line_that_was_cut_off_is_passed_over_and_another_bad_one_is_named(tmp_path):
    folder = audited(tmp_path / "g", REQUEST)
    judge(folder, "dismissed")
    with (folder.path / verdicts.NAME).open("a") as file:
        file.write('{"at": "20')
    assert len(verdicts.read(folder.path)) == 1
    with (folder.path / verdicts.NAME).open("a") as file:
        file.write("\n")
    with pytest.raises(UserError, match="line 2 is no verdict"):
        verdicts.read(folder.path)
