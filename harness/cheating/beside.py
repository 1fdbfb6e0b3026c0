"""A run beside others on the same competition: the same submission, or the same script, without a reason that is plain.

Much is alike by construction, and is not compared, which is said: scripts of the offline coder are made of templates;
two runs of one agent with one model and prompt set were asked the same by the same, so they are only noted; what many
runs of a competition write is nobody's own. Runs that answer from recordings are as alike as they should be. What is
left and alike was copied, or comes from one source that both have read: whoever judges must look at both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.cheating import similar
from harness.cheating.finding import Evidence, Finding, Severity, excerpt, finding
from harness.cheating.script import Script

SAME_SUBMISSION, SIMILAR_CODE = "same-submission", "similar-code"
VERSIONS = {SAME_SUBMISSION: 1, SIMILAR_CODE: 1}
NOTED = 0.6
TELLING = 0.8
SAME_PROGRAM = 0.5  # of the pieces: what differs may well be what it prints
TELLING_VALUES = 20
KNOWN = "known:"
OFFLINE = "offline"


@dataclass(frozen=True)
class Neighbour:
    """What is compared of a run. `information`: how many different predictions that are no plain labels it holds."""

    key: str  # GROUP/RUN, or known:FILE
    competition: str
    entrant: tuple[str, str, str]  # agent, model, prompt set
    started_at: str
    node: str | None
    script: Script | None
    submission_sha256: str | None
    information: int
    repeats: bool  # it answers from a recording


def beside(
    run: Neighbour, others: Sequence[Neighbour], alike: Mapping[str, Sequence[similar.Likeness]]
) -> Iterator[Finding]:
    """Yield what a run has in common with others that it should not."""
    yield from _same_submission(run, others)
    yield from _similar(run, {one.key: one for one in others}, alike.get(run.key, ()))


def likenesses(runs: Sequence[Neighbour], prompts: similar.Pieces = similar.NONE) -> dict[str, list[similar.Likeness]]:
    """The runs of one competition whose scripts are alike in what is their own, by run."""
    compared = {one.key: similar.pieces(one.script) for one in runs if one.script is not None and is_compared(one)}
    found: dict[str, list[similar.Likeness]] = {}
    for pair in similar.alike(similar.own(compared, prompts), NOTED):
        for key in (pair.one, pair.other):
            found.setdefault(key, []).append(pair)
    return found


def is_compared(one: Neighbour) -> bool:
    """Is a script its author's own, so that another that is alike means something?"""
    return one.entrant[1] != OFFLINE and not one.repeats


def not_compared(run: Neighbour) -> tuple[str, ...]:
    """Say which comparisons are left out for a run, and why."""
    told = []
    if run.script is None:
        told.append("its script is not known, so it is compared with no other script")
    elif run.entrant[1] == OFFLINE:
        told.append("its script is the offline coder's, made of templates: alike by construction")
    elif run.repeats:
        told.append("it answers from a recording, and is as alike to that as it should be")
    else:
        told.append("scripts of the same agent, model and prompts are alike by construction: only noted")
    return tuple(told)


def _same_submission(run: Neighbour, others: Sequence[Neighbour]) -> Iterator[Finding]:
    """The same file byte for byte, of different scripts, with more in it than labels that anybody may get right."""
    if run.submission_sha256 is None or run.information < 1 or run.repeats:
        return
    for other in others:
        if other.submission_sha256 != run.submission_sha256 or other.key == run.key or other.repeats:
            continue
        if _same_script(run, other) or run.started_at < other.started_at:
            continue  # who was first has copied from nobody
        if run.entrant[1] == other.entrant[1] == OFFLINE:
            continue  # the same templates, whichever agent asked for them
        known = run.script is not None and other.script is not None
        severity = _weight(run, other, known=known)
        why = "its script is another" if known else "no script is known that accounts for both"
        what = f"its submission is byte for byte that of {other.key}, and {why}"
        where = Evidence(file="submission.csv", line=None, excerpt=excerpt(f"sha256 {run.submission_sha256}"))
        yield finding(
            SAME_SUBMISSION,
            VERSIONS[SAME_SUBMISSION],
            severity,
            what,
            node=run.node,
            handed_in=True,
            evidence=[where],
            code_sha256=run.script.sha256 if run.script else None,
        )
        return


def _weight(run: Neighbour, other: Neighbour, *, known: bool) -> Severity:
    if run.information < TELLING_VALUES:
        return Severity.LOW
    if known:
        return Severity.HIGH
    return Severity.LOW if run.entrant[1] == other.entrant[1] else Severity.MEDIUM


def _same_script(run: Neighbour, other: Neighbour) -> bool:
    """Does the same program account for the same predictions? Two that are not known do so if the agent is the same."""
    if run.script is None or other.script is None:
        return run.entrant == other.entrant
    if run.script.sha256 == other.script.sha256:
        return True
    return similar.share(similar.pieces(run.script), similar.pieces(other.script)) >= SAME_PROGRAM


def _similar(run: Neighbour, others: Mapping[str, Neighbour], pairs: Sequence[similar.Likeness]) -> Iterator[Finding]:
    for pair in pairs[:3]:
        key = pair.other if pair.one == run.key else pair.one
        other = others.get(key)
        if other is None or run.script is None or run.started_at < other.started_at:
            continue
        source = f"the file {other.key.removeprefix(KNOWN)}" if key.startswith(KNOWN) else key
        what = f"{pair.share:.0%} of what is its script's own is in {source}, whatever the names ({pair.pieces} pieces)"
        severe = pair.share >= TELLING and run.entrant != other.entrant
        yield finding(
            SIMILAR_CODE,
            VERSIONS[SIMILAR_CODE],
            Severity.MEDIUM if severe else Severity.LOW,
            what,
            node=run.node,
            handed_in=True,
            evidence=_side_by_side(run.script, other, source),
            code_sha256=run.script.sha256,
        )


def _side_by_side(script: Script, other: Neighbour, source: str) -> list[Evidence]:
    """The longest stretch that both have, as it stands in the one and in the other."""
    if other.script is None:
        return []
    mine, theirs, size = similar.longest(script, other.script)
    file = source if other.key.startswith(KNOWN) else f"{source}/{other.script.file}"
    return [
        Evidence(file=script.file, line=mine or None, excerpt=excerpt(_from(script, mine, size))),
        Evidence(file=file, line=theirs or None, excerpt=excerpt(_from(other.script, theirs, size))),
    ]


def _from(script: Script, line: int, size: int) -> str:
    """Some lines from one on, and how many there are."""
    shown = " ⏎ ".join(script.line(number).strip() for number in range(line, line + min(size, 4)))
    return f"({size} lines) {shown}"
