"""Split recipes: which rows go where, and that their bytes stay what they are."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from harness.splits import Job, SplitRecipe
from harness.splits.tables import GroupedRows, RandomRows


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Forty rows in ten groups of four, two classes."""
    for name in ("raw", "public", "private"):
        (tmp_path / name).mkdir()
    rows = [f"g{row // 4}_{row},{row / 7},{'ab'[row % 2]},{row}" for row in range(40)]
    (tmp_path / "raw" / "train.csv").write_text("\n".join(["id,x,kind,y", *rows]) + "\n")
    return Job(
        raw=tmp_path / "raw",
        public=tmp_path / "public",
        private=tmp_path / "private",
        plain_sample=tmp_path / "sample.csv",
        id_columns=("id",),
        sample={"y": 0},
        sample_file="sample.csv",
        answers_file="answers.csv",
        code=tmp_path,
    )


def tables(job: Job) -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_csv(path) for folder in (job.public, job.private) for path in folder.iterdir()}


RANDOM = RandomRows(recipe="random_rows", target=("y",), test=0.25, seed=0)
GROUPED = GroupedRows(recipe="grouped_rows", target=("y",), test=0.2, seed=0, group="id", pattern=r"(g\d+)_")


@pytest.mark.parametrize("recipe", [RANDOM, GROUPED])
def test_every_row_goes_to_one_side_and_test_rows_lose_their_target(job: Job, recipe: SplitRecipe) -> None:
    recipe.apply(job)
    made = tables(job)
    assert sorted([*made["train"].id, *made["test"].id]) == sorted(pd.read_csv(job.raw / "train.csv").id)
    assert list(made["test"].columns) == ["id", "x", "kind"]
    assert list(made["answers"].columns) == ["id", "x", "kind", "y"]
    assert made["answers"].id.tolist() == made["test"].id.tolist() == made["sample"].id.tolist()
    assert list(made["sample"].columns) == ["id", "y"] and set(made["sample"].y) == {0}


def test_no_group_falls_on_both_sides(job: Job) -> None:
    GROUPED.apply(job)
    made = tables(job)
    assert len(made["test"]) == 8
    assert not {id.split("_")[0] for id in made["train"].id} & {id.split("_")[0] for id in made["test"].id}


def test_a_test_of_one_or_more_is_a_count(job: Job) -> None:
    RANDOM.model_copy(update={"test": 7}).apply(job)
    assert len(tables(job)["test"]) == 7


def test_stratifying_keeps_the_shares(job: Job) -> None:
    RANDOM.model_copy(update={"stratify": "kind"}).apply(job)
    assert tables(job)["test"].kind.value_counts().to_dict() == {"a": 5, "b": 5}


def test_a_missing_column_is_named(job: Job) -> None:
    with pytest.raises(ValueError, match=r"train\.csv lacks the column 'z'; it has id, x, kind, y"):
        RANDOM.model_copy(update={"target": ("z",)}).apply(job)


@pytest.mark.parametrize("pattern", [None, r"(\d)"])
def test_groups_are_drawn_from_their_sorted_names_as_text(pattern: str | None) -> None:
    from sklearn.model_selection import GroupShuffleSplit

    table = pd.DataFrame({"group": [number * 7 % 23 for number in range(60)], "y": 0})
    texts = table.group.astype(str) if pattern is None else table.group.astype(str).str[0]
    expected, _ = next(GroupShuffleSplit(n_splits=1, test_size=0.2, random_state=0).split(table, groups=texts))
    train, _ = GROUPED.model_copy(update={"group": "group", "pattern": pattern}).divide(table)
    assert train.tolist() == expected.tolist()


def test_rows_without_a_group_are_one(job: Job) -> None:
    table = pd.DataFrame({"group": ["a", "b", None, "c", None, "d"] * 5, "y": 0})
    train, test = GROUPED.model_copy(update={"group": "group", "pattern": None}).divide(table)
    names = table.group.fillna("none")
    assert set(names[train]).isdisjoint(set(names[test])) and "none" in {*names[train], *names[test]}


def test_a_pattern_that_misses_an_id_is_refused(job: Job) -> None:
    with pytest.raises(ValueError, match="does not match every 'id'"):
        GROUPED.model_copy(update={"pattern": r"(h\d)"}).apply(job)


@pytest.mark.parametrize(
    ("recipe", "version", "fingerprint"),
    [(RANDOM, 1, "d6858b671451d7ca690086d289277a31"), (GROUPED, 1, "dc1027d574e554393d2375a0d23bc808")],
)
def test_bytes_change_only_with_the_recipes_version(
    job: Job, recipe: SplitRecipe, version: int, fingerprint: str
) -> None:
    recipe.apply(job)
    content = b"".join(path.read_bytes() for folder in (job.public, job.private) for path in sorted(folder.iterdir()))
    assert (recipe.version, hashlib.md5(content).hexdigest()) == (version, fingerprint)
