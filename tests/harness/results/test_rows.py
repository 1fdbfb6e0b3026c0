"""The split of one table into files of any names and columns: which rows go where, and how they are written."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from harness.splits import Job
from harness.splits.rows import Rows


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Forty rows in ten groups of four, two classes; and a side table of the groups."""
    for name in ("raw", "public", "private"):
        (tmp_path / name).mkdir()
    rows = [f"{100 + row},g{9 - row // 4},{row / 7},{'ab'[row % 2]},{row}" for row in range(40)]
    (tmp_path / "raw" / "train.csv").write_text("\n".join(["id,group,x,kind,y", *rows]) + "\n")
    (tmp_path / "raw" / "groups.csv").write_text("group,z\n" + "".join(f"g{row},{row}\n" for row in range(10)))
    return Job(
        raw=tmp_path / "raw",
        public=tmp_path / "public",
        private=tmp_path / "private",
        plain_sample=tmp_path / "plain.csv",
        id_columns=("id",),
        sample={"a": 0.5, "b": 0.5},
        sample_file="sample.csv",
        answers_file="answers.csv",
        code=tmp_path,
    )


RANDOM = {"by": "random", "test": 0.25, "seed": 0}
GROUPS = {"by": "groups", "column": "group", "test": 0.2, "seed": 0}
WRITE: dict[str, Any] = {"train.csv": {"rows": "train"}, "test.csv": {"rows": "test", "drop": ["kind", "y"]}}


def split(job: Job, **said: Any) -> dict[str, pd.DataFrame]:
    """Apply the recipe and return the written tables by name."""
    recipe = {"recipe": "rows", "table": "train.csv", "divide": RANDOM, "write": WRITE, **said}
    Rows.model_validate(recipe).apply(job)
    return {path.name: pd.read_csv(path) for folder in (job.public, job.private) for path in folder.glob("*.csv")}


def test_rows_go_to_one_side_each_and_the_usual_files_are_written(job: Job) -> None:
    made = split(job)
    assert sorted([*made["train.csv"].id, *made["test.csv"].id]) == list(range(100, 140))
    assert list(made["test.csv"].columns) == ["id", "group", "x"]
    assert list(made["answers.csv"].columns) == ["id", "group", "x", "kind", "y"]
    assert made["sample.csv"].to_dict("list") == {"id": made["test.csv"].id.tolist(), "a": [0.5] * 10, "b": [0.5] * 10}


def test_rows_may_be_numbered_by_their_place_in_the_raw_table(job: Job) -> None:
    made = split(job, sample={"rows": "test", "row_numbers": True})["sample.csv"]
    assert made.columns[0] == "Unnamed: 0"
    assert (made["Unnamed: 0"] + 100).tolist() == made["id"].tolist()


def test_numbers_come_out_with_the_digits_they_came_in_with(job: Job) -> None:
    split(job)
    raw = dict(line.split(",", 1) for line in (job.raw / "train.csv").read_text().splitlines())
    written = dict(line.split(",", 1) for line in (job.public / "train.csv").read_text().splitlines())
    assert written.items() <= raw.items()


@pytest.mark.parametrize("order", ["table", "groups"])
@pytest.mark.parametrize("listed", ["sorted", "first seen"])
def test_groups_stay_whole(job: Job, order: str, listed: str) -> None:
    made = split(job, divide={**GROUPS, "order": order, "listed": listed})
    train, test = made["train.csv"], made["test.csv"]
    assert not set(train.group) & set(test.group)
    assert (len(train), len(test)) == (32, 8)
    assert train.id.is_monotonic_increasing == (order == "table")
    assert (train.group != train.group.shift()).sum() == 8


def test_order_of_the_table_can_be_kept(job: Job) -> None:
    assert split(job, divide={**RANDOM, "order": "table"})["train.csv"].id.is_monotonic_increasing
    assert not split(job)["train.csv"].id.is_monotonic_increasing


def test_stratifying_keeps_the_shares(job: Job) -> None:
    made = split(job, divide={**RANDOM, "stratify": "kind"})
    assert made["answers.csv"].kind.value_counts().to_dict() == {"a": 5, "b": 5}


def test_the_share_can_be_that_of_a_released_test_set(job: Job) -> None:
    (job.raw / "test.csv").write_text("id\n" + "1\n" * 40)
    assert len(split(job, divide={**RANDOM, "test": {"like": "test.csv"}})["test.csv"]) == 20
    (job.raw / "test").mkdir()
    for name in range(10):
        (job.raw / "test" / f"{name}.tif").touch()
    assert len(split(job, divide={**RANDOM, "test": {"like": "test/*.tif"}})["test.csv"]) == 8


