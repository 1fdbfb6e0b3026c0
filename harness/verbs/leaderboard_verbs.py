"""The verbs about leaderboards: `podium leaderboard show`, and `download` and `import` of full ones."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.verbs.options import Json, path
from harness.verbs.run_verbs import settings_now

if TYPE_CHECKING:
    from datetime import date

    from harness.config import Settings
    from harness.grading.full_leaderboard import FullLeaderboard
    from harness.specs.competition import Competition

leaderboards = typer.Typer(help="Leaderboards of agents, and full ones of competitions for exact places.")
Id = Annotated[str, typer.Argument(metavar="ID", help="See: podium list")]


@leaderboards.command()
def show(
    groups: Annotated[
        list[str] | None, typer.Argument(metavar="[GROUP]...", help="Groups of runs, or 'latest'.")
    ] = None,
    reports: Annotated[
        list[Path] | None,
        typer.Option(parser=path, metavar="FOLDER", help="MLE-bench's grading reports; may be given again."),
    ] = None,
    suite: Annotated[str, typer.Option(help="mle-bench or weco-kaggle; a split orders the rows by it.")] = "mle-bench",
    format: Annotated[str, typer.Option(help="text, markdown, csv or json.")] = "text",
    pad: Annotated[bool, typer.Option("--pad", help="Count what is missing as failures.")] = False,
    json: Json = False,
) -> None:
    """Show our groups, and anybody's grading reports, among the published results."""
    from harness.errors import UserError
    from harness.rates import grading_reports, standings
    from harness.rates.standings_text import FORMATS
    from harness.rates.suite_rates import suite_rates
    from harness.results.layout import Results
    from harness.results.rows import rows_of
    from harness.specs.suites import suites_now

    form = "json" if json else format
    if form not in FORMATS:
        raise UserError(f"no format {form!r}; there are: {', '.join(FORMATS)}")
    settings, board = settings_now(), standings.board_of(suite)
    suites = suites_now(settings) if groups or reports else {}
    rows = standings.published(board)
    notes: list[str] = []
    for name in groups or []:
        group = Results(settings.results).existing_group(name)
        own, told = standings.of_group(board, group.name, suite_rates(rows_of(group), suites), pad=pad)
        rows, notes = [*rows, *own], [*notes, *told]
    for folder in reports or []:
        for experiment in grading_reports.experiments(folder):
            row, told = standings.of_reports(board, experiment, suites, pad=pad)
            rows, notes = [*rows, row], [*notes, *told]
    typer.echo(FORMATS[form](standings.standings(board, rows, notes, by=suite)), nl=False)


@leaderboards.command()
def download(competition: Id, json: Json = False) -> None:
    """Get every team's score from Kaggle, with your credentials."""
    from harness.errors import UserError
    from harness.grading import full_leaderboard
    from harness.specs.competition import KaggleSource

    settings, item = _found(competition)
    if not isinstance(item.source, KaggleSource):
        raise UserError(f"{item.id} is not on Kaggle; by hand: podium leaderboard import {item.id} FILE.csv")
    board = full_leaderboard.from_kaggle(item.id, item.source.slug, environ=settings.environ, today=_today())
    _keep(settings, item, board, as_json=json)


@leaderboards.command("import")
def import_csv(
    competition: Id,
    file: Annotated[Path, typer.Argument(parser=path, metavar="CSV", help="A header, and one row a team.")],
    score: Annotated[str | None, typer.Option(help="The column of scores. [default: the one called score]")] = None,
    json: Json = False,
) -> None:
    """Take every team's score from a CSV that you have."""
    from harness.grading.full_leaderboard import FullLeaderboard
    from harness.grading.leaderboard_csv import read_scores

    settings, item = _found(competition)
    scores = tuple(read_scores(file, score))
    board = FullLeaderboard(competition=item.id, date=_today(), source=file.name, scores=scores)
    _keep(settings, item, board, as_json=json)


def _found(competition: str) -> tuple[Settings, Competition]:
    from harness.specs import catalogue

    settings = settings_now()
    return settings, catalogue.of(settings).load(competition)


def _today() -> date:
    return datetime.now(UTC).date()


def _keep(settings: Settings, item: Competition, board: FullLeaderboard, *, as_json: bool) -> None:
    """Keep it, and say how it compares with the lines that the spec states: a wrong column would show there."""
    from harness.grading import full_leaderboard
    from harness.grading.leaderboard import lines_of
    from harness.verbs import tables

    kept = full_leaderboard.keep(settings.leaderboards, board)
    own = lines_of(board.scores, item.metric.direction)
    tables.leaderboard(item, board, own, kept, as_json=as_json)
