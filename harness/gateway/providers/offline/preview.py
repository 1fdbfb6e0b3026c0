"""Reads the data preview of a prompt: which tables there are, how large, and what is in their columns.

A preview is bounded and may be cut anywhere, so a missing fact means "not known", never "not there". Scripts therefore
look again for themselves; these facts only choose what is worth trying.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["train", "test", "sample"]

_FILE = re.compile(r"[\w.()/-]*[\w)]\.(?:csv|tsv|parquet)(?:\.(?:zip|gz))?\b", re.IGNORECASE)
_ROWS = re.compile(r"(\d[\d,_ ]*)[ \t]*rows\b", re.IGNORECASE)
_ROLE_WORDS: tuple[tuple[Role, tuple[str, ...]], ...] = (
    ("sample", ("sample", "submission", "submit")),
    ("train", ("train",)),
    ("test", ("test",)),
)


@dataclass(frozen=True)
class TableFacts:
    """One table as previewed."""

    name: str
    rows: int | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataFacts:
    """The previewed tables by role; a role without a table is one that the script must look for."""

    text: str = ""
    tables: dict[Role, TableFacts] = field(default_factory=dict)

    @property
    def train_rows(self) -> int | None:
        table = self.tables.get("train")
        return table.rows if table else None

    @property
    def train_columns(self) -> tuple[str, ...]:
        table = self.tables.get("train")
        return table.columns if table else ()


def read_preview(text: str) -> DataFacts:
    """Find the tables; of several files with a role's word, the one nearest to the top with the shortest name."""
    bodies = _bodies(text)
    tables: dict[Role, TableFacts] = {}
    for name in sorted(bodies, key=lambda path: (path.count("/"), len(path), path)):
        role = _role(name)
        if role is not None and role not in tables:
            tables[role] = _table(name, bodies[name])
    return DataFacts(text, tables)


def _role(name: str) -> Role | None:
    base = name.rsplit("/", 1)[-1].lower()
    return next((role for role, words in _ROLE_WORDS if any(word in base for word in words)), None)


def _bodies(text: str) -> dict[str, str]:
    """File name → the lines that follow its last mention, up to the next file's."""
    bodies: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.splitlines():
        match = _FILE.search(line)
        if match is not None:
            name = re.sub(r"^(?:\./)?(?:input/)?", "", match[0])
            bodies.setdefault(name, [])
            current = bodies[name]
        if current is not None:
            current.append(line)
    return {name: "\n".join(lines) for name, lines in bodies.items()}


def _table(name: str, body: str) -> TableFacts:
    rows = _ROWS.search(body)
    digits = re.sub(r"\D", "", rows[1]) if rows else ""
    columns = re.findall(r"^[ \t]*[-*|][ \t]*`([^`\n]+)`", body, flags=re.MULTILINE)
    return TableFacts(name, int(digits) if 0 < len(digits) < 16 else None, tuple(dict.fromkeys(columns)))
