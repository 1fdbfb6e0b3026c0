"""The exported solution runs as it did, says where it came from, and holds nothing that an agent could make it do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from harness.errors import UserError
from harness.results import export_run
from harness.results.layout import RunFolder
from harness.results.notebook import fenced, notebook, split
from harness.results.solution import imported, solution_of
from tests.harness import pages, records

CODE = '''\
"""A docstring."""
from __future__ import annotations

import json

import sys

# What it reads.
rows = open("input/train.csv").read().splitlines()


def mean(
    values,
):
    """Of numbers.

    As usual.
    """

    return sum(values) / len(values)


# Decorated, with a comment.
@staticmethod
def nothing(): pass

if True:
    x = 1

    y = 2
text = """

rows

"""
open("working/submission.csv", "w").write("id,y\\n1,0\\n")
print("validation score:", mean([0.5, 0.7]))
'''
PACKAGES = {"pandas": "3.1.0", "scikit-learn": "1.8.0", "numpy": "2.4", "lightgbm": "4.6"}


def run_with(tmp_path: Path, code: str = CODE, grade: bool = True, **changes) -> RunFolder:
    group = records.group_at(tmp_path / "results" / "g")
    folder = records.write(group, records.record("g", "toy"), records.grade("toy") if grade else None)
    start = {"type": "start", "python": "3.11.2", "packages": PACKAGES}
    good = pages.node(2, 0.6, **{"output": "validation score: 0.6\n", "code": code, "plan": "Take means.", **changes})
    chosen = {"type": "best", "node": "n0002", "score": 0.6}
    pages.write_journal(folder.journal, [start, pages.node(1, None, "Traceback"), good, chosen])
    return folder


def solution(folder: RunFolder):
    record = folder.read()
    assert record is not None
    return solution_of(folder, record)


def run_in_a_folder(tmp_path: Path, script: str) -> str:
    (tmp_path / "input").mkdir()
    (tmp_path / "working").mkdir()
    (tmp_path / "input" / "train.csv").write_text("id,x,y\n1,2,3\n")
    (tmp_path / "solution.py").write_text(script)
    done = subprocess.run(
        [sys.executable, "solution.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_the_script_runs_where_input_and_working_are(tmp_path: Path) -> None:
    script = solution(run_with(tmp_path)).script()
    assert run_in_a_folder(tmp_path, script) == "validation score: 0.6\n"
    assert (tmp_path / "working/submission.csv").read_text() == "id,y\n1,0\n"


def test_its_header_says_what_it_is(tmp_path: Path) -> None:
    header, _, rest = solution(run_with(tmp_path, code="import pandas\n")).script().partition("\n\n")
    assert rest == "import pandas\n" and all(line.startswith("#") for line in header.splitlines())
    for fact in ("g/toy--aide--s0", "n0002 (draft)", "best of 2", "accuracy (higher is better)", "0.6, its own"):
        assert fact in header
    assert "0.65000, medal: none" in header and "offline, agent aide" in header
    assert "3.11.2; imports pandas 3.1.0" in header and "lightgbm" not in header


def test_without_a_grade_it_says_so(tmp_path: Path) -> None:
    assert "not graded" in solution(run_with(tmp_path, grade=False)).script()


@pytest.mark.parametrize("first", ["#!/usr/bin/env python3\n", "# -*- coding: latin-1 -*-\n"])
def test_lines_that_count_only_at_the_top_stay_there(tmp_path: Path, first: str) -> None:
    assert solution(run_with(tmp_path, code=f"{first}print(1)\n")).script().startswith(first)


def test_the_packages_are_those_that_are_imported() -> None:
    code = "import numpy.linalg as la\ndef f():\n    from sklearn import svm\nfrom . import own\nimport os"
    assert imported(code, PACKAGES) == {"scikit-learn": "1.8.0", "numpy": "2.4"}
    assert imported("this is no Python", PACKAGES) == PACKAGES


def test_a_run_without_a_working_node_has_no_solution(tmp_path: Path) -> None:
    group = records.group_at(tmp_path / "g")
    folder = records.write(group, records.record("g", "toy"), None)
    pages.write_journal(folder.journal, [pages.node(1, None, "Traceback")])
    with pytest.raises(UserError, match="no working solution: 1 nodes, all buggy"):
        solution(folder)


def test_the_cells_of_a_notebook_are_the_script_line_for_line() -> None:
    cells = split(CODE)
    assert "".join(cells) == CODE and len(cells) > 2
    for cell in cells:
        compile(cell, "cell", "exec")
    assert any(cell.lstrip().startswith("# Decorated") for cell in cells)


@pytest.mark.parametrize(
    "code", ["", "x = (", "a = 1; b = 2\x0c\n\nc = 3\n", "x = 1\r\n\r\ny = 2\r\n", "\n\n\n", "#\n"]
)
def test_odd_scripts_are_split_without_a_loss(code: str) -> None:
    assert "".join(split(code)) == code


@pytest.mark.parametrize("code", [CODE, "print(1)\n", "x = (", pages.ATTACK])
def test_a_notebook_is_valid_and_can_be_read_back(tmp_path: Path, code: str) -> None:
    made = notebook(solution(run_with(tmp_path, code=code)))
    read = nbformat.reads(made, as_version=nbformat.NO_CONVERT)
    nbformat.validate(read)
    assert (read.nbformat, read.metadata.kernelspec.language) == (4, "python")
    assert "".join(cell.source for cell in read.cells if cell.cell_type == "code").rstrip("\n") == code.rstrip("\n")


def test_a_notebook_has_plan_output_and_scores(tmp_path: Path) -> None:
    made = nbformat.reads(notebook(solution(run_with(tmp_path))), as_version=4)
    words = "\n".join(cell.source for cell in made.cells if cell.cell_type == "markdown")
    for part in ("Take means.", "validation score: 0.6", "0.65000", "What the review found", "Python".lower()):
        assert part in words


def test_the_code_cells_of_a_notebook_run_in_order(tmp_path: Path) -> None:
    made = nbformat.reads(notebook(solution(run_with(tmp_path))), as_version=4)
    script = "\n".join(cell.source for cell in made.cells if cell.cell_type == "code")
    assert run_in_a_folder(tmp_path, script) == "validation score: 0.6\n"


def test_what_an_agent_wrote_stays_within_its_fence(tmp_path: Path) -> None:
    hostile = "```\n# Heading\n![x](http://example.com)\n````\n" + pages.ATTACK
    made = nbformat.reads(
        notebook(solution(run_with(tmp_path, plan=hostile, output=hostile, analysis=hostile))), as_version=4
    )
    assert all("`````text" in cell.source for cell in made.cells if cell.id in ("plan", "found"))
    assert fenced("a ``` b").startswith("````text\n")


def test_long_output_is_cut_in_the_middle(tmp_path: Path) -> None:
    made = notebook(solution(run_with(tmp_path, output="x" * 100_000)))
    assert "80000 characters left out" in made and len(made) < 40_000


def test_the_verbs_write_into_the_run_and_name_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from harness.cli import app

    folder = run_with(tmp_path)
    monkeypatch.setenv("PODIUM_RESULTS", str(tmp_path / "results"))
    run = CliRunner().invoke
    assert run(app, ["export", "solution"]).stdout.split() == [str(folder.path / "solution.py")]
    done = run(app, ["export", "notebook", "g/toy--aide--s0", "--into", str(tmp_path / "out")])
    assert done.stdout.split() == [str(tmp_path / "out" / "solution.ipynb")]
    done = run(app, ["export", "tree", "latest/toy--aide--s0", "--png"])
    assert [Path(line).name for line in done.stdout.split()] == ["tree.json", "tree.svg", "tree.png"]


def test_exporting_to_where_nothing_is_makes_the_folder(tmp_path: Path) -> None:
    folder = run_with(tmp_path)
    record = folder.read()
    assert record is not None
    made = export_run.solution(folder, record, tmp_path / "a" / "b")
    assert [path.name for path in made] == ["solution.py", "solution.ipynb"] and all(path.is_file() for path in made)


PART = 'open("working/submission.csv", "w").write("id,y\\n1,2\\n")\nopen("working/oof.csv", "w").write("y\\n3\\n")\n'
BLEND = '''\
"""A blend."""
from __future__ import annotations

predicted = open("earlier/n0001.csv").read() + open("earlier/n0001-oof.csv").read()
open("working/submission.csv", "w").write(predicted)
print("validation score: 0.7")
'''


def run_with_a_blend(tmp_path: Path) -> RunFolder:
    group = records.group_at(tmp_path / "results" / "g")
    folder = records.write(group, records.record("g", "toy"), None)
    events = [
        pages.node(1, 0.5, code=PART),
        pages.node(2, 0.5, code="raise SystemExit(1)\n"),
        pages.node(3, 0.6, code="broken(", action="ensemble", parents=("n0001", "n0009")),
        pages.node(4, 0.7, code=BLEND, action="debug", parents=("n0003",)),
        {"type": "best", "node": "n0004", "score": 0.7},
    ]
    pages.write_journal(folder.journal, events)
    return folder


def test_a_blend_is_exported_with_what_it_blends_and_runs(tmp_path: Path) -> None:
    found = solution(run_with_a_blend(tmp_path))
    assert list(found.parts) == ["n0001"] and "blends n0001, which are part of it" in found.script()
    assert run_in_a_folder(tmp_path, found.script()) == "validation score: 0.7\n"
    assert (tmp_path / "working" / "submission.csv").read_text() == "id,y\n1,2\ny\n3\n"


def test_a_blends_notebook_runs_too(tmp_path: Path) -> None:
    made = nbformat.reads(notebook(solution(run_with_a_blend(tmp_path))), as_version=4)
    script = "\n".join(cell.source for cell in made.cells if cell.cell_type == "code")
    assert run_in_a_folder(tmp_path, script) == "validation score: 0.7\n"
