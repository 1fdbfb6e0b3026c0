"""The verbs for people with a competition of their own: `new` and `check`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from harness.options import Json, Raw, path
from harness.run_verbs import settings_now

own = typer.Typer()


@own.command()
def new(
    id: Annotated[str, typer.Argument(metavar="ID", help="The new competition's id, and its folder's name.")],
    train: Annotated[Path, typer.Option(parser=path, metavar="CSV", help="Labelled rows.")],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    id_column: Annotated[str, typer.Option("--id", help="The column that names a row.")],
    metric: Annotated[str | None, typer.Option(help="[default: accuracy for classes, rmse for numbers]")] = None,
    group: Annotated[str | None, typer.Option(help="Rows that share this column stay on one side.")] = None,
    test: Annotated[float, typer.Option(min=0, help="Share of the rows (or their number) held out.")] = 0.1,
    title: Annotated[str | None, typer.Option(help="[default: from the id]")] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            parser=path, metavar="FOLDER", help="[default: the first of PODIUM_COMPETITIONS, else competitions/]"
        ),
    ] = None,
) -> None:
    """Write the folder of a competition of your own from a labelled CSV."""
    from harness import catalogue, newspec

    folders = catalogue.of(settings_now()).folders
    chosen = into or (folders[1] if len(folders) > 1 else folders[0])
    wish = newspec.Wish(id, train, target, id_column, metric, title, group, test)
    made = newspec.write(wish, chosen.absolute())
    typer.echo(f"{made}: competition.yaml, description.md, raw/")
    if made.parent not in folders:
        typer.echo(f"Podium finds it with: export {catalogue.VARIABLE}={made.parent}")
    typer.echo(f"Complete description.md, then: podium check {id}")


@own.command()
def check(
    competition: Annotated[str, typer.Argument(metavar="ID", help="See: podium list")],
    raw: Raw = None,
    json: Json = False,
) -> None:
    """Try a competition out: from raw data to grades, each rule broken once, public data searched for answers."""
    from harness import catalogue, tables
    from harness.check import check as try_out

    item = catalogue.of(settings_now()).load(competition)
    with tempfile.TemporaryDirectory(prefix="podium-check-") as folder:
        found = try_out(item, folder=Path(folder), raw=raw)
    tables.findings(found, as_json=json)
    raise typer.Exit(0 if all(finding.ok for finding in found) else 2)
