"""Each feature step does what its name says, and bears any table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.gateway.providers.offline.features import HELPERS, STEPS, in_order


def apply(step: str, table: pd.DataFrame) -> pd.DataFrame:
    """Run a step's code on a copy of a table."""
    scope: dict[str, Any] = {"np": np, "pd": pd}
    exec("\n".join(STEPS[step].imports), scope)
    for code in (*HELPERS.values(), STEPS[step].code):
        exec(code, scope)
    result: pd.DataFrame = scope[step](table.copy())
    return result


def passengers(rows: int = 240) -> pd.DataFrame:
    """Groups of two to three; a cabin and a planet a group; the first of a group has no planet noted."""
    return pd.DataFrame(
        {
            "Id": [f"{i // 3:04d}_{i % 3 + 1:02d}" for i in range(rows)],
            "Cabin": [f"{'ABC'[i // 3 % 3]}/{i // 3}/P" for i in range(rows)],
            "Planet": [None if i % 3 == 0 else ["Mars", "Earth"][i // 3 % 2] for i in range(rows)],
            "Name": [f"Ann{i} Lee{i // 3}" for i in range(rows)],
            "Asleep": [float(i % 4 == 0) for i in range(rows)],
            "Spa": [0.0 if i % 4 < 2 else float(i**3) for i in range(rows)],
            "Food": [0.0 if i % 4 < 2 else float(i**3 + 1) for i in range(rows)],
        }
    )


def test_codes_are_split_and_their_numbers_are_numbers() -> None:
    table = apply("split_parts", passengers())
    assert {"Id_part1", "Id_part2", "Cabin_part1", "Cabin_part2", "Cabin_part3"} <= set(table.columns)
    assert table["Cabin_part2"].dtype == float and table["Cabin_part1"].tolist()[:4] == ["A", "A", "A", "B"]
    assert not any(column.startswith(("Name_", "Planet_")) for column in table.columns)


def test_group_sizes_count_the_rows_of_a_code() -> None:
    table = apply("group_sizes", apply("split_parts", passengers(241)))
    assert table["Id_part1_shared"].tolist()[-2:] == [3, 1]
    assert table["Id_part1_alone"].tolist()[-2:] == [0, 1]
    assert table["Cabin_shared"].tolist()[-2:] == [3, 1]


def test_gaps_are_filled_from_mates_that_agree() -> None:
    table = apply("fill_from_mates", apply("split_parts", passengers()))
    assert table["Planet"].notna().all() and table["Planet"][0] == "Mars" and table["Planet"][3] == "Earth"


def test_gaps_are_left_where_mates_disagree() -> None:
    mixed = passengers()
    mixed["Planet"] = [None if i % 3 == 0 else ["Mars", "Earth"][i % 2] for i in range(len(mixed))]
    table = apply("fill_from_mates", apply("split_parts", mixed))
    assert table["Planet"].isna().sum() == mixed["Planet"].isna().sum()


def test_amounts_are_summed_and_shared_out() -> None:
    table = apply("amount_totals", passengers())
    assert table["amount_total"][2] == 8 + 9 and table["amount_kinds"][2] == 2 and table["amount_none"][0] == 1
    assert table["Spa_share"][2] == pytest.approx(8 / 17)


def test_flag_and_zero_amounts_fill_each_others_gaps() -> None:
    table = passengers()
    table["Asleep"] = table["Asleep"].mask(table.index == 2)
    table["Spa"] = table["Spa"].mask(table.index == 0)
    filled = apply("zero_rules", table)
    assert filled["Asleep"][2] == 0 and filled["Spa"][0] == 0


def test_family_names_are_counted() -> None:
    assert apply("name_words", passengers(241))["Name_family"].tolist()[-2:] == [3, 1]


def test_dates_become_parts() -> None:
    table = apply(
        "date_parts", pd.DataFrame({"when": ["2024-02-03 05:00", None, "2025-01-01"] * 3 + ["2025-01-01"] * 9})
    )
    first = table.iloc[0]
    assert (first["when_year"], first["when_month"], first["when_day"], first["when_hour"]) == (2024, 2, 3, 5)


def test_text_becomes_style_and_topics() -> None:
    texts = [f"the {'cat' if i % 2 else 'dog'} number {i} SAT on my mat!" for i in range(40)]
    table = apply("text_topics", apply("text_style", pd.DataFrame({"said": texts})))
    assert table["said_words"][0] == 8 and table["said_capitals"][0] == 3 / 8
    assert any(column.startswith("said_topic_") for column in table.columns)


def test_like_numbers_are_summarised() -> None:
    table = pd.DataFrame(np.arange(120.0).reshape(10, 12)).add_prefix("pixel_")
    added = apply("principal_components", apply("row_statistics", table))
    assert added["row_mean"][0] == 5.5 and added["row_highest"][9] == 119
    assert sum(column.startswith("component_") for column in added.columns) == 10


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": [1.0, 2.0, np.nan, 4.0]}),
        pd.DataFrame({"a": [None] * 6, "b": ["x"] * 6}),
        pd.DataFrame({"a": ["", "/", "_", "a_", "-", " "] * 10, "b": [np.inf, -1.0] * 30}),
        pd.DataFrame({"a": [f"{i}_{'x' * (i % 7)}" for i in range(90)], "c": [True, None, False] * 30}),
        pd.DataFrame(index=range(5)),
    ],
    ids=["gap", "empty and constant", "odd marks", "mixed", "no columns"],
)
def test_step_bears_any_table(step: str, table: pd.DataFrame) -> None:
    result = apply(step, table)
    assert len(result) == len(table) and set(table.columns) <= set(result.columns)


def test_steps_bring_what_they_need_in_order() -> None:
    assert in_order(("log_amounts", "group_sizes")) == ("split_parts", "group_sizes", "log_amounts")
    assert in_order(("no such step",)) == ()
