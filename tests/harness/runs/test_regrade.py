"""A group is graded again: what changed is said, what it was is kept, what can't be graded is named."""

import json

import pytest

from harness.errors import UserError
from harness.grading.grade_run import grade_run, record_to_grade
from harness.grading.regrade import regrade
from harness.results.layout import RunStatus
from harness.runs.first_record import first_record


@pytest.fixture
def graded(plan, group):
    """A completed run whose submission is the sample's, graded."""
    made = plan()
    folder = group.run(made.run_id)
    folder.path.mkdir(parents=True)
    folder.submission.write_bytes((made.prepared.public / "sample_submission.csv").read_bytes())
    folder.write(first_record(made, RunStatus.COMPLETED, attempt=1))
    grade_run(folder, record_to_grade(folder), made.competition, made.prepared)
    return folder, made


def again(group, made, **options):
    return regrade(group, lambda name, edition: (made.competition, made.prepared), **options)


def altered(folder):
    """Make the grade one that an earlier rule gave; return what it was."""
    right = json.loads(folder.grade_file.read_text())
    folder.grade_file.write_text(json.dumps(right | {"score": 0.25, "teams": 7}))
    return right


def test_what_changed_is_said_and_what_it_was_is_kept(group, graded):
    folder, made = graded
    right = altered(folder)
    found = again(group, made)
    assert {(change.field, change.before, change.after) for change in found.changes} == {
        ("score", 0.25, right["score"]),
        ("teams", 7, right["teams"]),
    }
    assert json.loads(folder.grade_file.read_text()) == right
    (earlier,) = folder.earlier_grades()
    assert json.loads(earlier.read_text())["score"] == 0.25


def test_each_grade_that_was_replaced_is_kept(group, graded):
    folder, made = graded
    for _ in range(11):
        altered(folder)
        again(group, made)
    assert [path.name for path in folder.earlier_grades()] == [f"{number}.json" for number in range(1, 12)]


def test_a_grade_that_says_the_same_is_left_as_it_is(group, graded):
    folder, made = graded
    before = folder.grade_file.stat().st_mtime_ns
    found = again(group, made)
    assert (found.graded, found.changes, folder.earlier_grades()) == (1, (), [])
    assert folder.grade_file.stat().st_mtime_ns == before


def test_a_dry_run_changes_nothing(group, graded):
    folder, made = graded
    altered(folder)
    content = folder.grade_file.read_bytes()
    assert len(again(group, made, write=False).changes) == 2
    assert folder.grade_file.read_bytes() == content and not folder.earlier_grades()


def test_a_run_that_nobody_graded_gets_its_first_grade(group, graded):
    folder, made = graded
    folder.grade_file.unlink()
    found = again(group, made)
    assert found.first_grades == (folder.path.name,) and found.changes == () and folder.grade_file.exists()


def test_node_grades_are_renewed_where_they_were_asked_for(group, graded):
    folder, made = graded
    again(group, made)
    assert not folder.node_grades.exists()
    folder.node_grades.write_text("{}")
    again(group, made)
    assert json.loads(folder.node_grades.read_text())["run_id"] == made.run_id


def test_what_can_not_be_graded_keeps_its_grade_and_is_named(group, graded):
    folder, made = graded
    content = folder.grade_file.read_bytes()

    def gone(name, edition):
        raise UserError(f"{name} is not prepared. Try: podium prepare {name}")

    assert "podium prepare" in regrade(group, gone).left[0][1]
    folder.write(first_record(made, RunStatus.INFRA_FAILED, attempt=1))
    assert "nothing to grade" in again(group, made).left[0][1]
    assert folder.grade_file.read_bytes() == content


def test_the_verb_says_what_it_did(podium, settings, group, graded):
    folder, _ = graded
    altered(folder)
    podium("prepare", "breast-cancer-wisconsin")
    told = podium("regrade", "group", "--dry-run").stdout
    assert "0.25" in told and "1 graded, 1 would change" in told
    assert "1 changed; what they were is in grades/" in podium("regrade", "group").stdout
    assert json.loads(podium("regrade", "group", "--json").stdout)["changes"] == []
    assert (group.path / "report.md").exists()
