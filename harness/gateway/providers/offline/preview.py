"""Reads the data preview of a prompt: which tables there are, how large, and what is in their columns.

A preview is bounded and may be cut anywhere, so a missing fact means "not known", never "not there". Scripts therefore
look again for themselves; these facts only choose what is worth trying.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["train", "test", "sample"]
Kind = Literal["text", "boolean", "integer", "number", "date", "unknown"]

_NAME = r"[\w.()/-]*[\w)]\.(?:csv|tsv|parquet)(?:\.(?:zip|gz))?"
_FILE = re.compile(rf"^[ \t>|├└─*`-]*(?:\./)?(?:input/)?({_NAME})\b(?=[` \t:(\n]|$)", re.IGNORECASE)
_ROWS = re.compile(r"(\d[\d,_ ]*)[ \t]*rows\b", re.IGNORECASE)
_COLUMN = re.compile(r"^[ \t]*[-*][ \t]*`([^`\n]+)`(.*)$", re.MULTILINE)
_SAME_AS_ABOVE = re.compile(r"^[ \t]*[-*][ \t]*the columns of the table above(.*)$", re.MULTILINE)
_TREE_FILE = re.compile(r"^- ((?:[^\s/]+/)*)([^/\n]+?) \(\d[\d.]* (?:bytes|kB|MB|GB)\)")
_TREE_FILES = re.compile(r"^- ((?:[^/\n]+/)*): (\d{1,9}) (\.\w+|plain) files")
_MEDIA = frozenset(
    (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".dcm", ".wav", ".aif", ".aiff", ".npy", ".parquet")
)
_MORE = re.compile(r"^[ \t]*[-*][ \t]*… and (\d{1,9}) more", re.MULTILINE)
_KIND = re.compile(r"^\W*(text|boolean|integer|number|date)\b")
_VALUES = re.compile(r"\b(\d+) values?\b")
_RANGE = re.compile(r"\bfrom (-?[\d.]+(?:e[-+]?\d+)?) to (-?[\d.]+(?:e[-+]?\d+)?)", re.IGNORECASE)
_QUOTED = re.compile(r'"([^"\n]*)"')
_ROLE_WORDS: tuple[tuple[Role, tuple[str, ...]], ...] = (
    ("sample", ("sample", "submission", "submit")),
    ("train", ("train",)),
    ("test", ("test",)),
)


@dataclass(frozen=True)
class ColumnFacts:
    """What a preview says of a column; `low` and `high` are its range where it is numeric."""

    name: str
    kind: Kind = "unknown"
    values: int | None = None
    missing: bool = False
    examples: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class TableFacts:
    """One table as previewed."""

    name: str
    rows: int | None = None
    columns: tuple[ColumnFacts, ...] = ()
    hidden: int = 0  # columns that the preview had no room for

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class DataFacts:
    """The previewed tables by role; a role without a table is one that the script must look for."""

    tables: dict[Role, TableFacts] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)  # how many files of each suffix are listed

    @property
    def media(self) -> int:
        """How many files there are that hold a row each: pictures, sounds, arrays, readings."""
        return sum(count for suffix, count in self.files.items() if suffix in _MEDIA)

    @property
    def train_rows(self) -> int | None:
        return self.tables["train"].rows if "train" in self.tables else None

    @property
    def features(self) -> tuple[ColumnFacts, ...]:
        """Columns that both train and test have (all of train where test is not known), less a numeric identifier."""
        train, test, sample = (self.tables.get(role) for role in ("train", "test", "sample"))
        if train is None:
            return ()
        shared = set(test.column_names) if test is not None and test.columns else set(train.column_names)
        identifier = sample.column_names[0] if sample is not None and sample.columns else ""
        kept = [column for column in train.columns if column.name in shared]
        return tuple(column for column in kept if column.name != identifier or column.kind == "text")

    @property
    def hidden_features(self) -> int:
        """How many more columns there are than the preview shows."""
        return self.tables["train"].hidden if "train" in self.tables else 0

    @property
    def targets(self) -> tuple[ColumnFacts, ...]:
        """Columns of train that the sample submission asks for."""
        train, sample = self.tables.get("train"), self.tables.get("sample")
        asked = sample.column_names[1:] if sample is not None else ()
        return tuple(column for column in train.columns if column.name in asked) if train is not None else ()


def read_preview(text: str) -> DataFacts:
    """Find the tables; of several files with a role's word, the one nearest to the top with the shortest name."""
    tables: dict[str, TableFacts] = {}
    above: TableFacts | None = None
    for name, body in _bodies(text):
        above = _table(name, body, above)
        if name not in tables or above.columns:
            tables[name] = above
    by_role: dict[Role, TableFacts] = {}
    for name in sorted(tables, key=lambda path: (path.count("/"), len(path), path)):
        role = _role(name)
        if role is not None:
            by_role.setdefault(role, tables[name])
    if _answerless(by_role) and (labelled := _labelled(tables, by_role)) is not None:
        by_role["train"] = labelled
    return DataFacts(by_role, _listed(text))


