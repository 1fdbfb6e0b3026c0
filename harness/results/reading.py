"""Many runs' files → rows, as fast as files can be opened: three or four small ones a run, no models, no paths.

What is read is checked; a run whose files say something else than expected, or which is not over, is handed back by its
name, for `rows` to read it whole and say what is wrong. Imports little, as processes of a pool do this, too.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from harness.errors import UserError
from harness.results import heads
from harness.results.heads import GradeHead, NodeGradesHead
from harness.results.row import Row, row_of
from harness.results.status import RunStatus

BLOCK = 16 * 1024  # more than most records: then one call reads it
BEFORE_NODES = 1024  # more than stands before the nodes of node_grades.json
NODES = b'"nodes":'
FINDINGS, VERDICTS = "findings.json", "verdicts.jsonl"

T = TypeVar("T")


def read_many(group: str, names: Sequence[str]) -> list[Row | str]:
    """A row for each name that is a run's, or the name itself of a run that is to be read whole; in the same order."""
    found: list[Row | str] = []
    for name in names:
        try:
            row = _read(f"{group}/{name}", name)
        except UserError:
            row = name
        if row is not None:
            found.append(row)
    return found


def _read(run: str, name: str) -> Row | str | None:
    content = content_of(f"{run}/run.json")
    if content is None:
        return None
    try:
        head = heads.run_head(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return name
    if head.tree is None or head.status is RunStatus.RUNNING:
        return name
    return row_of(head, head.tree, grade_of(run), node_grades_of(run), flags_of(run))


def grade_of(run: str) -> GradeHead:
    """A run's grade, empty where there is none. Raise `UserError` where it can't be read."""
    path = f"{run}/grade.json"
    content = content_of(path)
    return heads.NO_GRADE if content is None else _decoded(heads.grade_head, content, path, "grade", "grade")


def node_grades_of(run: str) -> NodeGradesHead:
    """What stands in node_grades.json before its nodes, which may be thousands; empty where there is no such file."""
    path = f"{run}/node_grades.json"
    content = content_of(path, BEFORE_NODES, NODES)
    if content is None:
        return heads.NO_NODE_GRADES
    head, _, _ = content.partition(NODES)
    return _decoded(heads.node_grades_head, head + NODES + b"[]}", path, "node grades", "grade-nodes")


def flags_of(run: str) -> tuple[str, ...] | None:
    """The rules that flag a run, with what people said of that; None where nobody audited it."""
    content = content_of(f"{run}/{FINDINGS}")
    if content is None:
        return None
    if not os.access(f"{run}/{VERDICTS}", os.F_OK):
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):  # below it is said what is wrong
            return heads.findings_head(content).flagged_by
    from harness.cheating import standing  # with pydantic: only where people have judged

    return standing.flags(run, content)


def content_of(path: str, block: int = BLOCK, until: bytes | None = None) -> bytes | None:
    """A small file's content, or only so much of it that `until` is in it; None where there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        content = os.read(descriptor, block)
        if len(content) < block:
            return content
        while (until is None or until not in content) and (more := os.read(descriptor, max(BLOCK, len(content)))):
            content += more
        return content
    finally:
        os.close(descriptor)


def _decoded(decode: Callable[[bytes], T], content: bytes, path: str, what: str, verb: str) -> T:
    try:
        return decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        run = "/".join(path.split("/")[-3:-1])
        again = "Grade the run again" if verb == "grade" else "Grade its nodes again"
        raise UserError(f"{path} is no {what} any more: {error}. {again}: podium {verb} {run}") from error
