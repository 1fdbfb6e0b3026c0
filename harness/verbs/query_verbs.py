"""The verb that asks questions of the records: `podium query`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.errors import UserError
from harness.verbs.options import path
from harness.verbs.run_verbs import settings_now

querying = typer.Typer()

FORMATS = ("table", "csv", "json", "jsonl", "md")


@querying.command()
def query(
    sql: Annotated[str | None, typer.Argument(metavar="SQL", help="One SELECT over runs, nodes and calls.")] = None,
    group: Annotated[
        list[str] | None, typer.Option("--group", help="Only this group; may be repeated. [default: all]")
    ] = None,
    tables: Annotated[bool, typer.Option("--tables", help="Print the tables and their columns, and end.")] = False,
    form: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")] = "table",
    out: Annotated[
        Path | None,
        typer.Option(parser=path, metavar="FILE", help="Write it: .csv, .json, .jsonl, .md or .parquet."),
    ] = None,
) -> None:
    """Ask the records in SQL (DuckDB): podium query "select agent, avg(score) from runs group by agent"."""
    from harness.results import frames
    from harness.results import query as asking
    from harness.results.layout import Results
    from harness.verbs import tables_of_records

    if tables:
        tables_of_records.columns(frames.TABLES)
        return
    if sql is None:
        raise UserError('give a query, such as: podium query "select * from runs". The columns: podium query --tables')
    if form not in FORMATS:
        raise UserError(f"--format {form}: one of {', '.join(FORMATS)}")
    if out is not None:
        asking.refuse_ending(out)
    found = asking.query(Results(settings_now().results).chosen(group or []), sql)
    if out is not None:
        asking.write(found, out)
        typer.echo(f"{len(found):,} rows in {out}")
    elif form == "table":
        tables_of_records.rows(found)
    else:
        typer.echo(asking.text(found, form), nl=False)
