"""Where there are many runs several processes read them: the same comes, in the same order, whoever ends early."""

import subprocess
import sys

import pytest

from harness.errors import UserError
from harness.results import readers, rows
from harness.results.record import RunStatus, TreeRecord
from harness.results.rows import rows_of
from tests.harness import records

TREE = TreeRecord(steps=9, good_nodes=8, validation_score=0.5, phase_seconds={"model": 1.0, "execute": 2.5})


@pytest.fixture
def group(tmp_path):
    found = records.group_at(tmp_path / "g")
    for seed in range(9):
        records.write(
            found, records.record("g", "a", seed, tree=TREE, reason=f"no. {seed}"), records.grade("a", "gold")
        )
    (found.path / "prompts").mkdir()
    return found


@pytest.fixture
def several(monkeypatch):
    """Three processes for however few runs; yields what was started."""
    monkeypatch.setattr(rows, "BATCH", 2)
    monkeypatch.setattr(rows, "processes_for", lambda runs: 3)
    started = []
    start = subprocess.Popen

    def noted(*arguments, **options):
        started.append(start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(readers.subprocess, "Popen", noted)
    return started


def test_several_processes_read_what_one_reads(group, several, monkeypatch):
    found = rows_of(group)
    assert len(several) == 3 and all(process.poll() is not None for process in several)
    monkeypatch.setattr(rows, "processes_for", lambda runs: 1)
    assert found == rows_of(group) and [row.seed for row in found] == list(range(9)) and len(several) == 3


def test_they_read_and_not_this_one(group, several, monkeypatch):
    monkeypatch.setattr(readers, "read_many", lambda *_: pytest.fail("this process read runs itself"))
    assert len(rows_of(group)) == 9


def test_what_a_process_owes_that_ended_is_read_here(group, several, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert [row.seed for row in rows_of(group)] == list(range(9)) and len(several) == 3


def test_a_process_that_is_killed_on_its_way_loses_nothing(group, several, monkeypatch):
    following = readers._next

    def killed(reader):
        reader.kill()
        return following(reader)

    monkeypatch.setattr(readers, "_next", killed)
    assert [row.seed for row in rows_of(group)] == list(range(9))


def test_a_run_that_is_not_over_and_a_record_that_is_none_are_read_here(group, several):
    records.write(group, records.record("g", "b", status=RunStatus.RUNNING, owner="a/b/999999999/1"), None)
    assert len(rows_of(group)) == 10
    group.run("a--aide--s4").record_file.write_text('{"schema_version": 1, "run_id": 7}')
    with pytest.raises(UserError, match=r"a--aide--s4/run\.json is not a run record of this version: run_id: "):
        rows_of(group)
    assert all(process.poll() is not None for process in several)


def test_how_many_read_goes_by_the_runs_and_the_cpus(monkeypatch):
    for cpus, runs, processes in ((64, rows.MANY + 1, rows.MOST_PROCESSES), (2, rows.MANY, 1), (1, 10**6, 1)):
        monkeypatch.setattr(rows.os, "sched_getaffinity", lambda _, cpus=cpus: set(range(cpus)))
        assert rows.processes_for(runs) == processes
