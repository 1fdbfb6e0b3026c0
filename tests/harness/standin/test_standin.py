"""Stand-in data: as declared, the same each time, and learnable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from harness import standin
from harness.standin import StandIn


def drawn(columns: dict[str, object], tmp_path: Path, rows: int = 2000, seed: int = 0) -> pd.DataFrame:
    recipe = StandIn.model_validate({"seed": seed, "files": {"deep/t.csv": {"rows": rows, "columns": columns}}})
    standin.write(recipe, tmp_path, tmp_path)
    return pd.read_csv(tmp_path / "deep" / "t.csv")


FILLER = {"kind": "sequence"}


def test_the_same_recipe_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    columns = {"id": FILLER, "x": {"kind": "number", "missing": 0.1}, "w": {"kind": "words"}}
    first, again = drawn(columns, tmp_path), drawn(columns, tmp_path)
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(drawn(columns, tmp_path, seed=1))


def test_shares_missing_values_and_ranges_are_as_declared(tmp_path: Path) -> None:
    table = drawn(
        {
            "id": {"kind": "sequence", "start": 5, "format": "r{:05d}"},
            "flag": {"kind": "flag", "share": 0.3, "missing": 0.2},
            "kind": {"kind": "category", "values": {"a": 3, "b": 1}},
            "x": {"kind": "number", "mean": 50, "spread": 40, "minimum": 0, "maximum": 100, "decimals": 1},
            "money": {"kind": "number", "distribution": "lognormal", "zeros": 0.6},
            "n": {"kind": "number", "distribution": "uniform", "mean": 5, "spread": 5, "integer": True},
        },
        tmp_path,
    )
    assert table.id[0] == "r00005" and table.id.is_unique
    assert table.flag.isna().mean() == pytest.approx(0.2, abs=0.03)
    assert (table.flag.dropna() == True).mean() == pytest.approx(0.3, abs=0.04)  # noqa: E712
    assert (table.kind == "a").mean() == pytest.approx(0.75, abs=0.03)
    assert table.x.between(0, 100).all() and (table.x.round(1) == table.x).all()
    assert (table.money == 0).mean() == pytest.approx(0.6, abs=0.04) and (table.money >= 0).all()
    assert table.n.dtype == np.int64 and set(table.n) <= set(range(11))


def test_a_number_is_zero_where_its_flag_is_true(tmp_path: Path) -> None:
    asleep = {"kind": "flag", "share": 0.5}
    table = drawn({"asleep": asleep, "x": {"kind": "number", "mean": 9, "zero_where": "asleep"}}, tmp_path)
    assert (table.x[table.asleep] == 0).all() and (table.x[~table.asleep] != 0).all()


def test_groups_have_members_counted_from_one(tmp_path: Path) -> None:
    ids = drawn({"id": {"kind": "grouped", "format": "{group}_{member}", "mean_size": 1.5}, "f": FILLER}, tmp_path).id
    members = ids.str.split("_", expand=True).astype(int)
    assert ids.is_unique
    assert (members.groupby(0)[1].max() == members.groupby(0)[1].count()).all()
    assert 1.3 < len(members) / members[0].nunique() < 1.7


def test_composed_text_follows_its_format(tmp_path: Path) -> None:
    parts = {"deck": {"kind": "category", "values": {"A": 1, "B": 1}}, "n": {"kind": "number", "integer": True}}
    cabins = drawn({"cabin": {"kind": "composed", "format": "{deck}/{n}", "parts": parts}, "f": FILLER}, tmp_path).cabin
    assert cabins.str.fullmatch(r"[AB]/-?\d+").all()


@pytest.mark.parametrize(("noise", "least"), [(0.0, 0.95), (0.3, 0.7)])
def test_a_binary_target_can_be_learnt_from_its_features(tmp_path: Path, noise: float, least: float) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    table = drawn(
        {
            "x": {"kind": "number"},
            "c": {"kind": "category", "values": {"a": 1, "b": 1}},
            "y": {"kind": "target", "classes": ["no", "yes"], "weights": {"x": 1, "c=a": -1}, "noise": noise},
        },
        tmp_path,
    )
    assert table.y.value_counts().to_dict() == {"no": 1000, "yes": 1000}
    features = np.column_stack([table.x, table.c == "a"])
    assert least < cross_val_score(LogisticRegression(), features, table.y).mean()


def test_a_numeric_target_has_the_declared_mean_and_spread(tmp_path: Path) -> None:
    target = {"kind": "target", "weights": {"x": 1}, "mean": 100, "spread": 10, "noise": 0.2}
    table = drawn({"x": {"kind": "number"}, "y": target}, tmp_path)
    assert table.y.mean() == pytest.approx(100, abs=1) and table.y.std() == pytest.approx(10, abs=1)
    assert np.corrcoef(table.x, table.y)[0, 1] ** 2 == pytest.approx(0.8, abs=0.03)


def test_a_column_can_only_use_columns_drawn_before_it(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="'x', which is not drawn before it"):
        drawn({"y": {"kind": "target", "weights": {"x": 1}}, "x": {"kind": "number"}}, tmp_path)
