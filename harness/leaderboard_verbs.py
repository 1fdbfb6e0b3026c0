"""The verbs about full leaderboards: `podium leaderboard download` and `import`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.options import Json, path
from harness.run_verbs import settings_now

if TYPE_CHECKING:
    from datetime import date

    from harness.competition import Competition
    from harness.config import Settings
    from harness.full_leaderboard import FullLeaderboard

leaderboards = typer.Typer(help="Full leaderboards of your own, for exact places instead of interpolated ones.")
Id = Annotated[str, typer.Argument(metavar="ID", help="See: podium list")]


@leaderboards.command()
def download(competition: Id, json: Json = False) -> None:
    """Get every team's score from Kaggle, with your credentials."""
    from harness import full_leaderboard
    from harness.competition import KaggleSource
    from harness.errors import UserError

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
    from harness.full_leaderboard import FullLeaderboard
    from harness.leaderboard_csv import read_scores

    settings, item = _found(competition)
    scores = tuple(read_scores(file, score))
    board = FullLeaderboard(competition=item.id, date=_today(), source=file.name, scores=scores)
    _keep(settings, item, board, as_json=json)


def _found(competition: str) -> tuple[Settings, Competition]:
    from harness import catalogue

    settings = settings_now()
    return settings, catalogue.of(settings).load(competition)


def _today() -> date:
    return datetime.now(UTC).date()


def _keep(settings: Settings, item: Competition, board: FullLeaderboard, *, as_json: bool) -> None:
    """Keep it, and say how it compares with the lines that the spec states: a wrong column would show there."""
    from harness import full_leaderboard, tables
    from harness.leaderboard import lines_of

    kept = full_leaderboard.keep(settings.leaderboards, board)
    own = lines_of(board.scores, item.metric.direction)
    tables.leaderboard(item, board, own, kept, as_json=as_json)
