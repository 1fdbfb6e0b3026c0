"""Reasons to try a feature step: what the previewed columns look like.

Where a preview tells nothing of the columns, every step has its reason: a step that finds nothing to do costs nothing.
"""

from __future__ import annotations

import re

from harness.gateway.providers.offline.preview import ColumnFacts, DataFacts

_PARTED = re.compile(r"^[^\s/_|:-]+(?:([/_|:-])[^\s/_|:-]+)(?:\1[^\s/_|:-]+){0,3}$")
_DATE = re.compile(r"^(?:19|20)\d\d[-/]\d\d?[-/]\d\d?|^\d\d?/\d\d?/(?:19|20)?\d\d")
_LONG_TAIL = 100.0  # numbers from 0 to beyond this are taken for amounts
MANY_NUMBERS = 16


def _unknown(data: DataFacts) -> bool:
    return not data.features


def _numbers(data: DataFacts) -> list[ColumnFacts]:
    return [column for column in data.features if column.kind in ("number", "integer")]


def _texts(data: DataFacts) -> list[ColumnFacts]:
    return [column for column in data.features if column.kind == "text"]


def _amounts(data: DataFacts) -> list[ColumnFacts]:
    return [c for c in _numbers(data) if c.low == 0 and c.high is not None and c.high >= _LONG_TAIL]


def always(data: DataFacts) -> bool:
    return True


def codes_in_parts(data: DataFacts) -> bool:
    """Text of many values whose examples all have separated parts."""
    many = [c for c in _texts(data) if c.examples and (c.values is None or c.values > 20)]
    return _unknown(data) or any(all(_PARTED.match(example) for example in c.examples) for c in many)


def names_of_words(data: DataFacts) -> bool:
    """Text of many values with a space in each example."""
    many = [c for c in _texts(data) if c.examples and (c.values is None or c.values > 100)]
    return _unknown(data) or any(all(" " in example for example in c.examples) for c in many)


def free_text(data: DataFacts) -> bool:
    """Text of many values whose examples hold several words, even where the preview cut them."""
    many = [c for c in _texts(data) if c.examples and (c.values is None or c.values > 50)]
    return _unknown(data) or any(all(example.count(" ") >= 2 for example in c.examples) for c in many)


def gaps(data: DataFacts) -> bool:
    return _unknown(data) or any(column.missing for column in data.features)


def several_amounts(data: DataFacts) -> bool:
    return _unknown(data) or len(_amounts(data)) > 1


def amounts(data: DataFacts) -> bool:
    return _unknown(data) or bool(_amounts(data))


def amounts_and_flags(data: DataFacts) -> bool:
    flags = [column for column in data.features if column.kind == "boolean"]
    return _unknown(data) or (bool(_amounts(data)) and bool(flags) and gaps(data))


def categories(data: DataFacts) -> bool:
    return _unknown(data) or any(column.values is None or column.values > 2 for column in _texts(data))


def many_categories(data: DataFacts) -> bool:
    """A category of so many values that codes tell a model little."""
    return any(column.values is not None and column.values > 20 for column in _texts(data))


def words_or_many_categories(data: DataFacts) -> bool:
    """Free text, phrases beside each other, or several categories of more values than boosting tells apart well.

    A name or a code in parts is none of these: other steps take it apart.
    """
    many = [c for c in _texts(data) if c.examples and c.values is not None and c.values > 20]
    codes = [c for c in many if not any(" " in example or _PARTED.match(example) for example in c.examples)]
    phrases = [c for c in many if any(" " in example for example in c.examples)]
    return not _unknown(data) and (free_text(data) or len(codes) > 1 or len(phrases) > 1)


def several_categories(data: DataFacts) -> bool:
    few = [c for c in data.features if c.kind in ("text", "boolean") and c.values is not None and 2 <= c.values <= 10]
    return _unknown(data) or len(few) > 1


def dates(data: DataFacts) -> bool:
    columns = [c for c in data.features if c.kind == "date" or any(_DATE.match(example) for example in c.examples)]
    return _unknown(data) or bool(columns)


def few_numbers(data: DataFacts) -> bool:
    return _unknown(data) or 2 <= len(_numbers(data)) + data.hidden_features <= 3 * MANY_NUMBERS


def many_numbers(data: DataFacts) -> bool:
    return _unknown(data) or len(_numbers(data)) + data.hidden_features >= MANY_NUMBERS
