"""How the columns of a stand-in's tables are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from harness.standin import StandInTable


def drawn(columns: dict[str, Any], rows: int = 200, **more: Any) -> pd.DataFrame:
    table = StandInTable.model_validate({"rows": rows, "columns": {"n": {"kind": "sequence"}, **columns}, **more})
    return table.draw(np.random.default_rng(0))


def test_a_run_in_a_name_stands_for_many_columns() -> None:
    assert list(drawn({"soil{1..3}": {"kind": "flag", "share": 0.5}}).columns) == ["n", "soil1", "soil2", "soil3"]


def test_the_order_of_the_file_may_differ_from_that_of_drawing() -> None:
    columns = {"label": {"kind": "flag", "share": 0.5}, "hidden": {"kind": "words"}}
    assert list(drawn(columns, order=["label", "n"]).columns) == ["label", "n"]
    with pytest.raises(ValidationError, match="order names 'm', which is not drawn"):
        drawn(columns, order=["m", "n"])


def test_codes_differ() -> None:
    codes = drawn({"id": {"kind": "code", "length": 4, "signs": "ab01"}}).id
    assert codes.is_unique
    assert codes.str.fullmatch("[ab01]{4}").all()


def test_moments_lie_in_their_span() -> None:
    moments = pd.to_datetime(drawn({"at": {"kind": "moment", "start": "2020-02-01", "days": 30}})["at"])
    assert moments.min() >= pd.Timestamp("2020-02-01")
    assert moments.max() < pd.Timestamp("2020-03-02")


def test_indicators_are_one_hot_together() -> None:
    columns: dict[str, Any] = {"kind": {"kind": "category", "values": {"a": 1, "b": 1, "c": 1}}}
    columns |= {name: {"kind": "indicator", "of": "kind", "values": [name]} for name in "abc"}
    table = drawn(columns)
    assert (table[["a", "b", "c"]].sum(axis=1) == 1).all()
    assert (table.kind == table[["a", "b", "c"]].idxmax(axis=1)).all()


def test_a_target_keeps_shares_range_and_decimals() -> None:
    x = {"x": {"kind": "number"}}
    shares = drawn({**x, "y": {"kind": "target", "weights": {"x": 1}, "classes": [0, 1], "shares": [0.9, 0.1]}}).y
    assert shares.sum() == 20
    numbers = drawn({**x, "y": {"kind": "target", "weights": {"x": 1}, "minimum": 0, "maximum": 1, "decimals": 2}}).y
    assert numbers.between(0, 1).all() and (numbers == numbers.round(2)).all()


@pytest.mark.parametrize("script", ["latin", "cyrillic", "devanagari", "tamil"])
def test_texts_with_a_label_have_words_of_their_own(script: str) -> None:
    prose = {"kind": "prose", "about": "label", "share": 0.5, "marks": False, "script": script, "words": [9, 9]}
    table = drawn({"label": {"kind": "flag", "share": 0.5}, "text": prose})
    assert {len(text.split()) for text in table.text} == {9}
    words = [set(" ".join(table.text[table.label == label]).split()) for label in (True, False)]
    own = words[0] - words[1]
    assert table.text[table.label].map(lambda text: bool(own & set(text.split()))).mean() > 0.8


def test_a_column_must_be_drawn_before_it_is_used() -> None:
    with pytest.raises(ValidationError, match="uses 'label', which is not drawn before it"):
        drawn({"text": {"kind": "prose", "about": "label"}})
