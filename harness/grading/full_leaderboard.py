"""The user's own copies of full leaderboards: every team's score, so that a place is exact and not interpolated.

They come from Kaggle (`podium leaderboard download ID`) or from a CSV (`podium leaderboard import ID FILE`) and are
kept under PODIUM_HOME, one file a competition. None ships with Podium. Here they are read, checked and kept; what a
score is worth among them is `leaderboard.py`'s.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.errors import DownloadError, UserError
from harness.files import write_atomically

if TYPE_CHECKING:
    from harness.data.manifest import Prepared

FOLDER = "leaderboards"


class FullLeaderboard(BaseModel):
    """Every team's score, in no particular order, and when it was so."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    schema_version: Literal[1] = 1
    competition: str
    date: date
    source: str
    scores: tuple[float, ...] = Field(min_length=1)


def path_of(folder: Path, competition: str) -> Path:
    """Return where a competition's leaderboard is kept."""
    return folder / f"{competition}.json"


def keep(folder: Path, board: FullLeaderboard) -> Path:
    """Keep a leaderboard in place of an older one; return the file."""
    path = path_of(folder, board.competition)
    write_atomically(path, (board.model_dump_json() + "\n").encode())
    return path


def find(folder: Path, competition: str) -> FullLeaderboard | None:
    """Return the kept leaderboard, if there is one; UserError when its file is not what was written."""
    path = path_of(folder, competition)
    if not path.is_file():
        return None
    try:
        return FullLeaderboard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            f"{path} is not a leaderboard as Podium keeps it ({first['msg']}). "
            f"Once more: podium leaderboard download {competition}, or remove it"
        ) from error


def beside(prepared: Prepared) -> FullLeaderboard | None:
    """Return the leaderboard kept in the PODIUM_HOME that the prepared data lie in."""
    return find(prepared.folder.parent.parent / FOLDER, prepared.manifest.competition)


def from_kaggle(competition: str, slug: str, *, environ: Mapping[str, str], today: date) -> FullLeaderboard:
    """Ask Kaggle for every team's score: the private leaderboard once the competition is over, else the public."""
    from harness.data.download import ask_client, require_credentials

    require_credentials(slug, environ)
    teams = ask_client(slug, {"want": "leaderboard"}, environ)["teams"]
    if not teams:
        raise DownloadError(f"{slug}: Kaggle's leaderboard is empty; see https://www.kaggle.com/c/{slug}/leaderboard")
    if len({team for team, _ in teams}) < len(teams):
        raise DownloadError(f"{slug}: the leaderboard changed while it was read; run it again")
    try:
        scores = scored([text for _, text in teams])
    except ValueError as error:
        by_hand = f"podium leaderboard import {competition} FILE.csv"
        raise DownloadError(f"{slug}: Kaggle's leaderboard holds {error}; give it by hand: {by_hand}") from error
    return FullLeaderboard(competition=competition, date=today, source="Kaggle", scores=tuple(scores))


def scored(texts: Sequence[str]) -> list[float]:
    """Return the scores as numbers; teams without one have no place. ValueError names the first that is no number."""
    largest = sys.float_info.max
    scores = []
    for row, text in enumerate(texts):
        if not text.strip():
            continue
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if math.isnan(number):
            raise ValueError(f"{text[:40]!r} as the score of row {row + 1}")
        scores.append(max(-largest, min(largest, number)))  # an infinite error is the last place, and JSON has none
    return scores
