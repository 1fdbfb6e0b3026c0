"""The verbs about competitions: `list`, `prepare`, and for those of one's own `new` and `check`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.verbs.options import (
    Competitions,
    Edition,
    Json,
    KaggleDescription,
    PrepareJobs,
    Raw,
    RawOfSeveral,
    StandIn,
    Suite,
    ValidationMode,
    default_jobs,
    path,
)
from harness.verbs.run_verbs import settings_now

own = typer.Typer()


@own.command("list")
def list_competitions(
    suite: Annotated[str | None, typer.Option(help="Only this suite.")] = None,
    validation: Annotated[
        str, typer.Option(help="hidden-split: only competitions of which training rows can be held back.")
    ] = "self",
    json: Json = False,
) -> None:
    """List the competitions."""
    from harness.data.prepare_search import why_not
    from harness.specs import catalogue
    from harness.verbs import tables
    from harness.verbs.choices import parse_validation

    settings = settings_now()
    known = catalogue.of(settings)
    items = known.in_suite(suite) if suite else known.load_all()
    if parse_validation(validation) == "hidden-split":
        items = [item for item in items if why_not(item) is None]
    tables.competitions(items, settings.data, as_json=json)


@own.command()
def prepare(
    competitions: Competitions = None,
    suite: Suite = None,
    raw: RawOfSeveral = None,
    stand_in: StandIn = False,
    edition: Edition = None,
    jobs: PrepareJobs = None,
    kaggle_description: KaggleDescription = False,
    validation: ValidationMode = "self",
    json: Json = False,
) -> None:
    """Make competitions' public and private data, from Kaggle, --raw, or synthetic stand-in data."""
    from harness.errors import UserError
    from harness.specs import catalogue
    from harness.verbs import tables
    from harness.verbs.choices import parse_validation, select
    from harness.verbs.progress import bar, say_above_bars

    settings = settings_now()
    known = catalogue.of(settings)
    ids = select(competitions or [], suite, lambda name: [item.id for item in known.in_suite(name)])
    if kaggle_description:
        from harness.specs import descriptions

        for id in ids:
            typer.echo(descriptions.fetch(known.load(id), settings.home, settings.environ), err=True)
    wishes: dict[str, Any] = {"stand_in": stand_in, "edition": edition, "environ": settings.environ}
    held_back = parse_validation(validation) == "hidden-split"
    if held_back and len(ids) > 1:
        raise UserError(f"--validation hidden-split prepares one competition at a time, and {len(ids)} were named")
    if suite is None and len(ids) == 1:
        from harness.data.prepare import prepare as make
        from harness.data.prepare_search import prepare_search, refuse

        item = known.load(ids[0])
        if held_back:
            refuse(item, edition)
        made = make(item, data_home=settings.data, raw=raw, **wishes, progress=say_above_bars, track=bar)
        if held_back:
            told: dict[str, Any] = {"progress": say_above_bars, "track": bar}
            rows = prepare_search(item, made, data_home=settings.data, environ=settings.environ, **told).manifest
            say_above_bars(f"{item.id}: {rows.search_rows} and {rows.pick_rows} training rows are held back")
        tables.prepared(item, made, as_json=json)
        return
    from harness.data.prepare_several import Order, exit_code, prepare_several, raw_of

    items = [known.load(id) for id in ids]
    orders = [Order(item, settings.data, raw=raw_of(item, raw), **wishes) for item in items]
    outcomes = prepare_several(orders, jobs=jobs or default_jobs(), say=say_above_bars, track=bar)
    tables.prepared_several(outcomes, as_json=json)
    raise typer.Exit(exit_code(outcomes))


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
    from harness import newspec
    from harness.specs import catalogue

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
    from harness.specs import catalogue
    from harness.specs.check import check as try_out
    from harness.verbs import tables

    item = catalogue.of(settings_now()).load(competition)
    with tempfile.TemporaryDirectory(prefix="podium-check-") as folder:
        found = try_out(item, folder=Path(folder), raw=raw)
    tables.findings(found, as_json=json)
    raise typer.Exit(0 if all(finding.ok for finding in found) else 2)
