"""A run's row is read from its record and grade; its journal is read only where the record does not add it up."""

import json
import pickle

import pytest

from harness.cheating import verdicts
from harness.cheating.finding import Findings, Severity, finding
from harness.cheating.standing import standing
from harness.errors import UserError
from harness.results.record import Finalist, FinalRecord, RunStatus, TreeRecord
from harness.results.rows import row, rows_of, tree_of
from harness.sandbox.owner import me
from tests.harness import records

NODES = [
    {"type": "node", "buggy": False, "score": 0.25, "seconds": {"model": 1.0, "execute": 2.0}},
    {"type": "node", "buggy": True, "score": 0.99, "seconds": {"model": 1.0}},
    {"type": "node", "buggy": False, "score": 0.75, "seconds": {"model": 0.5, "review": 0.125}},
    {"type": "best", "node": "n0003"},
]
TREE = TreeRecord(steps=9, good_nodes=8, validation_score=0.5, phase_seconds={"model": 1.0})


@pytest.fixture
def group(tmp_path):
    return records.group_at(tmp_path / "g")


def written(group, name="a", nodes=NODES, **changes):
    folder = records.write(group, records.record("g", name, **changes), records.grade(name, "gold"))
    folder.journal.write_text("".join(json.dumps({"event": event}) + "\n" for event in nodes))
    return folder


def audited(findings=()):
    return Findings(
        run_id="a--aide--s0",
        podium_version="0",
        rules={},
        inputs_sha256="0",
        beside_sha256="0",
        script=None,
        code_sha256="1",
        scripts=1,
        unparsed=0,
        findings=tuple(findings),
    )


@pytest.mark.parametrize(("direction", "best"), [("maximize", 0.75), ("minimize", 0.25)])
def test_a_tree_counts_good_nodes_and_sums_phases(direction, best):
    tree = tree_of(NODES, direction)
    assert (tree.steps, tree.good_nodes, tree.validation_score) == (3, 2, best)
    assert tree.phase_seconds == {"model": 2.5, "execute": 2.0, "check": 0.0, "review": 0.125, "overhead": 0.0}


def test_what_the_record_adds_up_is_not_read_again(group):
    written(group, tree=TREE)
    (found,) = rows_of(group)
    assert (found.steps, found.good_nodes, found.validation_score, found.medal) == (9, 8, 0.5, "gold")


def test_a_record_without_it_is_added_up_from_the_journal(group):
    folder = written(group)
    (found,) = rows_of(group)
    assert (found.steps, found.validation_score) == (3, 0.75) and found == row(folder, folder.read())


def test_a_run_whose_process_is_gone_is_lost_in_its_row(group):
    machine, _, _ = me().rsplit("/", 2)
    written(group, status=RunStatus.RUNNING, owner=f"{machine}/999999999/1")
    assert rows_of(group)[0].status is RunStatus.LOST


def test_other_folders_and_files_of_a_group_are_no_runs(group):
    written(group)
    (group.path / "prompts").mkdir()
    (group.path / "summary.json").write_text("{}")
    (group.path / ".half").mkdir()
    assert len(rows_of(group)) == 1 == len(list(group.runs()))


def test_a_large_record_is_read_whole(group):
    written(group, reason="x" * 100_000)
    assert len(rows_of(group)[0].reason) == 100_000


def test_a_record_that_is_none_is_named_with_what_to_do(group):
    folder = written(group)
    folder.record_file.write_text('{"schema_version": 1}')
    with pytest.raises(UserError, match=r"run\.json is not a run record of this version.*Mend it"):
        rows_of(group)


def test_a_row_holds_what_the_best_node_by_test_scored_and_how_far_validation_was_off(group):
    folder = written(group, tree=TREE)
    by_test = {"oracle": "n0003", "oracle_test_score": 0.7, "lost_by_choice": 0.05, "nodes": [{"node": "x" * 20_000}]}
    folder.node_grades.write_text(json.dumps(by_test))
    (found,) = rows_of(group)
    assert (found.best_node, found.best_node_score, found.lost_by_choice) == ("n0003", 0.7, 0.05)
    assert found.gap == pytest.approx(TREE.validation_score - found.score)
    assert row(folder, folder.read()) == found


