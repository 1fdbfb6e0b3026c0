"""What the verbs that look into kept records print: `query`, `regrade`, `verify` and `reproduce`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer
from rich.markup import escape

from harness.results.frames import Column
from harness.results.verify import Found
from harness.untrusted import one_line
from harness.verbs.tables import NONE
from harness.verbs.terminal import plain_table, print_json, put

if TYPE_CHECKING:
    import pandas as pd

    from harness.grading.regrade import Regraded
    from harness.results.layout import GroupFolder
    from harness.results.reproduce import Recipe
    from harness.results.verify import Finding

MOST_ROWS = 1000
WIDEST = 80  # characters of a cell


def rows(frame: pd.DataFrame) -> None:
    """The rows of a result, the first thousand of them; long cells are cut."""
    made = plain_table(*map(str, frame.columns))
    for row in frame.head(MOST_ROWS).astype(object).to_numpy().tolist():
        made.add_row(*(escape(_cell(value)) for value in row))
    put(made)
    if len(frame) > MOST_ROWS:
        typer.echo(f"… and {len(frame) - MOST_ROWS:,} more rows; all of them: --out FILE.csv")


def columns(
    known: Mapping[str, tuple[Sequence[Column], Callable[[Iterable[GroupFolder]], pd.DataFrame]]],
) -> None:
    """Every table with its columns."""
    for name, (documented, _) in known.items():
        made = plain_table(name, "", "")
        for column in documented:
            made.add_row(column.name, column.kind, column.meaning)
        put(made)


def regraded(made: Regraded, *, as_json: bool, dry_run: bool) -> None:
    """What another grading changed, field by field, and which runs were not graded."""
    if as_json:
        print_json(
            {
                "graded": made.graded,
                "first_grades": made.first_grades,
                "changes": [change._asdict() for change in made.changes],
                "left": [{"run_id": run, "reason": reason} for run, reason in made.left],
            }
        )
        return
    if made.changes:
        shown = plain_table("run", "field", "before", "after")
        for change in made.changes:
            shown.add_row(change.run_id, change.field, *(escape(_cell(part)) for part in (change.before, change.after)))
        put(shown)
    changed = len({change.run_id for change in made.changes})
    first = f", {len(made.first_grades)} for the first time" if made.first_grades else ""
    kept = "; what they were is in grades/ beside each" if changed and not dry_run else ""
    typer.echo(f"{made.graded} graded{first}, {changed} {'would change' if dry_run else 'changed'}{kept}")
    for run, reason in made.left:
        typer.echo(f"not graded: {run}: {reason}")


def verified(findings: Sequence[Finding], *, as_json: bool) -> None:
    """What was looked at again: all of it as JSON, else what is not the same, and how much is."""
    if as_json:
        print_json([finding._asdict() for finding in findings])
        return
    colours = {"differs": "red", "unchecked": "yellow"}
    odd = [finding for finding in findings if finding.found in colours]
    if odd:
        shown = plain_table("", "where", "what", "")
        for finding in odd:
            mark = f"[{colours[finding.found]}]{finding.found}[/]"
            shown.add_row(mark, finding.where, finding.what, escape(one_line(finding.detail)))
        put(shown)
    counts = ", ".join(f"{sum(finding.found == kind for finding in findings)} {kind}" for kind in Found)
    typer.echo(f"{len(findings)} figures and files looked at again: {counts}")


def recipe(made: Recipe, *, as_json: bool) -> None:
    """The commands, fit to be copied, then what they do not repeat."""
    if as_json:
        print_json(made._asdict())
        return
    for command in made.commands:
        typer.echo(command)
    for difference in made.differs:
        typer.echo(f"# {one_line(difference)}")


def _cell(value: Any) -> str:
    import pandas as pd

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return NONE
    if isinstance(value, float):
        return f"{value:.6g}"
    return one_line(str(value), WIDEST)
