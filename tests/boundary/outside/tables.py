"""Cheat by a table: what the reader of submissions must not take, unpack, run, believe or repeat."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from harness.grading.grade import grade
from tests.boundary.inside.base import CHEAT
from tests.boundary.outside.base import Deed, Desk, add, deed

ESCAPES = "\x1b]0;hacked\x07\x1b[2J"
TURNED = "\u202egnp.elif"
FORMULA = '=HYPERLINK("http://198.51.100.1/x","y")'
LONGEST_REASON = 1000
Change = Callable[[list[list[str]]], list[list[str]]]


def _perfect(desk: Desk) -> bytes:
    """The true answers, as a submission."""
    (answers,) = Path(desk.prepared.private).glob("*.csv")
    wanted = Path(desk.prepared.sample).read_text().splitlines()[0].split(",")
    return pd.read_csv(answers)[wanted].to_csv(index=False).encode()


def _accepted(desk: Desk, content: bytes) -> object:
    report = grade(desk.competition, desk.prepared, desk.file(content))
    return report.valid and f"valid, score {report.score}"


def _tarred(content: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        member = tarfile.TarInfo("submission.csv")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


def _zipped(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("submission.csv", content)
    return made.getvalue()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "zip": _zipped, "gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "tar": _tarred
}  # fmt: skip


def _add_archive(kind: str, pack: Callable[[bytes], bytes]) -> None:
    def unpacked_by_who_looks(desk: Desk) -> object:
        return len(pd.read_csv(desk.file(pack(_perfect(desk))), compression=kind)) > 0  # type: ignore[call-overload]

    add(
        Deed(
            f"hand-in-an-archive-{kind}",
            f"Hand in an archive ({kind}) under a table's name, to be unpacked on the host.",
            CHEAT,
            lambda desk: _accepted(desk, pack(_perfect(desk))),
            unpacked_by_who_looks,
        )
    )


for _kind, _pack in PACKED.items():
    _add_archive(_kind, _pack)


class _Runs:
    """Code that runs where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self._path), "w")


def _unpickled(desk: Desk) -> object:
    pickle.loads(pickle.dumps(_Runs(desk.folder / "ran"))).close()
    return (desk.folder / "ran").exists()


@deed(CHEAT, _unpickled)
def hand_in_code_as_data(desk: Desk) -> object:
    """Hand in a pickle, which runs code where it is read."""
    taken = _accepted(desk, pickle.dumps(_Runs(desk.folder / "ran")))
    return taken or (desk.folder / "ran").exists()


def _parquet(desk: Desk) -> bytes:
    made = io.BytesIO()
    pd.read_csv(io.BytesIO(_perfect(desk))).to_parquet(made)
    return made.getvalue()


@deed(CHEAT, lambda desk: len(pd.read_parquet(desk.file(_parquet(desk)))))
def hand_in_another_format(desk: Desk) -> object:
    """Hand in Parquet under a table's name."""
    return _accepted(desk, _parquet(desk))


def _changed(desk: Desk, change: Change) -> bytes:
    rows = list(csv.reader(_perfect(desk).decode().splitlines()))
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(change(rows))
    return made.getvalue().encode()


def _first(value: str) -> Change:
    return lambda rows: [rows[0], [rows[1][0], value], *rows[2:]]


CHANGES: dict[str, tuple[str, Change]] = {
    "a-formula": ("Predict a formula, which a spreadsheet would compute.", _first(FORMULA)),
    "infinity": ("Predict infinity, which no mean survives.", _first("inf")),
    "no-number": ("Predict NaN, which compares with nothing.", _first("nan")),
    "a-number-beyond-numbers": ("Predict a number that no computer holds.", _first("1e999")),
    "a-command": ("Predict a command for a shell.", _first("$(touch /tmp/hacked)")),
    "rows-twice": ("Predict a row twice, to be right once.", lambda rows: [*rows, [rows[1][0], "0.5"]]),
    "rows-of-nobody": ("Predict rows that are not asked for.", lambda rows: [*rows, ["999999999", "1"]]),
    "too-few-rows": ("Leave the hard rows out.", lambda rows: rows[:-5]),
    "a-column-twice": ("Predict a column twice.", lambda rows: [[*row, row[1]] for row in rows]),
    "endless-columns": (
        "Hand in a row that does not end.",
        lambda rows: [rows[0], [*rows[1], *["x"] * 200_000], *rows[2:]],
    ),
}


def _add_change(name: str, tries: str, change: Change) -> None:
    def believed(desk: Desk) -> object:
        lines = _changed(desk, change).decode().splitlines()
        return sum(1 for row in csv.reader(lines) if row) > 10  # a reader that takes whatever is there

    add(Deed(f"predict-{name}", tries, CHEAT, lambda desk: _accepted(desk, _changed(desk, change)), believed))


for _name, (_tries, _change) in CHANGES.items():
    _add_change(_name, _tries, _change)


def _reason(desk: Desk, header: str, first: str = "0.5") -> str:
    rows = _changed(desk, lambda rows: [[rows[0][0], header], [rows[1][0], first], *rows[2:]])
    report = grade(desk.competition, desk.prepared, desk.file(rows))
    return report.reason or ""


@deed(CHEAT, lambda desk: "\x1b" in f"no column {ESCAPES}")
def speak_to_a_terminal_by_a_columns_name(desk: Desk) -> object:
    """Name a column so that the reason of its refusal clears or retitles a terminal."""
    said = (
        _reason(desk, ESCAPES)
        + _reason(desk, TURNED)
        + _reason(desk, "target", ESCAPES)
        + _reason(desk, "target", TURNED)
    )
    return [character for character in said if not character.isprintable()]


@deed(CHEAT, lambda desk: len(f"no column {'x' * 100_000}") > LONGEST_REASON)
def fill_a_record_by_a_columns_name(desk: Desk) -> object:
    """Name a column by 100,000 characters, which the reason would repeat."""
    said = max(_reason(desk, "x" * 100_000), _reason(desk, "target", "y" * 100_000), key=len)
    return len(said) > LONGEST_REASON and len(said)


@deed(CHEAT, no_control="the answers are the control of the labels' own tests")
def learn_a_label_by_a_refusal(desk: Desk) -> object:
    """Have two refusals differ by the labels of their rows alone."""
    reasons = {_reason(desk, "target", guess) for guess in ("x", "y")}
    return any(word in reason for reason in reasons for word in ("label", "answer", "expected 0", "expected 1"))
