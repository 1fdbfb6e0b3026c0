"""Would MLE-bench's own grader have given a submission a score? Its conventions as data, for `valid_mle_bench`.

Our rules are stricter than those of MLE-bench's 82 graders: some of them ignore ids, take files with rows missing, or
score NaN. Published figures count what those graders take, so a grade says both. A rule holds what one grader refuses,
as declared beside an edition that follows it; the file is read as it reads one, by pandas, with whatever that makes of
it. A file that keeps our own rules always counts as taken. This module gives no score: ours is the one of a valid file.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from harness.errors import InvalidSubmission
from harness.grading import cells, csvfile
from harness.specs.columns import Column

if TYPE_CHECKING:
    import pandas as pd

MOST_FIELDS = 20_000  # more in a row cost pandas gigabytes; no competition has as many columns
RELATIVE_TOLERANCE = 1e-5  # of numpy.isclose, beside the stated absolute one

Values = Literal["numbers", "labels", "declared", "anything"]


class Rule(BaseModel):
    """What one grader refuses. `auroc` and `accuracy` are the two conventions that most graders share.

    values: `numbers` are what pandas reads as such; `labels` can be compared with the truth by scikit-learn, which
    mixes neither text with numbers nor classes with fractions; `declared` is what the spec's own columns let through,
    for graders that fail on a malformed mask or list; `anything` is never refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    required: tuple[str, ...] | None = Field(default=None, description="else every declared column")
    columns: Literal["superset", "same", "ordered"] = "superset"
    rows: Literal["same", "any"] = "same"
    ids: Literal["sorted", "set", "contained", "within", "ignored"] = Field(
        default="sorted",
        description="equal when sorted, equal as sets, the answers' among them or they among those, or never looked at",
    )
    id: tuple[str, ...] | None = Field(default=None, description="what it compares, else the submission's id columns")
    answers: str | None = Field(default=None, description="the private file it reads, where ours is another")
    values: Values = "numbers"
    range: tuple[float, float] | None = None
    sums_to_one: float | None = Field(default=None, gt=0, description="absolute tolerance")
    nan: Literal["rejected", "accepted"] = Field(default="rejected", description="of numbers; infinities likewise")


CONVENTIONS: Mapping[str, Mapping[str, object]] = {
    "auroc": {"values": "numbers", "range": (0, 1)},
    "accuracy": {"values": "labels"},
}


def _spelled_out(value: object) -> object:
    if isinstance(value, str):
        if value not in CONVENTIONS:
            raise ValueError(f"expected a rule, or one of: {', '.join(CONVENTIONS)}")
        return dict(CONVENTIONS[value])
    return value


MleBenchRule = Annotated[Rule, BeforeValidator(_spelled_out)]


def takes(rule: Rule, content: bytes, answers: Path, ids: Sequence[str], columns: Mapping[str, Column]) -> bool:
    """Would the grader of this rule score the CSV? `ids` and `columns` are the submission's, `answers` the truth."""
    import pandas as pd

    if _too_wide(content):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = pd.read_csv(io.BytesIO(content), float_precision="round_trip", low_memory=False)
            truth = pd.read_csv(
                answers.with_name(rule.answers or answers.name), float_precision="round_trip", low_memory=False
            )
            return (
                _columns_fit(rule, found, tuple(columns))
                and (rule.rows == "any" or len(found) == len(truth))
                and _ids_fit(rule, found, truth, list(rule.id or ids))
                and _values_fit(rule, found, truth, {name: columns[name] for name in columns if name not in ids})
                and (rule.values != "declared" or _as_declared(content, columns, ids))
            )
    except (ValueError, TypeError, KeyError, OverflowError, InvalidSubmission):  # whatever fails there is no score
        return False


def _too_wide(content: bytes) -> bool:
    """Look at the first two rows: pandas makes columns of the first, and of the second an index of what is over."""
    rows = content[: 2 * csvfile.LONGEST_HEADER_BYTES].split(b"\n", 2)
    return any(row.count(b",") > MOST_FIELDS for row in rows[:2])


def _columns_fit(rule: Rule, found: pd.DataFrame, declared: Sequence[str]) -> bool:
    names = list(found.columns)
    required = list(rule.required or declared)
    match rule.columns:
        case "superset":
            return set(required) <= set(names)
        case "same":
            return set(required) == set(names)
        case "ordered":
            return required == names


def _ids_fit(rule: Rule, found: pd.DataFrame, truth: pd.DataFrame, ids: list[str]) -> bool:
    if rule.ids == "ignored":
        return True
    if rule.ids == "sorted":
        one, other = (table.sort_values(ids)[ids].reset_index(drop=True) for table in (found, truth))
        same = one.shape == other.shape and not one.isna().any(axis=None)
        return same and all(bool((one[name].to_numpy() == other[name].to_numpy()).all()) for name in ids)
    here, there = (set(table[ids].itertuples(index=False, name=None)) for table in (found, truth))
    return {"set": here == there, "contained": there <= here, "within": here <= there}[rule.ids]


def _values_fit(rule: Rule, found: pd.DataFrame, truth: pd.DataFrame, predicted: Mapping[str, Column]) -> bool:
    import numpy as np

    values = found[[name for name in predicted if rule.required is None or name in rule.required]]
    if rule.values == "labels":
        return all(_comparable(truth[name], values[name]) for name in values)
    if rule.values != "numbers":
        return True
    numbers = values.to_numpy(dtype=float) if all(column.dtype.kind in "biuf" for _, column in values.items()) else None
    if numbers is None or (rule.nan == "rejected" and not np.isfinite(numbers).all()):
        return False
    if rule.range is not None and ((numbers < rule.range[0]) | (numbers > rule.range[1])).any():
        return False
    close = (
        None
        if rule.sums_to_one is None
        else np.isclose(numbers.sum(axis=1), 1, rtol=RELATIVE_TOLERANCE, atol=rule.sums_to_one)
    )
    return close is None or bool(close.all())


def _comparable(truth: pd.Series[Any], found: pd.Series[Any]) -> bool:
    """scikit-learn raises ValueError or TypeError for a mixture."""
    from sklearn.metrics import accuracy_score

    accuracy_score(truth.to_numpy(), found.to_numpy())
    return True


def _as_declared(content: bytes, columns: Mapping[str, Column], ids: Sequence[str]) -> bool:
    """Raise InvalidSubmission for a value that the spec's columns don't let through."""
    predicted = {name: column for name, column in columns.items() if name not in ids}
    texts = csvfile.parse(content, list(predicted), others_allowed=True, longest_row_bytes=None)
    for name, column in predicted.items():
        cells.convert(name, texts[name], column)
    return True
