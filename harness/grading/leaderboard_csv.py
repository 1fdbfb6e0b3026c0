"""Reads a leaderboard that somebody has as a CSV: downloaded from the site, exported, typed. Untrusted input.

Finds the column of scores, or takes the one that is named; one row is one team. Whether the scores are of the right
competition and metric it can't know: who imports it is shown how it compares with the known medal lines.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from harness.errors import UserError
from harness.grading.full_leaderboard import scored

LARGEST_BYTES = 16 * 2**20
MOST_COLUMNS = 1000
SCORE_NAMES = ("privatescore", "score", "publicscore")  # best first, without case, spaces, _ and -
TEAM = "teamid"  # names may be shared


def read_scores(path: Path, column: str | None = None) -> list[float]:
    """Return every team's score; UserError says what the file lacks."""
    rows = _rows(path)
    if not rows:
        raise UserError(f"{path} is empty; expected a header and one row a team")
    header, body = rows[0], rows[1:]
    place = _score_column(path, header, column)
    _refuse_uneven(path, header, body)
    _refuse_repeated_teams(path, header, body)
    try:
        scores = scored([row[place] for row in body])
    except ValueError as error:
        raise UserError(f"{path}: column {header[place]!r} has {error}; choose another with --score") from error
    if not scores:
        raise UserError(f"{path}: column {header[place]!r} holds no score; expected one row a team")
    return scores


def _rows(path: Path) -> list[list[str]]:
    if not path.is_file():
        raise UserError(f"{path} is not a file; give a CSV with a header and one row a team")
    if (size := path.stat().st_size) > LARGEST_BYTES:
        raise UserError(f"{path} has {size} bytes, a leaderboard at most {LARGEST_BYTES}; is it the right file?")
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if any(row)]
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text (byte {error.start}); unpack it if it is a zip") from error
    except csv.Error as error:
        raise UserError(f"{path} is not a CSV: {error}") from error


def _score_column(path: Path, header: Sequence[str], column: str | None) -> int:
    there = ", ".join(name[:40] for name in header[:20])
    if len(header) > MOST_COLUMNS:
        raise UserError(f"{path} has {len(header)} columns; expected a leaderboard, one row a team")
    if column is not None:
        if header.count(column) != 1:
            raise UserError(f"{path} has {header.count(column)} columns {column!r}; its columns are {there}")
        return header.index(column)
    plain = [_plain(name) for name in header]
    for name in SCORE_NAMES:
        if name in plain:
            return plain.index(name)
    raise UserError(f"{path} has no column of scores that is called so; name it with --score, one of: {there}")


def _refuse_uneven(path: Path, header: Sequence[str], body: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(body, start=1):
        if len(row) != len(header):
            raise UserError(f"{path}: row {number} has {len(row)} cells, the header {len(header)}")


def _refuse_repeated_teams(path: Path, header: Sequence[str], body: Sequence[Sequence[str]]) -> None:
    """A history of submissions is no leaderboard: it has several rows a team."""
    plain = [_plain(name) for name in header]
    if TEAM not in plain or not body:
        return
    team, times = Counter(row[plain.index(TEAM)] for row in body).most_common(1)[0]
    if times > 1:
        raise UserError(
            f"{path}: team {team[:40]!r} has {times} rows, so this is a history of submissions; "
            "expected the final leaderboard, one row a team"
        )


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter not in " _-")
