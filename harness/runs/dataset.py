"""What a folder of a user's data holds: which table is labelled, which is to be predicted, what is the target, the id.

It decides only what is certain and says so (`notes`); where it is not, the error names the choices and the option that
makes one. It reads headers and ids, and follows no link out of the folder: an agent gets to see what is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError

TRAIN_NAMES = ("train.csv", "training.csv")
TEST_NAMES = ("test.csv", "testing.csv")
TARGET_NAMES = ("target", "label")


@dataclass(frozen=True)
class Choices:
    """What the user said of the data; None where we are to see for ourselves."""

    train: str | None = None
    test: str | None = None
    target: str | None = None
    id_column: str | None = None


@dataclass(frozen=True)
class Dataset:
    """A folder, understood. Without a `test` file rows of `train` are held out; `id_column` None: rows are numbered.

    `others` are further files, relative to the folder, that the agent gets to see: none where labels are held back.
    """

    folder: Path
    train: Path
    test: Path | None
    labelled: bool
    sample: Path | None
    target: str
    id_column: str | None
    others: tuple[str, ...]
    notes: tuple[str, ...]


def understand(data: Path, choices: Choices) -> Dataset:
    """Look at a folder, or at one CSV; raise `UserError` for what is missing or not certain."""
    if not data.exists():
        raise UserError(f"{data}: there is no such folder or file")
    folder = data if data.is_dir() else data.parent
    files = _files(folder) if data.is_dir() else [data.name]
    tables = [name for name in files if "/" not in name and name.lower().endswith(".csv")]
    if not tables:
        raise UserError(
            f"{data} holds no .csv: podium solve takes a folder with train.csv (and test.csv, if there is one), or one "
            "CSV. For data of another kind write a competition: competitions/README.md"
        )
    samples = [name for name in tables if "submission" in name.lower()]
    test = _named(choices.test, "--test-file", TEST_NAMES, tables)
    train = _train(choices, [name for name in tables if name not in samples and name != test])
    return _put_together(folder, files, train, test, samples, choices)


def _put_together(
    folder: Path, files: Sequence[str], train: str, test: str | None, samples: Sequence[str], choices: Choices
) -> Dataset:
    train_columns = columns_of(folder / train)
    test_columns = columns_of(folder / test) if test else None
    sample = samples[0] if len(samples) == 1 and test_columns is not None else None
    sample_columns = columns_of(folder / sample) if sample else None
    target, why = _target(choices.target, train, train_columns, test_columns, sample_columns)
    labelled = test_columns is not None and target in test_columns
    where = [folder / name for name in (train, test) if name]
    id_column, id_why = _id(choices.id_column, target, where, sample_columns)
    others = [name for name in files if name not in (train, test, *samples)]
    kept = others if test and not labelled else []
    notes = [_tables_note(train, test, labelled, target), f"predict {target} ({why})", f"rows are named by {id_why}"]
    if others and not kept:
        notes.append(f"left out, since they may hold labels that are held back: {_some(others)}")
    if sample and sample_columns != [id_column, target]:
        notes.append(f"{sample} has other columns than {id_column or 'an id'} and {target}; a sample is made instead")
        sample = None
    return Dataset(
        folder=folder,
        train=folder / train,
        test=folder / test if test else None,
        labelled=labelled,
        sample=folder / sample if sample and not labelled else None,
        target=target,
        id_column=id_column,
        others=tuple(kept),
        notes=tuple(notes),
    )


def columns_of(path: Path) -> list[str]:
    """Return a CSV's column names."""
    import pandas as pd

    try:
        return [str(name) for name in pd.read_csv(path, nrows=0).columns]
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no CSV that can be read: {error}") from error


def _files(folder: Path) -> list[str]:
    """Return every file below a folder; hidden ones and links to elsewhere are passed over."""
    home, found = folder.resolve(), []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts) and home in path.resolve().parents:
            found.append(name.as_posix())
    return found


def _named(chosen: str | None, option: str, usual: Sequence[str], tables: Sequence[str]) -> str | None:
    """Return the table that the user named, or the one that is called as it usually is."""
    if chosen is not None:
        if chosen not in tables:
            raise UserError(f"{option} {chosen}: there are {_some(tables)}")
        return chosen
    found = [name for name in tables if name.lower() in usual]
    return found[0] if len(found) == 1 else None


def _train(choices: Choices, tables: Sequence[str]) -> str:
    train = _named(choices.train, "--train", TRAIN_NAMES, tables)
    if train is None and len(tables) == 1:
        return tables[0]
    if train is None:
        raise UserError(f"which file holds the labelled rows? --train one of: {_some(tables) or '(no CSV is left)'}")
    return train


def _target(
    chosen: str | None,
    train: str,
    train_columns: Sequence[str],
    test_columns: Sequence[str] | None,
    sample_columns: Sequence[str] | None,
) -> tuple[str, str]:
    """Return the column to predict, and why it is that one."""
    if chosen is not None:
        if chosen not in train_columns:
            raise UserError(f"--target {chosen}: {train} has the columns {_some(train_columns)}")
        return chosen, "as you said"
    candidates = list(train_columns)
    if sample_columns is not None and test_columns is not None:
        asked = [name for name in sample_columns if name in train_columns and name not in test_columns]
        if len(asked) == 1:
            return asked[0], "the sample submission asks for it"
    if test_columns is not None:
        candidates = [name for name in train_columns if name not in test_columns] or candidates
        if len(candidates) == 1:
            return candidates[0], "the one column that the test file lacks"
    called = [name for name in candidates if name.lower() in TARGET_NAMES]
    if len(called) == 1:
        return called[0], "by its name"
    raise UserError(f"which column is to be predicted? --target one of: {_some(candidates)}")


def _id(
    chosen: str | None, target: str, tables: Sequence[Path], sample_columns: Sequence[str] | None
) -> tuple[str | None, str]:
    """Return the column that names a row, None where there is none; and what to say of it."""
    shared = [name for name in columns_of(tables[-1]) if name != target]
    if len(tables) > 1:
        known = columns_of(tables[0])
        shared = [name for name in shared if name in known]
    if chosen is not None:
        if chosen not in shared:
            raise UserError(f"--id {chosen}: {tables[-1].name} has the columns {_some(shared)}")
        return chosen, chosen
    wanted = [name for name in sample_columns or () if name in shared]
    likely = wanted if len(wanted) == 1 else [name for name in shared if _looks_like_an_id(name)]
    unique = [name for name in likely if all(_is_unique(path, name) for path in tables)]
    if len(unique) == 1:
        return unique[0], unique[0]
    return None, "a number that is added, row_id"


def _looks_like_an_id(name: str) -> bool:
    return name.lower() in ("id", "key", "uid", "uuid") or name.endswith(("_id", "Id", "ID"))


def _is_unique(path: Path, column: str) -> bool:
    import pandas as pd

    values = pd.read_csv(path, usecols=[column])[column]
    return bool(values.is_unique and values.notna().all() and not pd.api.types.is_float_dtype(values))


def _tables_note(train: str, test: str | None, labelled: bool, target: str) -> str:
    if test is None:
        return f"{train} is labelled; there is no test file, so rows of it are held out for the test score"
    if labelled:
        return f"{train} and {test} are labelled; {target} of {test} is kept from the agent, for the test score"
    return f"{train} is labelled, {test} is not: there will be a validation score, and no test score"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
