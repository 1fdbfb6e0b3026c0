"""What is in the data is read from the preview; what was cut off is not known, not missing."""

from __future__ import annotations

from harness.gateway.providers.offline.families import FAMILIES
from harness.gateway.providers.offline.features import STEPS
from harness.gateway.providers.offline.preview import DataFacts, read_preview

WIDE = """train.csv: about 90000 rows, 65 columns (facts are from the first 20000)
- `id`: integer, 20000 values from 0 to 90000
- `pixel_0`: integer, 17 values from 0 to 16
- … and 63 more

data/test.csv: 450 rows, 64 columns
- the columns of the table above, without `digit`
"""


def test_tables_and_columns_are_read(preview_text: str) -> None:
    data = read_preview(preview_text)
    assert {role: table.rows for role, table in data.tables.items()} == {"train": 7823, "test": 870, "sample": 870}
    assert [column.name for column in data.targets] == ["Transported"]
    names = [column.name for column in data.features]
    assert names == ["PassengerId", "HomePlanet", "CryoSleep", "Cabin", "Age", "RoomService", "Spa", "Name"]
    age = next(column for column in data.features if column.name == "Age")
    assert (age.kind, age.values, age.missing, age.low, age.high) == ("number", 80, True, 0, 79)


def test_steps_need_a_reason_in_the_data(preview_text: str) -> None:
    data = read_preview(preview_text)
    reasoned = {name for name, step in STEPS.items() if step.fits(data)}
    assert {"split_parts", "group_sizes", "amount_totals", "name_words", "missing_count", "zero_rules"} <= reasoned
    assert not {"date_parts", "row_statistics", "principal_components"} & reasoned


def test_numeric_identifier_is_no_feature() -> None:
    text = (
        "train.csv: 9 rows, 3 columns\n- `id`: integer, 9 values from 0 to 900\n- `x`: number, 9 values from 1 to 2\n"
    )
    text += "- `y`: number, 9 values from 1 to 2\n\nsample_submission.csv: 3 rows, 2 columns\n- `id`: integer\n"
    text += "- `y`: number"
    data = read_preview(text)
    assert [column.name for column in data.features if column.name != "y"] == ["x"]
    assert not STEPS["log_amounts"].fits(data)


def test_cut_preview_says_how_much_it_hides() -> None:
    data = read_preview(WIDE)
    assert data.train_rows == 90000
    assert data.tables["test"].name == "data/test.csv"
    assert data.hidden_features == 63
    assert STEPS["row_statistics"].fits(data)


def test_without_a_preview_every_step_is_worth_a_try() -> None:
    assert all(step.fits(DataFacts()) for step in STEPS.values())


def test_labels_under_another_name_are_found() -> None:
    text = 'labels.csv: 90 rows, 2 columns\n- `image`: text, 90 values\n- `cactus`: integer, 2 values: "0", "1"\n\n'
    text += 'sample_submission.csv: 9 rows, 2 columns\n- `image`: text, 9 values\n- `cactus`: integer, 1 value: "0"'
    data = read_preview(text)
    assert data.tables["train"].name == "labels.csv" and [target.name for target in data.targets] == ["cactus"]


def test_models_on_words_need_texts_or_many_valued_categories(preview_text: str) -> None:
    texts = 'train.csv: 90 rows, 2 columns\n- `say`: text, 90 values, such as "the sea was calm", "a ghost came up"\n'
    hashes = "train.csv: 900 rows, 2 columns\n" + "".join(
        f'- `nom_{i}`: text, 400 values, such as "4b605b952", "d5a6d25ea"\n' for i in (1, 2)
    )
    tried = [FAMILIES["words"].fits(read_preview(text)) for text in (texts, hashes, preview_text, "")]
    assert tried == [True, True, False, False], "names and codes in parts are other steps' business"
