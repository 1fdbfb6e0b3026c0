"""A small copy of the data in which scripts for the whole of it still work."""

from __future__ import annotations

import csv
import os
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from agent import sample
from agent.sample import NotSampled, Sample, make_sample

ROWS = 12_000


@pytest.fixture(autouse=True)
def small_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real data are larger than what a test should write."""
    monkeypatch.setattr(sample, "MIN_BYTES", 50_000)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def made_of(data: Path, seconds: float = 60.0) -> Sample:
    into = data.parent / "sample"
    into.mkdir()
    return make_sample(data, into, seconds)


def write(path: Path, header: Iterable[object], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([list(header), *map(list, rows)])


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def labels(rows: int = ROWS) -> Iterable[tuple[object, ...]]:
    chance = random.Random(0)
    return [(f"id{n}", chance.random(), "rare" if n % 3000 == 0 else f"c{n % 5}") for n in range(rows)]


class TestOneTable:
    def test_it_has_fewer_rows_each_as_it_stood(self, data: Path) -> None:
        write(data / "train.csv", ["id", "x", "y"], labels())
        made = made_of(data)
        few, whole = read(made.folder / "train.csv"), read(data / "train.csv")
        assert 700 < len(few) < 1400 and made.cuts[0].rows == len(few) and made.cuts[0].of == ROWS
        assert all(row in whole[int(row["id"][2:]) :][:1] for row in few)

    def test_every_class_is_in_each_of_five_folds(self, data: Path) -> None:
        write(data / "train.csv", ["id", "x", "y"], labels(40_000))
        counts = Counter(row["y"] for row in read(made_of(data).folder / "train.csv"))
        assert set(counts) == {"rare", "c0", "c1", "c2", "c3", "c4"} and min(counts.values()) >= 5

    def test_a_table_that_is_sorted_by_its_label_keeps_all_labels_evenly(self, data: Path) -> None:
        write(data / "train.csv", ["id", "x", "y"], sorted(labels(), key=lambda row: str(row[2])))
        counts = Counter(row["y"] for row in read(made_of(data).folder / "train.csv"))
        assert min(counts[f"c{n}"] for n in range(5)) > 120

    def test_the_same_data_give_the_same_sample(self, data: Path, tmp_path: Path) -> None:
        write(data / "train.csv", ["id", "x", "y"], labels())
        first = made_of(data)
        (tmp_path / "again").mkdir()
        again = make_sample(data, tmp_path / "again")
        assert (first.folder / "train.csv").read_bytes() == (again.folder / "train.csv").read_bytes()

    @pytest.mark.parametrize("length", [40, 160])
    def test_rows_of_a_series_stay_together(self, data: Path, length: int) -> None:
        rows = [(n, n // length, n % length, 0.5) for n in range(40_000)]
        write(data / "train.csv", ["id", "breath", "step", "y"], rows)
        write(data / "test.csv", ["id", "breath", "step"], [(0, 0, 0)])
        counts = Counter(row["breath"] for row in read(made_of(data).folder / "train.csv"))
        assert set(counts.values()) == {length} and len(counts) > 20

    def test_a_table_that_is_sorted_by_one_of_many_labels_has_no_series(self, data: Path) -> None:
        write(data / "train.csv", ["id", "x", "y"], ((n, n, f"c{n // 200}") for n in range(ROWS)))
        write(data / "test.csv", ["id", "x"], [(0, 0)])
        assert len({row["y"] for row in read(made_of(data).folder / "train.csv")}) == ROWS // 200

    def test_a_rare_category_of_the_test_rows_is_known_to_what_was_fitted(self, data: Path) -> None:
        towns = [(n, "rare" if n in (7_000, 8_000, 9_000) else f"t{n % 4}", n % 2) for n in range(ROWS)]
        write(data / "train.csv", ["id", "town", "y"], towns)
        write(data / "test.csv", ["id", "town"], [(1, "rare")])
        assert Counter(row["town"] for row in read(made_of(data).folder / "train.csv"))["rare"] >= 2

    def test_many_columns_of_small_numbers_do_not_keep_the_table_whole(self, data: Path) -> None:
        pixels = [(n, *((n * at) % 90 for at in range(1, 40)), n % 2) for n in range(ROWS)]
        write(data / "train.csv", ["id", *(f"p{at}" for at in range(1, 40)), "y"], pixels)
        write(data / "test.csv", ["id", *(f"p{at}" for at in range(1, 40))], [row[:-1] for row in pixels[:5]])
        assert len(read(made_of(data).folder / "train.csv")) < 1_400

    @pytest.mark.parametrize("bom", ["", "\ufeff"])
    def test_line_breaks_in_cells_do_not_tear_rows(self, data: Path, bom: str) -> None:
        rows = [(n, f'said "{n}",\nand more', n % 2) for n in range(ROWS)]
        write(data / "train.csv", [f"{bom}id", "text", "y"], rows)
        few = read(made_of(data).folder / "train.csv")
        assert 500 < len(few) < 2500 and all(row["text"].endswith("and more") and row["y"] in "01" for row in few)

    def test_bytes_that_are_no_text_stay_as_they_are(self, data: Path) -> None:
        (data / "train.csv").write_bytes(b"id,x\n" + b"".join(b"%d,caf\xe9\n" % n for n in range(ROWS)))
        assert b"caf\xe9\n" in (made_of(data).folder / "train.csv").read_bytes()


class TestSeveralTables:
    def test_tables_of_training_rows_keep_the_same_keys(self, data: Path) -> None:
        write(data / "train_features.csv", ["id", "a", "b"], ((f"id{n}", n, -n) for n in range(ROWS)))
        write(data / "train_labels.csv", ["id", "y"], ((f"id{n}", n % 2) for n in range(ROWS)))
        made = made_of(data)
        features, known = (read(made.folder / f"train_{name}.csv") for name in ("features", "labels"))
        assert {row["id"] for row in features} == {row["id"] for row in known} and len(made.cuts) == 2

    def test_test_rows_and_the_sample_submission_stay_whole(self, data: Path) -> None:
        write(data / "train.csv", ["id", "x", "y"], labels())
        for name in ("test.csv", "sample_submission.csv"):
            write(data / name, ["id", "x"], ((n, n) for n in range(9_000)))
        made = made_of(data)
        for name in ("test.csv", "sample_submission.csv"):
            assert (made.folder / name).read_bytes() == (data / name).read_bytes()
            assert (made.folder / name).is_symlink()

    def test_a_walk_finds_every_file_of_the_data(self, data: Path) -> None:
        write(data / "train.csv", ["id", "x", "y"], labels())
        (data / "images" / "deep").mkdir(parents=True)
        (data / "images" / "deep" / "a.png").write_bytes(b"a")
        (data / "images" / "b.png").write_bytes(b"b")
        made = made_of(data)

        def walked(top: Path) -> set[str]:
            return {str((Path(folder) / name).relative_to(top)) for folder, _, names in os.walk(top) for name in names}

        assert walked(made.folder) == walked(data)

    def test_folders_of_very_many_files_are_linked_whole(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sample, "MOST_LINKS", 3)
        (data / "images").mkdir()
        for number in range(5):
            (data / "images" / f"{number}.png").write_bytes(b"p")
        (data / "train").mkdir()
        write(data / "train" / "train.csv", ["id", "x", "y"], labels())
        (data / "train" / "notes.txt").write_text("n")
        made = made_of(data)
        assert (made.folder / "images").is_symlink() and len(list((made.folder / "images").iterdir())) == 5
        assert not (made.folder / "train").is_symlink() and (made.folder / "train" / "notes.txt").read_text() == "n"


class TestNoSample:
    def reason(self, data: Path, seconds: float = 60.0) -> str:
        with pytest.raises(NotSampled) as raised:
            made_of(data, seconds)
        return str(raised.value)

    def test_of_small_data(self, data: Path) -> None:
        write(data / "train.csv", ["id", "y"], [(1, 0)])
        assert "the data are small" in self.reason(data)

    def test_where_no_table_has_training_rows(self, data: Path) -> None:
        write(data / "stock.csv", ["id", "x", "y"], labels())
        write(data / "test.csv", ["id", "x", "y"], labels())
        assert "no table of training rows" in self.reason(data)

    def test_where_reading_takes_too_long(self, data: Path) -> None:
        write(data / "train.csv", ["id", "x", "y"], labels(40_000))
        assert "in the time for it" in self.reason(data, seconds=-1)

    def test_where_keys_do_not_fit(self, data: Path) -> None:
        write(data / "train.csv", ["id", "x", "y"], labels())
        write(data / "train_meta.csv", ["id", "z"], ((f"other{n}", 0) for n in range(ROWS)))
        assert "train_meta.csv" in self.reason(data)

    def test_of_an_endless_row(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sample, "LONGEST_ROW_BYTES", 1000)
        (data / "train.csv").write_text("id,x\n" + '1,"' + "\n" * ROWS * 10)
        assert "more than 1000 bytes" in self.reason(data)
