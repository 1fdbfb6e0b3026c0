"""Every figure of a group is recomputed from what was kept; whatever was altered afterwards is found."""

import json
import shutil
import zipfile

import pytest

from harness.agents.box import SAMPLE
from harness.cheating.audit import audit
from harness.cheating.standing import NAME as FINDINGS
from harness.cheating.tasks import Tasks
from harness.errors import UserError
from harness.grading.grade_nodes import grade_nodes
from harness.grading.grade_run import grade_run, record_to_grade
from harness.rates.aggregate import aggregate
from harness.results.bundle import pack, unpack
from harness.results.layout import append_line
from harness.results.verify import AUDIT, Found, verify
from harness.runs.isolation import statement
from harness.runs.run import run_one


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where the one run of these tests is kept, once it was made."""
    return tmp_path_factory.mktemp("kept") / "group"


@pytest.fixture
def group_of_one(plan, group, tools, kept):
    """A run by the real agent and the offline coder, without a container, graded, its nodes too."""
    made = plan()
    folder = group.run(made.run_id)
    if not kept.exists():
        _make(made, group, folder, tools)
        shutil.copytree(group.path, kept)
    else:
        shutil.copytree(kept, group.path)
    return folder, made


def _make(made, group, folder, tools):
    record = run_one(made, folder, tools())
    # What the engine of a real box reports; the rest of the run is real.
    mounts = [{"target": target, "writable": target == "/home"} for target in ("/home", "/home/data")]
    folder.write(record.model_copy(update={"sandbox": {"network_mode": "none", "mounts": mounts}}))
    grade_run(folder, record_to_grade(folder), made.competition, made.prepared)
    grade_nodes(folder, record_to_grade(folder), made.competition, made.prepared)
    audit([folder], Tasks(lambda name, edition: (made.competition, made.prepared)))
    aggregate(group)


@pytest.fixture
def look(group, group_of_one):
    """Verify the group; what is found by what was looked at."""
    _, made = group_of_one

    def again(at=group):
        found = verify(at, lambda name, edition: (made.competition, made.prepared))
        return {finding.what: finding for finding in found}

    return again


def test_a_group_that_nobody_touched_is_the_same_in_every_figure(look):
    found = look()
    assert {finding.found for finding in found.values()} == {Found.SAME}
    assert {"grade", "node grades", "usage", "summary", "format checks", AUDIT} <= set(found)


def in_file(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def more_tokens(folder, group):
    record = folder.read()
    folder.write(record.model_copy(update={"usage": record.usage.model_copy(update={"input_tokens": 1})}))


def another_submission(folder, group):
    folder.submission.write_text(folder.submission.read_text().replace("0.", "0.0", 3))


def another_script(folder, group):
    lines = folder.journal.read_text().replace('"code":"', '"code":"import requests; ')
    assert lines != folder.journal.read_text()
    folder.journal.write_text(lines)


def other_check_reply(folder, group):
    lines = folder.checks.read_text().replace('"reason":null', '"reason":"the score is 0.9"')
    folder.checks.write_text(lines)


@pytest.mark.parametrize(
    ("alter", "what"),
    [
        (lambda folder, group: in_file(folder.grade_file, score=1.0), "grade"),
        (lambda folder, group: in_file(folder.node_grades, oracle_test_score=1.0), "node grades"),
        (lambda folder, group: in_file(group.summary, cost_usd=-1.0), "summary"),
        (more_tokens, "usage"),
        (another_submission, "submission.csv is what was taken"),
        (other_check_reply, "format checks"),
        (lambda folder, group: in_file(folder.path / FINDINGS, findings=[], scripts=0), AUDIT),
        (another_script, AUDIT),
    ],
)
def test_what_was_altered_is_found(look, group, group_of_one, alter, what):
    folder, _ = group_of_one
    alter(folder, group)
    assert look()[what].found is Found.DIFFERS and look()[what].detail


def test_what_can_not_be_recomputed_is_unchecked_and_says_which_command_helps(group, group_of_one):
    def gone(name, edition):
        raise UserError(f"{name} is not prepared. Try: podium prepare {name}")

    found = {finding.what: finding for finding in verify(group, gone)}
    assert found["grade"].found is Found.UNCHECKED and "podium prepare" in found["grade"].detail
    group.summary.unlink()
    assert {finding.what: finding for finding in verify(group, gone)}["summary"].found is Found.UNCHECKED


def test_findings_that_other_runs_or_rules_led_to_are_unchecked(look, group_of_one):
    folder, _ = group_of_one
    in_file(folder.path / FINDINGS, scripts=0, beside_sha256="of others")
    assert look()[AUDIT].found is Found.UNCHECKED and "podium audit group --again" in look()[AUDIT].detail
    in_file(folder.path / FINDINGS, rules={"an older one": 1})
    assert look()[AUDIT].found is Found.UNCHECKED and "other rules" in look()[AUDIT].detail


def test_a_record_of_another_version_is_named_and_stops_no_other(look, group, group_of_one):
    other = group.run("other--aide--s0")
    other.path.mkdir()
    other.record_file.write_text('{"schema_version": 0}')
    found = look()
    assert found["run.json"].found is Found.UNCHECKED and "other--aide--s0" in found["run.json"].detail
    assert (found["grade"].found, found["summary"].found) == (Found.SAME, Found.UNCHECKED)


def test_a_file_that_is_no_json_any_more_differs(look, group_of_one):
    folder, _ = group_of_one
    folder.grade_file.write_text("{")
    assert look()["files"].found is Found.DIFFERS


def test_model_calls_that_were_left_out_are_unchecked(look, group_of_one):
    folder, _ = group_of_one
    folder.transcript.unlink()
    assert look()["usage"].found is Found.UNCHECKED


def test_verifying_writes_nothing(look, group):
    before = {path: path.stat().st_mtime_ns for path in group.path.rglob("*")}
    look()
    assert {path: path.stat().st_mtime_ns for path in group.path.rglob("*")} == before


def test_no_test_signal_is_said_of_evidence_that_was_written_down(group_of_one):
    folder, _ = group_of_one
    told = statement(folder, folder.read())
    assert told.no_test_signal and not told.doubts
    assert any("after its end" in text for text in told.evidence)
    assert json.loads(folder.grade_file.read_text())["statement"] == told.model_dump(mode="json")


@pytest.mark.parametrize(
    ("sandbox", "words"),
    [
        ({}, "not in the record"),
        ({"network_mode": "bridge", "mounts": []}, "bridge"),
        ({"network_mode": "none", "mounts": [{"target": "/private", "writable": False}]}, "/private"),
        ({"network_mode": "none", "mounts": [{"target": "/home/data", "writable": True}]}, "writable"),
    ],
)
def test_a_box_that_was_open_casts_doubt(group_of_one, sandbox, words):
    folder, _ = group_of_one
    told = statement(folder, folder.read().model_copy(update={"sandbox": sandbox}))
    assert not told.no_test_signal and words in " ".join(told.doubts)


def test_the_sample_submission_that_other_agents_are_given_holds_no_label(group_of_one):
    folder, _ = group_of_one
    mounts = [{"target": SAMPLE, "writable": False}, {"target": "/home", "writable": True}]
    record = folder.read().model_copy(update={"sandbox": {"network_mode": "none", "mounts": mounts}})
    assert statement(folder, record).no_test_signal


def test_answers_that_were_read_before_the_runs_end_cast_doubt(look, group_of_one):
    folder, _ = group_of_one
    append_line(folder.gradings, {"schema_version": 1, "at": "2020-01-01T00:00:00+00:00", "graded": "submission"})
    assert "BEFORE" in look()["no test signal reached the agent"].detail


def test_a_bundle_holds_what_it_takes_and_gives_the_same_bytes(look, group, settings, tmp_path):
    pack(group, tmp_path / "a.zip", settings.competitions)
    pack(group, tmp_path / "again" / "a.zip", settings.competitions)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "again" / "a.zip").read_bytes()
    (tmp_path / "unpacked").mkdir()
    found = look(unpack(tmp_path / "a.zip", tmp_path / "unpacked"))
    assert {finding.found for finding in found.values()} == {Found.SAME}
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = archive.namelist()
    assert "competitions/breast-cancer-wisconsin/competition.yaml" in names
    assert not [name for name in names if "private" in name or "answers" in name]


def test_a_bundle_may_leave_the_model_calls_out(group, group_of_one, settings, tmp_path):
    pack(group, tmp_path / "a.zip", settings.competitions, transcripts=False)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert not [name for name in archive.namelist() if name.endswith("llm.jsonl")]


def repacked(source, target, alter):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = alter(name, old.read(name))
            if content is not None:
                new.writestr(name, content)


@pytest.mark.parametrize(
    ("alter", "words"),
    [
        (lambda name, content: content + b" " if name.endswith("grade.json") else content, "not as bundle.json states"),
        (lambda name, content: None if name.endswith("grade.json") else content, "missing or not as"),
        (lambda name, content: None if name == "bundle.json" else content, "is no bundle of runs"),
    ],
)
def test_a_bundle_that_was_altered_is_refused(group, group_of_one, settings, tmp_path, alter, words):
    pack(group, tmp_path / "a.zip", settings.competitions)
    repacked(tmp_path / "a.zip", tmp_path / "b.zip", alter)
    (tmp_path / "unpacked").mkdir()
    with pytest.raises(UserError, match=words):
        unpack(tmp_path / "b.zip", tmp_path / "unpacked")


def test_a_bundle_that_leaves_the_folder_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../escaped", "x")
    (tmp_path / "unpacked").mkdir()
    with pytest.raises(UserError, match=r"bundle: .*leaves the folder"):
        unpack(tmp_path / "a.zip", tmp_path / "unpacked")
    assert not (tmp_path / "escaped").exists()


def test_the_verbs_end_with_what_they_found(podium, group, group_of_one, tmp_path):
    folder, _ = group_of_one
    podium("aggregate", "group")
    assert "1 unchecked" in podium("verify", "group", expect=3).stdout
    podium("prepare", "breast-cancer-wisconsin")
    assert "0 differs" in podium("verify", "group").stdout
    podium("bundle", "group", "--out", str(tmp_path / "g.zip"))
    assert "0 differs" in podium("verify", str(tmp_path / "g.zip")).stdout
    in_file(folder.grade_file, score=1.0)
    done = podium("verify", "group", "--json", expect=5)
    assert "differs" in {finding["found"] for finding in json.loads(done.stdout)}
