"""Tables on a terminal, as every verb prints them."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich.console import Console, RenderableType
from rich.table import Table


def plain_table(*columns: str) -> Table:
    """A table without lines; long cells are folded."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def put(what: RenderableType) -> None:
    """Print it; where that is no terminal, as wide as the content, so that `| grep` and logs see whole rows."""
    console = Console()
    Console(width=None if console.is_terminal else 240).print(what)


def print_json(value: Any) -> None:
    """Print it as JSON, which has no NaN."""
    typer.echo(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False))
