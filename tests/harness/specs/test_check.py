"""What is wrong with a competition is found, and what is right is not complained of."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.specs import competition as competitions
from harness.specs.check import Finding, check

SHIPPED = Path(__file__).parents[3] / "competitions"
LEAKS = """
def prepare(job, **_):
    import pandas as pd
    table = pd.read_csv(job.raw / "train.csv")
    train, test = table.iloc[100:], table.iloc[:100]
    {public}.to_csv(job.public / "train.csv", index=False)
    test.drop(columns="malignant").to_csv(job.public / "test.csv", index=False)
    test.to_csv(job.private / job.answers_file, index=False)
    job.write_sample(test)
    {more}
"""
SPLIT = "{recipe: random_rows, target: malignant, test: 0.25, seed: 0, stratify: malignant}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED / "breast-cancer-wisconsin", tmp_path / "breast-cancer-wisconsin")
    return tmp_path / "breast-cancer-wisconsin"


@pytest.fixture
def failing(copy: Path, tmp_path: Path) -> Callable[[], list[Finding]]:
    def run() -> list[Finding]:
        item = competitions.load(copy.name, copy.parent)
        return [finding for finding in check(item, folder=tmp_path / "scratch") if not finding.ok]

    (tmp_path / "scratch").mkdir()
    return run


def replace(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def own_code(copy: Path, public: str, more: str = "pass") -> None:
    replace(copy / "competition.yaml", SPLIT, "{recipe: code}")
    (copy / "prepare.py").write_text(LEAKS.format(public=public, more=more))


def test_a_sound_competition_has_no_complaint(failing: Callable[[], list[Finding]]) -> None:
    assert failing() == []


def test_own_code_that_keeps_the_rules_has_no_complaint(copy: Path, failing: Callable[[], list[Finding]]) -> None:
    own_code(copy, "train")
    assert failing() == []


def test_test_rows_left_in_train_are_found(copy: Path, failing: Callable[[], list[Finding]]) -> None:
    own_code(copy, "table")
    (found,) = failing()
    assert found.check == "public data" and "train.csv holds test rows with malignant" in found.detail


@pytest.mark.parametrize(
    "more",
    [
        "import shutil; shutil.copy(job.private / job.answers_file, job.public / 'notes.bin')",
        "import zipfile; zipfile.ZipFile(job.public / 'x.zip', 'w').writestr('deep/a.csv', test.to_csv(index=False))",
        "test.to_parquet(job.public / 'side.parquet')",
    ],
)
def test_answers_in_another_form_are_found(copy: Path, failing: Callable[[], list[Finding]], more: str) -> None:
    own_code(copy, "train", more)
    (found,) = failing()
    assert found.check == "public data"


def test_a_stated_leak_is_told_and_is_no_failure(copy: Path, failing: Callable[[], list[Finding]]) -> None:
    own_code(copy, "table")
    replace(copy / "competition.yaml", "defects:\n", 'defects:\n  - "leak: train.csv holds the test rows"\n')
    assert failing() == []


def test_a_description_that_lacks_the_form_is_found(copy: Path, failing: Callable[[], list[Finding]]) -> None:
    replace(copy / "description.md", "## Submission", "## Handing in")
    (found,) = failing()
    assert found.check == "description" and "## Submission" in found.detail


def test_an_error_of_own_code_is_a_finding(copy: Path, failing: Callable[[], list[Finding]]) -> None:
    own_code(copy, "no_such_name")
    with pytest.raises(NameError):
        failing()


def test_answers_that_do_not_score_best_are_found(copy: Path, failing: Callable[[], list[Finding]]) -> None:
    replace(copy / "competition.yaml", "answers: {file: test.csv}", "answers: {file: test.csv, perfect_score: 0.9}")
    assert {found.check for found in failing()} == {"the answers", "the answers, shuffled"}
