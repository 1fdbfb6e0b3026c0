"""What an audit says of a run: findings, each of one rule, with its severity and the evidence; kept in `findings.json`.

Whatever is quoted was written by an agent: excerpts are short printable lines, and there is a most of everything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from harness.untrusted import one_line

LONGEST_EXCERPT = 200
LONGEST_WHAT = 400
MOST_EVIDENCE = 5  # of one finding
MOST_OF_A_RULE = 20  # findings of one rule in one run
MOST_FINDINGS = 100  # of a run


class Severity(StrEnum):
    """How much a finding weighs. `LOW` is worth knowing and flags nothing; the others flag the run."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def flags(self) -> bool:
        """Does one such finding, not dismissed, flag the run?"""
        return self is not Severity.LOW

    @property
    def weight(self) -> int:
        return list(Severity).index(self)


class Hit(NamedTuple):
    """What a rule saw in one text. `lines` are counted from 1; without any the whole text is meant."""

    severity: Severity
    what: str
    lines: tuple[int, ...] = ()
    quotes: tuple[str, ...] = ()  # instead of the lines' own text


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Evidence(_Kept):
    """A place, and what stands there: `file` is below the run's folder."""

    file: str
    line: int | None
    excerpt: str


class Finding(_Kept):
    """One finding. `id` is the same whenever the same rule sees the same thing in the same code."""

    id: str
    rule: str
    version: int
    severity: Severity
    node: str | None
    handed_in: bool
    what: str
    evidence: tuple[Evidence, ...]
    code_sha256: str | None


class ModelReview(_Kept):
    """What a model said of the script that was handed in; `transcript` is below the run's folder."""

    model: str
    version: int
    verdict: Literal["cheating", "suspicious", "clear", "unclear"]
    reason: str
    code_sha256: str
    transcript: str


class Findings(_Kept):
    """`findings.json`. `inputs_sha256` is over what was read of the run itself, `beside_sha256` over its neighbours.

    `script` is where what was handed in came from: the file, and its hash, which verdicts name; null where it is not
    known. `not_compared` says which comparisons with other runs were left out by construction, and why.
    """

    schema_version: Literal[1] = 1
    run_id: str
    podium_version: str
    rules: dict[str, int]
    inputs_sha256: str
    beside_sha256: str
    script: str | None
    code_sha256: str | None
    scripts: int
    unparsed: int
    more: int = 0
    not_compared: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    reviews: tuple[ModelReview, ...] = ()


def excerpt(text: str) -> str:
    """A quotation: one short printable line."""
    return one_line(text[: 4 * LONGEST_EXCERPT], LONGEST_EXCERPT)


def finding(
    rule: str,
    version: int,
    severity: Severity,
    what: str,
    *,
    node: str | None = None,
    handed_in: bool = False,
    evidence: Sequence[Evidence] = (),
    code_sha256: str | None = None,
) -> Finding:
    """Make a finding, bounded, under a name that says what it is about."""
    said = one_line(what, LONGEST_WHAT)
    about = "\0".join((rule, node or "", code_sha256 or "", said))
    return Finding(
        id=f"{rule}-{hashlib.sha256(about.encode('utf-8', 'replace')).hexdigest()[:10]}",
        rule=rule,
        version=version,
        severity=severity,
        node=node,
        handed_in=handed_in,
        what=said,
        evidence=tuple(evidence)[:MOST_EVIDENCE],
        code_sha256=code_sha256,
    )


def bounded(findings: Sequence[Finding]) -> tuple[tuple[Finding, ...], int]:
    """The weightiest findings, a bounded number of each rule and of all, and how many were left out."""
    kept: list[Finding] = []
    of_rule: dict[str, int] = {}
    ordered = sorted(findings, key=lambda one: (-one.severity.weight, not one.handed_in, one.rule, one.node or ""))
    for one in {one.id: one for one in ordered}.values():
        if len(kept) < MOST_FINDINGS and of_rule.get(one.rule, 0) < MOST_OF_A_RULE:
            of_rule[one.rule] = of_rule.get(one.rule, 0) + 1
            kept.append(one)
    return tuple(kept), len({one.id for one in ordered}) - len(kept)
