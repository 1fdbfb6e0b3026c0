"""Several competitions at a time: what goes wrong with one is its own outcome."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.data.manifest import find
from harness.data.matching import compare
from harness.data.prepare import prepare
from harness.data.prepare_several import Order, Outcome, exit_code, prepare_several, raw_of
from harness.specs import competition as competitions
from harness.specs.competition import Competition
from harness.verbs import tables

Write = Callable[..., Path]
CODE = {
    "fine": "",
    "unfit": "    raise ValueError('no such column')\n",
    "broken": "    1 / 0\n",
    "killed": "    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n",
}
BEGINNING = """\
from harness.splits.tables import RandomRows

def prepare(job):
    RandomRows(recipe="random_rows", target=("y",), test=0.25, seed=0).apply(job)
"""


@pytest.fixture
def items(write_demo: Write) -> list[Competition]:
    """One competition that can be prepared, and three that can't, each in its own way."""
    folder = write_demo(
        ("split: {recipe: random_rows, target: y, test: 0.25, seed: 0}\n  fixed", "split: {recipe: code}\n  fixed"),
    )
    spec = (folder / "demo" / "competition.yaml").read_text()
    for name, code in CODE.items():
        (folder / name).mkdir()
        for file in ("description.md", "quantiles.json"):
            (folder / name / file).write_text((folder / "demo" / file).read_text())
        (folder / name / "competition.yaml").write_text(spec.replace("id: demo\n", f"id: {name}\n"))
        (folder / name / "prepare.py").write_text(BEGINNING + code)
    return [competitions.load(name, folder) for name in CODE]


def test_one_that_fails_or_is_killed_stops_no_other(items: list[Competition], tmp_path: Path) -> None:
    said: list[str] = []
    orders = [Order(item, tmp_path / "data", stand_in=True) for item in reversed(items)]
    killed, broken, unfit, fine = prepare_several(orders, jobs=2, say=said.append)
    assert fine.problem is None and fine.manifest == find(items[0], tmp_path / "data").manifest  # type: ignore[union-attr]
    assert "no such column" in str(unfit.problem) and unfit.exit_code == 2
    assert broken.problem == "bug: ZeroDivisionError: division by zero" and broken.exit_code == 1
    assert "killed by signal 9; most likely memory ran out" in str(killed.problem) and killed.exit_code == 3
    assert exit_code([fine]) == 0 and exit_code([broken, unfit, fine]) == 2 and exit_code([killed, unfit]) == 3
    assert "preparing fine (v1) from stand-in data" in said and f"killed: {killed.problem}" in said


def test_an_interrupt_ends_the_processes(items: list[Competition], tmp_path: Path) -> None:
    import multiprocessing

    (items[0].folder / "prepare.py").write_text(BEGINNING + "    import time\n    time.sleep(600)\n")

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_several([Order(items[0], tmp_path / "data", stand_in=True)], jobs=1, say=interrupt)
    assert multiprocessing.active_children() == []
    assert find(items[0], tmp_path / "data") is None


def test_raw_data_of_several_are_found_by_their_ids(items: list[Competition], tmp_path: Path) -> None:
    (tmp_path / "fine").mkdir()
    (tmp_path / "unfit.zip").touch()
    assert raw_of(items[0], tmp_path) == tmp_path / "fine"
    assert raw_of(items[1], tmp_path) == tmp_path / "unfit.zip"
    assert raw_of(items[2], tmp_path) == tmp_path / "broken"  # not there: the error names it
    assert raw_of(items[0], None) is None


@pytest.fixture
def with_checksums(write_demo: Write, demo_raw: Path, tmp_path: Path) -> Competition:
    """Three MD5s are stated: one that is right, one that is not, one of a file that nobody makes."""
    right = prepare(competitions.load("demo", write_demo()), data_home=tmp_path / "first", raw=demo_raw).manifest.files[
        "public/train.csv"
    ]
    public = f"{{train.csv: {right.md5}, test.csv: {'f' * 32}, other.csv: {'e' * 32}}}"
    return competitions.load("demo", write_demo(("  fixed:", f"    checksums: {{public: {public}}}\n  fixed:")))


def test_each_file_that_is_not_as_stated_is_told(
    with_checksums: Competition, demo_raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared = prepare(with_checksums, data_home=tmp_path / "data", raw=demo_raw)
    tables.prepared(with_checksums, prepared, as_json=False)
    text = capsys.readouterr().out
    assert "public/test.csv has MD5 " in text and f"; stated is {'f' * 32}\n" in text
    assert f"public/other.csv is not there; stated is {'e' * 32}\n" in text
    assert "1 of 3 files are as stated, byte for byte" in text
    tables.prepared(with_checksums, prepared, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["files_matching"], told["files_stated"]) == (1, 3)
    assert [one["name"] for one in told["differing"]] == ["public/test.csv", "public/other.csv"]


def test_a_stand_in_is_not_compared(with_checksums: Competition, tmp_path: Path) -> None:
    manifest = prepare(with_checksums, data_home=tmp_path / "data", stand_in=True).manifest
    assert compare(with_checksums.editions["v1"], manifest) == []


def test_the_table_of_several_has_a_row_each(
    with_checksums: Competition, demo_raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = prepare(with_checksums, data_home=tmp_path / "data", raw=demo_raw).manifest
    outcomes = [
        Outcome(with_checksums, "v1", manifest),
        Outcome(with_checksums, "fixed", problem="the disk is full", exit_code=3),
    ]
    tables.prepared_several(outcomes, as_json=False)
    text = capsys.readouterr().out
    assert "1 of 3" in text and "the disk is full" in text and "1 of 2 competitions are prepared" in text
    tables.prepared_several(outcomes, as_json=True)
    rows = json.loads(capsys.readouterr().out)
    assert [(row["id"], row["source"], row["exit_code"]) for row in rows] == [("demo", "raw", 0), ("demo", None, 3)]
