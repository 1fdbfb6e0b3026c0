"""What people said of findings: `verdicts.jsonl` beside a run, one line a verdict, never changed afterwards.

A verdict names what it is about: the findings, and the hash of the script that was handed in. A later one of the same
finding takes its place; one about another script than the run's speaks of nothing any more.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.cheating.finding import Findings
from harness.errors import UserError
from harness.results.layout import append_line, now

NAME = "verdicts.jsonl"
Word = Literal["confirmed", "dismissed"]
WORDS: tuple[Word, ...] = ("confirmed", "dismissed")


class Verdict(BaseModel):
    """One line. No `findings`: a person confirms what no rule found."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    at: str
    by: str
    verdict: Word
    reason: str
    findings: tuple[str, ...]
    code_sha256: str | None
    inputs_sha256: str
    podium_version: str


def read(run: Path) -> list[Verdict]:
    """Every verdict on a run, the oldest first; a line that a kill cut off is passed over."""
    try:
        lines = (run / NAME).read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            continue
        try:
            found.append(Verdict.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UserError(
                f"{run / NAME}, line {number} is no verdict: {where}: {first['msg']}. Mend that line"
            ) from error
    return found


def add(run: Path, findings: Findings, word: str, *, by: str, reason: str, only: Sequence[str] = ()) -> Verdict:
    """Keep a verdict on a run's findings, on all unless some are named; raise `UserError` for what can't be meant."""
    if word not in WORDS:
        raise UserError(f"--verdict {word}: say {' or '.join(WORDS)}")
    if not reason.strip():
        raise UserError("a verdict takes its reason: --reason TEXT")
    if not by.strip():
        raise UserError("a verdict takes whose it is: --by NAME")
    known = [one.id for one in findings.findings]
    if unknown := [one for one in only if one not in known]:
        raise UserError(f"{run.name} has no finding {unknown[0]!r}; it has: {', '.join(known) or 'none'}")
    own = latest(read(run), findings.code_sha256)[1]
    if word == "dismissed" and not known and own is None:
        raise UserError(f"{run.name} has no finding that could be dismissed")
    verdict = Verdict(
        at=now(),
        by=by.strip()[:200],
        verdict=word,
        reason=reason.strip()[:2000],
        findings=tuple(only or known),
        code_sha256=findings.code_sha256,
        inputs_sha256=findings.inputs_sha256,
        podium_version=findings.podium_version,
    )
    append_line(run / NAME, json.loads(verdict.model_dump_json()))
    os.utime(run)  # whoever watches the folder looks again
    return verdict


def latest(verdicts: Iterable[Verdict], code_sha256: str | None) -> tuple[dict[str, Verdict], Verdict | None]:
    """The verdict in force on each finding, and a person's own on the run, of those about this script."""
    by_finding: dict[str, Verdict] = {}
    own: Verdict | None = None
    for verdict in verdicts:
        if verdict.code_sha256 != code_sha256:
            continue
        for finding in verdict.findings:
            by_finding[finding] = verdict
        if verdict.verdict == "dismissed":
            own = None
        elif not verdict.findings:
            own = verdict
    return by_finding, own