def test_where_rows_were_held_back_the_validation_score_is_the_chosen_nodes_own(group):
    finalists = (Finalist(node="n0002", search=0.4, pick=0.9), Finalist(node="n0001", search=0.5, pick=0.8))
    written(group, tree=TREE, final=FinalRecord(node="n0002", finalists=finalists, handed_in="rerun"))
    (found,) = rows_of(group)
    assert (found.validation_score, found.handed_in) == (0.4, "rerun")


def test_a_grade_that_is_none_any_more_is_named_with_what_to_do(group):
    written(group, tree=TREE).grade_file.write_text("{")
    with pytest.raises(UserError, match=r"grade\.json is no grade any more.*podium grade g/a--aide--s0"):
        rows_of(group)


def test_a_value_of_a_wrong_type_is_named_with_its_file_and_field(group):
    folder = written(group, tree=TREE)
    record = json.loads(folder.record_file.read_bytes())
    folder.record_file.write_text(json.dumps({**record, "wall_seconds": "long"}))
    with pytest.raises(UserError, match=r"a--aide--s0/run\.json .*: wall_seconds: .*Mend it"):
        rows_of(group)
    folder.record_file.write_text(json.dumps(record))
    grade = json.loads(folder.grade_file.read_bytes())
    folder.grade_file.write_text(json.dumps({**grade, "exceeds_percent": "half"}))
    with pytest.raises(UserError, match=r"a--aide--s0/grade\.json .*exceeds_percent.*podium grade g/a--aide--s0"):
        rows_of(group)


def test_node_grades_that_are_none_any_more_are_named_with_what_to_do(group):
    folder = written(group, tree=TREE)
    for spoiled in ("", "[]", '{"oracle": 3, "nodes": []}', '{"oracle": "n0001"'):
        folder.node_grades.write_text(spoiled)
        with pytest.raises(UserError, match=r"node_grades\.json .*podium grade-nodes g/a--aide--s0"):
            rows_of(group)


def test_a_competition_may_be_called_as_a_field_is(group):
    folder = written(group, "nodes", tree=TREE)
    by_test = {"competition": "nodes", "oracle": "n0003", "nodes": [{"node": "x" * 20_000}]}
    folder.node_grades.write_text(json.dumps(by_test, indent=2))
    assert rows_of(group)[0].best_node == "n0003"


def test_a_record_that_only_its_model_takes_has_the_row_of_the_whole_record(group):
    folder = written(group, tree=TREE)
    record = json.loads(folder.record_file.read_bytes())
    folder.record_file.write_text(json.dumps({**record, "seed": "0", "wall_seconds": "60"}))
    assert rows_of(group) == [row(folder, folder.read())]


def test_an_audited_run_without_findings_is_flagged_by_people_only(group):
    folder = written(group, tree=TREE)
    found = audited()
    (folder.path / "findings.json").write_text(found.model_dump_json(indent=2))
    assert (rows_of(group)[0].flagged, rows_of(group)[0].flagged_by) == (False, ())
    verdicts.add(folder.path, found, "confirmed", by="ada", reason="seen")
    assert (rows_of(group)[0].flagged, rows_of(group)[0].flagged_by) == (True, ("a person",))
    (folder.path / "findings.json").write_text('{"findings": 1}')
    with pytest.raises(UserError, match=r"findings\.json is not of this version.*podium audit g"):
        rows_of(group)


def test_a_row_travels_between_processes_as_it_is(group):
    written(group, tree=TREE, reason="why", oom_kills=2, cache_sha256="c", configuration="b")
    (found,) = rows_of(group)
    again = pickle.loads(pickle.dumps(found))
    assert again == found and again.status is RunStatus.COMPLETED


@pytest.mark.parametrize("severity", Severity)
def test_what_flags_a_run_is_read_as_the_audit_says_it(group, severity):
    folder = written(group, tree=TREE)
    found = [finding(rule, 1, severity, rule, code_sha256="1") for rule in ("network", "said", "network")]
    (folder.path / "findings.json").write_text(audited(found).model_dump_json(indent=2))
    (row_read,) = rows_of(group)
    assert row_read.flagged_by == standing(folder.path).rules == (("network", "said") if severity.flags else ())
