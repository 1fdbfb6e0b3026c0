"""What edition `fixed` mends where labels lie in binary files or in the score, which no search of tables can see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.data import tfrecord
from harness.data.prepare import prepare
from harness.errors import InvalidSubmission
from harness.metrics import Metric
from harness.specs import competition as competitions

FOLDER = Path(__file__).parents[2] / "competitions"
RECORDS = {
    "cassava-leaf-disease-classification": ("test_tfrecords/*.tfrec", {"target"}),
    "siim-isic-melanoma-classification": ("tfrecords/test*.tfrec", {"diagnosis", "benign_malignant", "target"}),
}


@pytest.mark.parametrize("id", RECORDS)
def test_fixed_test_records_hold_no_labels_and_still_the_picture(id: str, tmp_path: Path) -> None:
    competition, (pattern, labels) = competitions.load(id, FOLDER), RECORDS[id]
    for edition, labelled in (("mle-bench-v1", True), ("fixed", False)):
        prepared = prepare(competition, data_home=tmp_path / edition, stand_in=True, edition=edition)
        records = [record for file in prepared.public.glob(pattern) for record in tfrecord.records(file)]
        assert records
        for record in records:
            assert (tfrecord.without(record, labels) != record) == labelled
            assert tfrecord.without(record, {"image"}) != record


def question_answering(edition: str) -> tuple[Metric, dict[str, object]]:
    competition = competitions.load("tensorflow2-question-answering", FOLDER).at(edition)
    return competition.scorer(), competition.metric.options


def answered(edition: str, given: list[str], accepted: list[str]) -> float:
    metric, options = question_answering(edition)
    truth = {"accepted": np.array(accepted, dtype=object)}
    return metric.score(truth, {"PredictionString": np.array(given, dtype=object)}, options)


def test_blanks_are_hits_in_the_first_edition_only() -> None:
    given, accepted = ["", "", "", ""], ["", "1:2", "", ""]
    assert answered("mle-bench-v1", given, accepted) == 0.75
    assert answered("fixed", given, accepted) == 0


def test_f1_counts_hits_false_answers_and_misses() -> None:
    given, accepted = ["3:4", "5:6", "", " 07:9 ", "YES"], ["1:2 3:4", "", "8:9", "7:9", "NO"]
    assert answered("fixed", given, accepted) == pytest.approx(2 * 2 / (2 * 2 + 2 + 1))
    assert answered("mle-bench-v1", given, accepted) == pytest.approx(2 / 5)


@pytest.mark.parametrize("text", ["maybe", "3:", "1:2:3", "yes", "1.0:2", "٣:٤", "9" * 30 + ":1"])
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(InvalidSubmission, match="expected start:end, YES, NO or nothing"):
        answered("mle-bench-v1", ["", text], ["", ""])