def _listed(text: str) -> dict[str, int]:
    """How many files of each suffix the list of files names, the description aside."""
    counts: dict[str, int] = {}
    for line in text.splitlines():
        many, one = _TREE_FILES.match(line), _TREE_FILE.match(line)
        if many is not None:
            counts[many[3]] = counts.get(many[3], 0) + int(many[2])
        elif one is not None and one[2] != "description.md":
            suffix = "." + one[2].rsplit(".", 1)[-1].lower() if "." in one[2] else "plain"
            counts[suffix] = counts.get(suffix, 0) + 1
    return counts


def _answerless(by_role: Mapping[Role, TableFacts]) -> bool:
    """Is there no training table, or one that is shown in full without anything that the sample asks for?"""
    train, sample = by_role.get("train"), by_role.get("sample")
    if train is None:
        return True
    return sample is not None and not train.hidden and not set(sample.column_names[1:]) & set(train.column_names)


def _labelled(tables: Mapping[str, TableFacts], by_role: Mapping[Role, TableFacts]) -> TableFacts | None:
    """A table under another name that holds all that the sample submission asks for."""
    sample = by_role.get("sample")
    asked = set(sample.column_names) if sample is not None else set()
    others = [table for table in tables.values() if table is not sample and table is not by_role.get("test")]
    return next((table for table in others if asked and asked <= set(table.column_names)), None)


def _role(name: str) -> Role | None:
    base = name.rsplit("/", 1)[-1].lower()
    return next((role for role, words in _ROLE_WORDS if any(word in base for word in words)), None)


def _bodies(text: str) -> Iterator[tuple[str, str]]:
    """File names in order, each with the lines from its mention to the next file's."""
    name: str | None = None
    lines: list[str] = []
    for line in text.splitlines():
        match = _FILE.match(line)
        if match is not None:
            if name is not None:
                yield name, "\n".join(lines)
            name, lines = match[1], []
        lines.append(line)
    if name is not None:
        yield name, "\n".join(lines)


def _table(name: str, body: str, above: TableFacts | None) -> TableFacts:
    rows = _ROWS.search(body)
    digits = re.sub(r"\D", "", rows[1]) if rows else ""
    columns = {column[1]: _column(column[1], column[2]) for column in _COLUMN.finditer(body)}
    same = _SAME_AS_ABOVE.search(body)
    if same is not None and above is not None:
        lacking = re.findall(r"`([^`\n]+)`", same[1])
        columns = {column.name: column for column in above.columns if column.name not in lacking}
    hidden = _MORE.search(body)
    return TableFacts(
        name,
        rows=int(digits) if 0 < len(digits) < 16 else None,
        columns=tuple(columns.values()),
        hidden=int(hidden[1]) if hidden else 0,
    )


def _column(name: str, facts: str) -> ColumnFacts:
    kind, values, span = _KIND.match(facts), _VALUES.search(facts), _RANGE.search(facts)
    return ColumnFacts(
        name=name,
        kind=kind[1] if kind else "unknown",  # type: ignore[arg-type]  # the pattern holds the very words
        values=int(values[1]) if values and len(values[1]) < 16 else None,
        missing="missing" in facts,
        examples=tuple(_QUOTED.findall(facts)),
        low=_number(span[1]) if span else None,
        high=_number(span[2]) if span else None,
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
