"""The commands that repeat a run, and what they can't repeat exactly. Reads records; runs nothing."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from harness.errors import UserError
from harness.results.layout import GroupFolder, RunFolder
from harness.results.record import CodeRecord, HostRecord, RunRecord


class Recipe(NamedTuple):
    """Commands in order, with what is not repeated exactly and why."""

    commands: tuple[str, ...]
    differs: tuple[str, ...]


def recipe(folder: RunFolder, record: RunRecord, *, code: CodeRecord, host: HostRecord | None = None) -> Recipe:
    """Return how to repeat a run from here; `code` and `host` are those of this process. Raise `UserError` if old."""
    if not record.arguments:
        raise UserError(
            f"{folder.record_file} keeps no arguments, being of an older Podium; its `request` says what ran"
        )
    group = GroupFolder(folder.path.parent)
    arguments = list(record.arguments)
    kept = group.prompts / record.prompt_set_sha256
    if "--prompts" in arguments and kept.is_dir():  # the folder may have changed since; the copy has not
        arguments[arguments.index("--prompts") + 1] = str(kept)
    again = ["podium", "bench", *arguments, "--group", f"{record.group}-again"]
    exact = [*_without(again, "--model", "--replay"), "--replay", str(folder.transcript)]
    commands = [*_checkout(record, code), shlex.join(again)]
    if record.model != "offline" and "--replay" not in arguments and folder.transcript.is_file():
        commands.append(f"{shlex.join(exact)}   # the recorded answers, for nothing")
    return Recipe(tuple(commands), tuple(_differs(record, code, host)))


def _without(arguments: Sequence[str], *flags: str) -> list[str]:
    """The arguments without some flags and their values."""
    return [
        one
        for place, one in enumerate(arguments)
        if one not in flags and (place == 0 or arguments[place - 1] not in flags)
    ]


def _checkout(record: RunRecord, code: CodeRecord) -> Iterator[str]:
    if record.code is not None and record.code.commit is not None and record.code.commit != code.commit:
        yield f"git checkout {record.code.commit} && make setup"


def _differs(record: RunRecord, code: CodeRecord, host: HostRecord | None) -> Iterator[str]:
    if record.code is None or record.code.commit is None:
        yield "the commit is not known: it ran outside a git checkout"
    elif record.code.dirty:
        yield f"the checkout had uncommitted changes on top of {record.code.commit[:12]}, which are not kept"
    if record.code is not None and record.code.packages_sha256 != code.packages_sha256:
        yield f"other packages beside Podium: the run's are in environments/{record.code.packages_sha256}.txt"
    if record.model != "offline":
        yield f"{record.model}: a model's answers can't be seeded; only a replay repeats them"
    if record.request.workers > 1:
        yield f"{record.request.workers} candidates at a time: which one ends first decides what is asked next"
    yield f"the image {record.image_tag} is built from the same inputs; packages of the system may be newer"
    if record.host is not None and (host is None or host.hardware != record.host.hardware):
        yield f"times, and scripts that a time limit cut: it ran on {record.host.hardware}"
    data = record.data
    yield f"the data must be the same: {data.edition} from {data.source}, fingerprint {data.data_sha256[:16]}…"
    missing = [one for one in _paths(record.arguments) if not Path(one).exists()]
    if missing:
        yield f"no longer there: {', '.join(missing)}"


def _paths(arguments: Sequence[str]) -> Iterator[str]:
    for flag, value in pairwise(arguments):
        if flag in ("--raw", "--replay", "--prices"):
            yield value
