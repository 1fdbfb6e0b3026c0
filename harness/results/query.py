"""SQL over the records, by DuckDB: `runs`, `nodes` and `calls` are tables; a query reads them and nothing else.

The database is in memory and may open no file and no network address, so that a query somebody sent can't, either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.results import frames
from harness.untrusted import no_formula

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from harness.results.layout import GroupFolder

WRITERS = (".csv", ".json", ".jsonl", ".md", ".parquet")


def query(groups: Sequence[GroupFolder], sql: str) -> pd.DataFrame:
    """Run one query; raise `UserError` with what DuckDB says where it can't."""
    import duckdb

    connection = duckdb.connect(":memory:", config={"enable_external_access": "false"})
    try:
        for name in _named(sql):
            connection.register(name, frames.TABLES[name][1](groups))
        connection.execute("SET lock_configuration = true")
        _refuse_other_than_reading(connection, sql)
        found: pd.DataFrame = connection.sql(sql).df()
        return found
    except duckdb.Error as error:
        raise UserError(f"{str(error).strip()}\nThe tables and their columns: podium query --tables") from error
    finally:
        connection.close()


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a result in the form that the file's ending names; raise `UserError` for another ending."""
    refuse_ending(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        path.write_text(text(frame, path.suffix[1:]), encoding="utf-8")


def refuse_ending(path: Path) -> None:
    """Raise `UserError` unless the file's ending names a form that can be written."""
    if path.suffix not in WRITERS:
        raise UserError(f"--out {path}: the ending says the form, and is one of {', '.join(WRITERS)}")


def text(frame: pd.DataFrame, form: str) -> str:
    """A result as CSV, JSON, JSON lines or Markdown."""
    if form == "csv":
        return frame.map(no_formula).to_csv(index=False)
    if form in ("json", "jsonl"):
        return frame.to_json(orient="records", lines=form == "jsonl", date_format="iso", indent=None) + "\n"
    from harness.report.markdown import cell

    rows = [list(frame.columns), ["---"] * len(frame.columns), *frame.astype(object).fillna("").to_numpy().tolist()]
    return "".join(f"| {' | '.join(cell(str(value)) for value in row)} |\n" for row in rows)


def _named(sql: str) -> Iterable[str]:
    """The tables that may be meant: reading the transcripts of a large group takes time, so only then."""
    lower = sql.lower()
    return [name for name in frames.TABLES if name in lower]


def _refuse_other_than_reading(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    import duckdb

    kinds = [statement.type for statement in connection.extract_statements(sql)]
    if kinds not in ([duckdb.StatementType.SELECT], [duckdb.StatementType.EXPLAIN]):
        raise UserError(f"this does not only read: {sql.strip()[:80]!r}. Give one SELECT, as in: select * from runs")  # noqa: S608 - words
