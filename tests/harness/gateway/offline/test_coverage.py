"""A sample of every kind of competition ends with a valid submission; all of them: `make coverage`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from perf.offline_coverage import Covered, Setup, covered, installed

# One competition for each way there is to answer, and what its stand-in must reach where that is easy.
KINDS = {
    "playground-series-s3e5": "ordered classes, cut where weighted kappa is best",
    "tabular-playground-series-jul-2021": "several regression targets by time",
    "spooky-author-identification": "texts, a probability a class",
    "random-acts-of-pizza": "records in JSON",
    "plant-seedlings-classification": "pictures, labels in folders",
    "aerial-cactus-identification": "packed pictures, labels in a table",
    "tensorflow-speech-recognition-challenge": "sounds",
    "seti-breakthrough-listen": "arrays",
    "playground-series-s3e13": "rankings",
    "plant-pathology-2021-fgvc8": "lists of labels",
    "text-normalization-challenge-english-language": "packed texts to be rewritten",
    "hubmap-kidney-segmentation": "masks",
    "vinbigdata-chest-xray-abnormalities-detection": "boxes",
    "AI4Code": "orders",
}
STEPS = 2


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Covered]:
    """Two steps for each, once for all tests here."""
    home = tmp_path_factory.mktemp("home")
    python = Setup().python
    setup = Setup(steps=STEPS, packages=installed(python), home=home)
    workers = len(os.sched_getaffinity(0))
    return {row.id: row for row in covered(list(KINDS), setup, workers)}


@pytest.mark.parametrize("id", KINDS)
def test_kind_ends_with_a_valid_submission(id: str, rows: dict[str, Covered]) -> None:
    row = rows[id]
    assert row.valid_at is not None, f"{KINDS[id]}: {row.problem}"
    assert row.validation is not None and row.test is not None


@pytest.mark.parametrize(
    ("id", "at_least"),
    [
        ("plant-seedlings-classification", 0.5),
        ("aerial-cactus-identification", 0.9),
        ("tensorflow-speech-recognition-challenge", 0.5),
        ("seti-breakthrough-listen", 0.9),
        ("playground-series-s3e13", 0.5),
        ("plant-pathology-2021-fgvc8", 0.5),
        ("text-normalization-challenge-english-language", 0.5),
    ],
)
def test_what_files_and_texts_hold_is_learnt(id: str, at_least: float, rows: dict[str, Covered]) -> None:
    test = rows[id].test
    assert test is not None and test > at_least


def test_validation_scores_are_measured(rows: dict[str, Covered]) -> None:
    """Where the metric is the competition's own and there is enough data, validation and test are alike."""
    for id in ("playground-series-s3e13", "text-normalization-challenge-english-language"):
        validation, test = rows[id].validation, rows[id].test
        assert validation is not None and test is not None and abs(validation - test) < 0.25


def test_packages_are_those_that_the_python_really_has() -> None:
    assert "scikit-learn" in installed(Setup().python) and "nonsense" not in installed(Path(Setup().python))
