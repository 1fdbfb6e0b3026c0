"""What `podium audit` prints: a row a finding, the evidence of one run in full, and how many runs are flagged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import typer
from rich.markup import escape

from harness.cheating.standing import Judged, Standing
from harness.verbs.terminal import plain_table, print_json, put

COLOURS = {"high": "red", "medium": "yellow", "low": "dim"}
MOST_ROWS = 200


def audited(standings: Mapping[str, Standing | None], *, made: int, detailed: bool, as_json: bool) -> None:
    """Runs by name, each as it stands; None where it is not over."""
    if as_json:
        print_json([_as_data(name, one) for name, one in standings.items()])
        return
    known = {name: one for name, one in standings.items() if one is not None}
    _table(known, detailed=detailed)
    if detailed:
        for one in known.values():
            for line in _details(one):
                typer.echo(line)
    flagged = [name for name, one in known.items() if one.flagged]
    rules = Counter(rule for name in flagged for rule in known[name].rules)
    by_rule = f" ({', '.join(f'{rule} {count}' for rule, count in rules.most_common())})" if rules else ""
    waiting = len(standings) - len(known)
    typer.echo(
        f"{len(known)} runs audited, {made} of them now; {len(flagged)} flagged{by_rule}"
        + (f"; {waiting} are not over, or were not audited" if waiting else "")
    )
    if flagged and not detailed:
        typer.echo(f"The evidence of one: podium audit {flagged[0]}")
    elif flagged:
        typer.echo(f"Your verdict: podium audit {flagged[0]} --verdict dismissed --reason TEXT   (or confirmed)")


def _table(known: Mapping[str, Standing], *, detailed: bool) -> None:
    shown = plain_table("run", "finding", "weight", "node", "what", "verdict")
    rows = [(name, judged) for name, one in known.items() for judged in one.judged if detailed or _tells(judged)]
    for name, judged in rows[:MOST_ROWS]:
        one = judged.finding
        weight = f"[{COLOURS[one.severity]}]{one.severity}[/]"
        handed_in = " (handed in)" if one.handed_in else ""
        shown.add_row(
            name.rsplit("/", 1)[-1],
            one.id if detailed else one.rule,
            weight,
            f"{one.node or '–'}{handed_in}",
            escape(one.what),
            _verdict(judged),
        )
    if rows:
        put(shown)
    if len(rows) > MOST_ROWS:
        typer.echo(f"… and {len(rows) - MOST_ROWS} more; all of them: --json")


def _tells(judged: Judged) -> bool:
    """Is it for the list of a whole group: what flags, and what somebody judged?"""
    return judged.flags or judged.verdict is not None


def _verdict(judged: Judged) -> str:
    said = judged.verdict
    return "" if said is None else escape(f"{said.verdict} by {said.by}, {said.at[:10]}: {said.reason}")


def _details(one: Standing) -> Iterator[str]:
    """The evidence, place by place."""
    for judged in one.judged:
        for evidence in judged.finding.evidence:
            line = f":{evidence.line}" if evidence.line is not None else ""
            yield f"{judged.finding.id}  {evidence.file}{line}  {evidence.excerpt}"
    if one.confirmed_by_hand is not None:
        said = one.confirmed_by_hand
        yield f"confirmed by {said.by}, {said.at[:10]}: {said.reason}"
    for review in one.findings.reviews:
        yield f"{review.model} says {review.verdict}: {review.reason}  ({review.transcript})"
    for why in one.findings.not_compared:
        yield f"not compared: {why}"
    if one.findings.more:
        yield f"{one.findings.more} more findings were left out"


def _as_data(name: str, one: Standing | None) -> dict[str, Any]:
    if one is None:
        return {"run": name, "flagged": None, "findings": []}
    return {
        "run": name,
        "flagged": one.flagged,
        "rules": list(one.rules),
        "code_sha256": one.findings.code_sha256,
        "not_compared": list(one.findings.not_compared),
        "reviews": [review.model_dump(mode="json") for review in one.findings.reviews],
        "findings": [
            {
                **judged.finding.model_dump(mode="json"),
                "flags": judged.flags,
                "verdict": judged.verdict.model_dump(mode="json") if judged.verdict else None,
            }
            for judged in one.judged
        ],
    }