def test_a_released_test_table_is_taken_as_it_is(job: Job) -> None:
    (job.raw / "test.csv").write_text("id,kind,y\n7,a,1\n8,b,2\n")
    made = split(
        job, divide={"by": "given", "test": "test.csv"}, table=None, write={"train.csv": {"copy_of": "train.csv"}}
    )
    assert (job.public / "train.csv").read_bytes() == (job.raw / "train.csv").read_bytes()
    assert made["answers.csv"].y.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("renumbering", "train", "test"),
    [
        ({"start": 1}, [*range(1, 31)], [*range(1, 11)]),
        ({"test_goes_on": True}, [*range(30)], [*range(30, 40)]),
        ({"train": "a{}", "test": "b{}"}, [f"a{n}" for n in range(30)], [f"b{n}" for n in range(10)]),
    ],
)
def test_ids_can_be_renumbered(job: Job, renumbering: dict[str, Any], train: list[Any], test: list[Any]) -> None:
    made = split(job, renumber={"id": renumbering})
    assert made["train.csv"].id.tolist() == train
    assert made["test.csv"].id.tolist() == made["answers.csv"].id.tolist() == made["sample.csv"].id.tolist() == test


def test_rows_of_one_value_keep_one_number(job: Job) -> None:
    made = split(job, divide=GROUPS, renumber={"group": {}})
    assert made["train.csv"].group.tolist() == [number for number in range(8) for _ in range(4)]


def test_answers_can_be_one_hot_over_the_predicted_columns(job: Job) -> None:
    made = split(job, answers={"one_hot": "kind"})["answers.csv"]
    assert list(made.columns) == ["id", "a", "b"]
    assert (made.a == (made.id % 2 == 0)).all() and (made.a + made.b == 1).all()


def test_a_class_that_is_no_predicted_column_is_named(job: Job) -> None:
    with pytest.raises(ValueError, match=r"holds 'g\d', which is no predicted column"):
        split(job, answers={"one_hot": "group"})


def test_columns_can_be_composed_chosen_set_and_renamed(job: Job) -> None:
    made = split(
        job,
        private={
            "more.csv": {
                "rows": "all",
                "add": {"key": "{group}-{id}"},
                "columns": ["key", "x"],
                "set": {"x": 1},
                "rename": {"x": "one"},
            }
        },
    )["more.csv"]
    assert list(made.columns) == ["key", "one"] and len(made) == 40
    assert made.key.str.fullmatch(r"g\d-1\d\d").all() and set(made.one) == {1}


def test_a_side_table_keeps_the_rows_of_one_side(job: Job) -> None:
    write = {**WRITE, "groups.csv": {"table": "groups.csv", "rows": "train", "where": "group"}}
    made = split(job, divide=GROUPS, write=write)
    assert set(made["groups.csv"].group) == set(made["train.csv"].group)


def test_files_are_zipped_and_separated_as_their_names_say(job: Job) -> None:
    split(job, table="train.csv", write={"train.tsv.zip": {"rows": "train"}})
    with zipfile.ZipFile(job.public / "train.tsv.zip") as archive:
        assert archive.namelist() == ["train.tsv"]
        assert archive.read("train.tsv").startswith(b"id\tgroup\tx\tkind\ty\n")
    assert not (job.public / "train.tsv").exists()


def test_a_table_is_found_in_a_zip(job: Job) -> None:
    with zipfile.ZipFile(job.raw / "train.zip", "w") as archive:
        archive.write(job.raw / "train.csv", "train.csv")
        archive.writestr("__MACOSX/._train.csv", b"\0")
    assert len(split(job, table="train.zip")["train.csv"]) == 30


def test_a_packed_sample_is_written_plain_beside(job: Job) -> None:
    import dataclasses

    split(dataclasses.replace(job, sample_file="sample.csv.zip"))
    assert list(pd.read_csv(job.plain_sample).columns) == ["id", "a", "b"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"write": {"a.csv": {"columns": ["id"], "drop": ["x"]}}}, "exclude each other"),
        ({"write": {"a.csv": {"where": "group"}}}, "name both"),
        ({"write": {"a.csv": {"copy_of": "train.csv", "rows": "train"}}}, "nothing else"),
        ({"table": None}, "name the table"),
    ],
)
def test_contradictions_are_refused(job: Job, said: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        split(job, **said)


def test_what_the_raw_data_lack_is_named(job: Job) -> None:
    with pytest.raises(ValueError, match=r"lack other\.csv"):
        split(job, table="other.csv")
    with pytest.raises(ValueError, match="lacks the column 'w'; it has id, group"):
        split(job, write={"a.csv": {"drop": ["w"]}})


def test_a_sample_can_be_drawn(job: Job) -> None:
    values = split(job, sample={"set": {"a": {"integers": [1, 3], "seed": 42}}})["sample.csv"].a
    assert set(values) == {1, 2, 3}
    assert (
        values.tolist() == split(job, sample={"set": {"a": {"integers": [1, 3], "seed": 42}}})["sample.csv"].a.tolist()
    )


def test_words_that_pandas_takes_for_gaps_can_stay(job: Job) -> None:
    (job.raw / "words.csv").write_text(
        "id,word\n" + "".join(f"{row},{'NA' if row % 2 else 'null'}\n" for row in range(8))
    )
    for gaps, kept in (("pandas", False), ("empty", True)):
        split(job, table={"file": "words.csv", "gaps": gaps}, write={"train.csv": {"rows": "train"}}, divide=RANDOM)
        assert ("NA" in (job.public / "train.csv").read_text()) is kept
