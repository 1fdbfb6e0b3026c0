"""Recordings and earlier attempts go with a run to its node, bounded, and lie there as they lay here."""

from dataclasses import replace

import pytest

from harness.errors import UserError
from harness.nodes import luggage
from harness.nodes.luggage import Luggage, packed
from harness.results.layout import RunFolder
from harness.results.record import RunStatus
from harness.runs.first_record import first_record


@pytest.fixture
def recorded(tmp_path):
    """A run's folder whose transcript can answer."""
    folder = RunFolder(tmp_path / "recorded")
    folder.path.mkdir()
    folder.transcript.write_text('{"a": 1}\n')
    folder.journal.write_text('{"b": 2}\n')
    return folder


def test_a_run_that_needs_none_has_none(plan):
    assert packed(plan(), (), None, 1, goes_on=False) == Luggage()


def test_recordings_arrive_with_their_order(plan, recorded, tmp_path):
    chosen = replace(plan(), replay=recorded.transcript)
    made = packed(chosen, [recorded.transcript], None, 1, goes_on=False)
    here, reuse = made.unpack_recorded(chosen, tmp_path / "scratch")
    (other,) = reuse
    for transcript in (here.replay, other):
        assert transcript.is_relative_to(tmp_path / "scratch")
        assert transcript.read_bytes() == recorded.transcript.read_bytes()
        assert RunFolder(transcript.parent).journal.read_bytes() == recorded.journal.read_bytes()
    assert here.replay != other


def test_a_recording_without_a_journal_has_an_empty_one(plan, recorded, tmp_path):
    recorded.journal.unlink()
    chosen = replace(plan(), replay=recorded.transcript)
    here, _ = packed(chosen, (), None, 1, goes_on=False).unpack_recorded(chosen, tmp_path / "scratch")
    assert RunFolder(here.replay.parent).journal.read_bytes() == b""


@pytest.fixture
def run(plan, tmp_path):
    """A run whose second attempt was killed before it had its past."""
    made = RunFolder(tmp_path / "run")
    for number, came_from in ((1, None), (2, 1)):
        folder = made.attempt(number)
        folder.path.mkdir(parents=True)
        record = first_record(plan(), RunStatus.LOST, attempt=number)
        folder.write(record.model_copy(update={"resumed_from": came_from}))
    first = made.attempt(1)
    first.journal.write_text("{}\n")
    (first.nodes / "n0000").mkdir(parents=True)
    (first.nodes / "n0000" / "code.py").write_text("print()")
    (first.path / "grade.json").write_text("{}")
    (first.path / "large.bin").write_text("is not read by who goes on")
    return made


def test_what_a_run_goes_on_from_arrives_under_its_number(plan, run, tmp_path):
    made = packed(plan(), (), run, 3, goes_on=True).goes_on
    assert (made.attempt, [number for number, _ in made.earlier]) == (3, [2, 1])
    there = RunFolder(tmp_path / "there")
    made.unpack(there)
    assert there.attempt(2).read().resumed_from == 1
    files = {
        str(path.relative_to(there.attempt(1).path)) for path in there.attempt(1).path.rglob("*") if path.is_file()
    }
    assert files == {"run.json", "journal.jsonl", "nodes/n0000/code.py"}


def test_what_is_too_much_to_send_is_refused_with_the_way_out(plan, recorded, run, monkeypatch):
    monkeypatch.setattr(luggage, "MOST_BYTES", 10)
    with pytest.raises(UserError, match=r"recordings that answer it have .*leave --executor out"):
        packed(plan(), [recorded.transcript], None, 1, goes_on=False)
    with pytest.raises(UserError, match=r"earlier attempts that it goes on from have .*leave --executor out"):
        packed(plan(), (), run, 3, goes_on=True)
