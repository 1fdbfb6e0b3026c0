"""How a run stands after an audit: flagged or not, by its findings and what people said of them.

A run is flagged while one of its findings weighs more than low and nobody dismissed it, or when a person confirmed any.
A run that nobody audited is neither. A model's word counts as a finding; it takes none away.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from harness.cheating import verdicts
from harness.cheating.finding import Finding, Findings
from harness.cheating.verdicts import Verdict
from harness.errors import UserError

NAME = "findings.json"


class Judged(NamedTuple):
    """A finding with the verdict in force on it, and whether it flags its run."""

    finding: Finding
    verdict: Verdict | None
    flags: bool


class Standing(NamedTuple):
    """An audited run."""

    findings: Findings
    judged: tuple[Judged, ...]
    confirmed_by_hand: Verdict | None

    @property
    def flagged(self) -> bool:
        return self.confirmed_by_hand is not None or any(one.flags for one in self.judged)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that flag it, each once."""
        by_hand = ("a person",) if self.confirmed_by_hand is not None else ()
        return tuple(dict.fromkeys((*(one.finding.rule for one in self.judged if one.flags), *by_hand)))


def read(run: Path) -> Findings | None:
    """A run's findings; None where nobody audited it. Raise `UserError` where they can't be read."""
    try:
        content = (run / NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _findings(run, content)


def _findings(run: Path, content: bytes) -> Findings:
    try:
        return Findings.model_validate_json(content)
    except ValidationError as error:
        raise UserError(
            f"{run / NAME} is not of this version: remove it, then: podium audit {run.parent.name}"
        ) from error


def standing(run: Path) -> Standing | None:
    """How a run stands; None where nobody audited it."""
    found = read(run)
    return None if found is None else _standing(run, found)


def flags(run: str, content: bytes) -> tuple[str, ...]:
    """The rules that flag a run whose `findings.json` holds this; what a row of a group needs, and no more."""
    return _standing(Path(run), _findings(Path(run), content)).rules


def _standing(run: Path, found: Findings) -> Standing:
    by_finding, own = verdicts.latest(verdicts.read(run), found.code_sha256)
    judged = tuple(_judged(one, by_finding.get(one.id)) for one in found.findings)
    return Standing(found, judged, own)


def _judged(finding: Finding, verdict: Verdict | None) -> Judged:
    if verdict is None:
        return Judged(finding, None, finding.severity.flags)
    return Judged(finding, verdict, verdict.verdict == "confirmed")
