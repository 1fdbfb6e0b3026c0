"""A group of runs whose agents write everything that a page must not take at its word."""

from __future__ import annotations

import json
from pathlib import Path

from harness.contract import NodeEvent, ProposalEvent
from harness.results.layout import GroupFolder
from harness.results.record import DataRecord, RunStatus, UsageRecord
from tests.harness import records

ATTACK = '<script>window.hacked = 1</script><img src="http://example.com/x.png" onerror="window.hacked = 2">'
BREAKOUT = '"></svg></style></title><script>window.hacked = 3</script>{{ 7 * 7 }}&amp;\u202e\x00=1+1'


def node(number: int, score: float | None, output: str = "", **changes) -> dict:
    """An event of a finished node; without a score it failed."""
    fields = {
        "type": "node",
        "node": f"n{number:04}",
        "step": number,
        "action": "draft",
        "parents": (),
        "plan": ATTACK,
        "code": f"print({ATTACK!r})",
        "outcome": "ok" if score is not None else "failed",
        "exit_code": 0 if score is not None else 1,
        "output": output,
        "score": score,
        "buggy": score is None,
        "why_buggy": None if score is not None else output,
        "analysis": ATTACK,
        "reviewed_by": "score_line",
        "submission_valid": score is not None,
        "warm_start": True,
        "seconds": {"model": 2.0, "execute": 5.0, "check": 0.1, "review": 1.0, "overhead": 0.1},
        "tokens": {"input": 100, "output": 50},
    }
    return NodeEvent.model_validate(fields | changes).model_dump(mode="python")


def proposal(number: int, spent_fraction: float) -> dict:
    progress = {"step": float(number), "spent_fraction": spent_fraction}
    fields = {"type": "proposal", "node": f"n{number:04}", "step": number, "action": "draft", "parents": ()}
    return ProposalEvent.model_validate({**fields, "progress": progress}).model_dump(mode="python")


def write_journal(path: Path, events: list[dict]) -> None:
    lines = [json.dumps({"schema_version": 1, "sequence": i, "event": event}) for i, event in enumerate(events)]
    path.write_text("\n".join(lines) + '\n{"cut off', encoding="utf-8")


def hostile_group(root: Path) -> GroupFolder:
    """Three competitions: one with medals and money, one that failed in many ways, one on stand-in data."""
    group = records.group_at(root / "hostile")
    paid = {"budget_usd": 5.0, "usage": UsageRecord(calls=3, cost_usd=1.5, input_tokens=900, output_tokens=300)}
    for seed, (medal, score) in enumerate((("gold", 0.95), ("none", 0.65), (None, None))):
        run = records.record("hostile", "forest-cover", seed, **paid)
        grade = records.grade("forest-cover", medal, score=score, reason=None if medal else ATTACK)
        folder = records.write(group, run, grade)
        events = [proposal(1, 0.0), node(1, 0.5), proposal(2, 0.1), node(2, None, f"Traceback\n{ATTACK}")]
        write_journal(folder.journal, [*events, proposal(3, 0.2), node(3, 0.7 + seed / 20)])
    broken = records.record("hostile", "broken", status=RunStatus.AGENT_FAILED, reason=BREAKOUT, model=ATTACK)
    folder = records.write(group, broken, records.grade("broken", None, reason="row 1: " + ATTACK))
    outcomes = ("failed", "timed_out", "out_of_memory", "killed")
    events = [node(i, None, f"{i} {BREAKOUT}", outcome=outcome) for i, outcome in enumerate(outcomes, 1)]
    events[1]["output"] += "\ud800"  # half a character, which no file can hold
    huge = [node(5, 1e308), node(6, -1e308), node(7, 5e-324), node(8, None, ATTACK, outcome="ok")]
    write_journal(folder.journal, [*events, *huge])
    data = DataRecord(edition="mle-bench-v1", source="stand-in", stand_in=True, data_sha256="0" * 64)
    nothing = {"percentile": None, "exceeds_percent": None, "above_median": None, "thresholds": None}
    stand_in = records.grade("made-up", "none", stand_in=True, score=0.9, **nothing).model_copy(update={"medal": None})
    records.write(group, records.record("hostile", "made-up", data=data), stand_in)
    lost = records.record("hostile", "forest-cover", 3, status=RunStatus.INFRA_FAILED, reason="the disk is full")
    records.write(group, lost, None)
    return group
