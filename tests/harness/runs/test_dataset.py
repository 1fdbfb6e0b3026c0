"""A user's folder is understood where that is certain; where it is not, the error names the choices."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UserError
from harness.runs.dataset import Choices, understand
from harness.specs.metric_names import meant

TRAIN = "Id,x,colour,price\n1,0.5,red,3\n2,0.6,blue,4\n3,0.7,red,5\n"
TEST = "Id,x,colour\n4,0.1,red\n5,0.2,blue\n"
SAMPLE = "Id,price\n4,0\n5,0\n"


def folder(tmp_path: Path, **files: str) -> Path:
    made = tmp_path / "house"
    made.mkdir()
    for name, text in files.items():
        (made / f"{name}.csv").write_text(text)
    return made


def test_the_usual_folder_needs_no_word(tmp_path: Path) -> None:
    data = folder(tmp_path, train=TRAIN, test=TEST, sample_submission=SAMPLE)
    (data / "about.txt").write_text("x")
    (data / "images").mkdir()
    (data / "images" / "1.png").write_text("x")
    found = understand(data, Choices())
    assert (found.train.name, found.test and found.test.name, found.labelled) == ("train.csv", "test.csv", False)
    assert (found.target, found.id_column, found.sample) == ("price", "Id", data / "sample_submission.csv")
    assert found.others == ("about.txt", "images/1.png")
    assert "predict price (the sample submission asks for it)" in found.notes


def test_without_a_sample_the_one_column_that_the_test_file_lacks_is_the_target(tmp_path: Path) -> None:
    assert understand(folder(tmp_path, train=TRAIN, test=TEST), Choices()).target == "price"


def test_a_test_file_with_labels_is_labelled_and_other_files_are_not_shown(tmp_path: Path) -> None:
    data = folder(tmp_path, train=TRAIN, test="Id,x,colour,price\n4,0.1,red,1\n", everything=TRAIN)
    found = understand(data, Choices(target="price"))
    assert found.labelled and found.others == ()
    assert any("everything.csv" in note for note in found.notes)


def test_of_one_table_rows_are_to_be_held_out_and_nothing_else_is_shown(tmp_path: Path) -> None:
    data = folder(tmp_path, homes=TRAIN)
    (data / "solution.txt").write_text("all labels")
    found = understand(data, Choices(target="price"))
    assert (found.train.name, found.test, found.others, found.id_column) == ("homes.csv", None, (), "Id")
    assert understand(data / "homes.csv", Choices(target="price")).train == data / "homes.csv"


def test_a_column_called_target_is_the_target(tmp_path: Path) -> None:
    assert understand(folder(tmp_path, t="a,b,Target\n1,2,3\n"), Choices()).target == "Target"


def test_rows_without_a_name_are_numbered(tmp_path: Path) -> None:
    data = folder(tmp_path, train="x,Id,y\n1,7,2\n2,7,3\n", test="x,Id\n1,1\n")
    assert understand(data, Choices()).id_column is None


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    """What is in the folder is shown to the agent, and so to the model's provider."""
    data = folder(tmp_path, train=TRAIN, test=TEST)
    (tmp_path / "id_rsa").write_text("secret")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("secret")
    (data / "note.txt").symlink_to(tmp_path / "id_rsa")
    (data / "more").symlink_to(tmp_path / "secrets")
    (data / ".env").write_text("KEY=1")
    (data / "inside.txt").symlink_to(data / "test.csv")
    assert understand(data, Choices()).others == ("inside.txt",)


@pytest.mark.parametrize(
    ("files", "choices", "message"),
    [
        ({}, {}, "holds no .csv: podium solve takes"),
        ({"a": TRAIN}, {}, "which column is to be predicted\\? --target one of: Id, x, colour, price"),
        ({"a": TRAIN, "b": TRAIN}, {}, "which file holds the labelled rows\\? --train one of: a.csv, b.csv"),
        ({"train": TRAIN, "test": "x\n1\n"}, {}, "--target one of: Id, colour, price"),
        ({"train": TRAIN}, {"target": "prize"}, "--target prize: train.csv has the columns Id, x, colour, price"),
        ({"train": TRAIN}, {"target": "price", "id_column": "no"}, "--id no: train.csv has the columns Id, x, colour"),
        ({"train": TRAIN}, {"test": "t.csv"}, "--test-file t.csv: there are train.csv"),
        ({"train": ""}, {}, "train.csv is no CSV that can be read"),
    ],
)
def test_what_is_not_certain_is_asked_for(
    tmp_path: Path, files: dict[str, str], choices: dict[str, str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        understand(folder(tmp_path, **files), Choices(**choices))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("rmse", "rmse"),
        ("RMSE", "rmse"),
        ("Use the RMSE metric between the logarithm of the predicted and observed values.", "rmsle"),
        ("Root-Mean-Squared-Error", "rmse"),
        ("area under the ROC curve", "roc_auc"),
        ("macro-averaged F1", "macro_f1"),
        ("F1", "f1"),
        ("balanced accuracy", "balanced_accuracy"),
        ("Matthews' correlation coefficient", "mcc"),
        ("log loss", "log_loss"),
        ("quadratic_weighted_kappa", "quadratic_weighted_kappa"),
        ("R^2", "r2"),
    ],
)
def test_a_metric_is_found_by_its_name_or_by_words(text: str, name: str) -> None:
    assert meant(text).name == name


@pytest.mark.parametrize(
    ("text", "message"),
    [("beauty", "names no metric that there is. Use one of: accuracy,"), ("rmse or mae", "mae or rmse")],
)
def test_words_that_mean_no_metric_or_several_are_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        meant(text)
