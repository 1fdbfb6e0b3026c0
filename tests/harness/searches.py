"""Runs with a search tree of any size, as a search would have left them: journal, transcript, no container.

Scores rise along the best path, one node in five fails, and every code is its parent's with some lines changed; the
times are those of one node after another, as `workers` says how many at a time.
"""

from __future__ import annotations

import datetime
import json
import random
from collections.abc import Iterator
from pathlib import Path

from harness.results.layout import GroupFolder, RunFolder
from harness.results.record import RunRecord, UsageRecord
from tests.harness import pages, records

BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
NODE_SECONDS = 20
FAILURES = ("failed", "failed", "timed_out", "out_of_memory", "ok")
LINES = 120


def run_with_tree(group: GroupFolder, nodes: int, *, seed: int = 0, workers: int = 1, **changes: object) -> RunFolder:
    """Write a run of that many nodes."""
    rng = random.Random(seed)
    usage = UsageRecord(calls=2 * nodes, input_tokens=nodes * 9000, output_tokens=nodes * 1500, cost_usd=nodes * 0.031)
    record = records.record(group.name, "forest-cover", seed, usage=usage, **changes)
    folder = records.write(group, record, records.grade("forest-cover", "silver", score=0.83))
    events = list(_events(rng, nodes, workers))
    _write(folder.journal, ({"schema_version": 1, "sequence": at, **line} for at, line in enumerate(events, 1)))
    _write(folder.transcript, _calls(events))
    return folder


def small_runs(group: GroupFolder, runs: int, nodes: int = 8) -> None:
    """Write many runs of a few nodes: eight journals, shared by all."""
    journals = []
    for seed in range(8):
        lines = (
            {"schema_version": 1, "sequence": at, **line}
            for at, line in enumerate(_events(random.Random(seed), nodes, 1))
        )
        journals.append("".join(json.dumps(line) + "\n" for line in lines))
    medals = ("gold", "silver", "bronze", "none", None)
    for number in range(runs):
        record = _small(group, number)
        medal = medals[number % 5]
        grade = records.grade(record.competition, medal, score=None if medal is None else 0.5 + number % 400 / 1000)
        records.write(group, record, grade).journal.write_text(journals[number % 8], encoding="utf-8")


def _small(group: GroupFolder, number: int) -> RunRecord:
    usage = UsageRecord(calls=16, cost_usd=number % 90 / 100, input_tokens=80_000, output_tokens=9_000)
    return records.record(group.name, f"competition-{number % 50:02}", number // 50, usage=usage)


def _events(rng: random.Random, nodes: int, workers: int) -> Iterator[dict]:
    """Lines of a journal: what was proposed and how it ended."""
    codes: dict[str, list[str]] = {}
    good: list[tuple[float, str]] = []
    failed: list[str] = []
    for batch in range(0, nodes, workers):
        chosen = [_choice(rng, number, good, failed) for number in range(batch + 1, min(batch + workers, nodes) + 1)]
        for number, action, parents in chosen:
            event = {**pages.proposal(number, number / nodes), "action": action, "parents": parents}
            yield {"received_at": _at(batch * NODE_SECONDS / workers + 1), "event": event}
        for place, (number, action, parents) in enumerate(chosen):
            code = codes[f"n{number:04}"] = _code(rng, codes.get(parents[0]) if parents else None, number)
            event = _node(rng, number, action, parents, good, "\n".join(code))
            (failed.append(event["node"]) if event["buggy"] else good.append((event["score"], event["node"])))
            at = _at((batch + workers) * NODE_SECONDS / workers - 2 + place / 100)
            yield {"received_at": at, "event": event}
            if good and max(good)[1] == event["node"]:
                yield {"received_at": at, "event": {"type": "best", "node": event["node"], "score": event["score"]}}


def _choice(rng: random.Random, number: int, good: list, failed: list) -> tuple[int, str, tuple[str, ...]]:
    if number <= 5 or not good:
        return number, "draft", ()
    if failed and rng.random() < 0.25:
        return number, "debug", (failed.pop(),)
    best = sorted(good)[-6:]
    if rng.random() < 0.08 and len(best) > 1:
        first, second = rng.sample(best, 2)
        return number, "merge", (first[1], second[1])
    return number, "improve", (rng.choice(best)[1],)


def _node(rng: random.Random, number: int, action: str, parents: tuple, good: list, code: str) -> dict:
    best = max(good)[0] if good else 0.6
    score = round(min(best + rng.gauss(-0.008, 0.012), 0.999), 6) if rng.random() > 0.2 else None
    outcome = "ok" if score is not None else rng.choice(FAILURES)
    event = pages.node(
        number,
        score,
        output="".join(f"fold {fold}: {rng.random():.5f}\n" for fold in range(30)) + f"validation score: {score}\n",
        action=action,
        parents=parents,
        outcome=outcome,
        plan=f"Change {number}: another model in the blend, since the last one was too sure of itself. " * 4,
        code=code,
        analysis="It ran to its end, and the score is what the script says." if score else "It broke.",
    )
    return {**event, "why_buggy": None if score is not None else f"outcome: {outcome}"}


def _code(rng: random.Random, parent: list[str] | None, number: int) -> list[str]:
    if parent is None:
        return [f"x{line:03} = numpy.array([{rng.random():.6f}])  # of draft {number}" for line in range(LINES)]
    lines = list(parent)
    for _ in range(4):
        lines[rng.randrange(len(lines))] = f"y{number:04} = fit(x, rate={rng.random():.8f}, seed={number})"
    return lines


def _calls(events: list[dict]) -> Iterator[dict]:
    """Two calls a node: its code, and its review."""
    proposed = {line["event"]["node"]: line["received_at"] for line in events if line["event"]["type"] == "proposal"}
    number = 0
    for line in events:
        event = line["event"]
        if event["type"] == "node":
            began, ended = (
                datetime.datetime.fromisoformat(at) for at in (proposed[event["node"]], line["received_at"])
            )
            fenced = f"{event['plan']}\n\n```python\n{event['code']}\n```"
            for at, question, answer in (
                (began + datetime.timedelta(seconds=0.5), "Improve it. " * 400, fenced),
                (ended - datetime.timedelta(seconds=0.5), f"Judge it:\n{event['code']}", event["analysis"]),
            ):
                number += 1
                yield call(number, at.isoformat(), question, answer)


def call(number: int, at: str, question: str, answer: str, label: str | None = None) -> dict:
    """A line of a transcript."""
    return {
        "schema_version": 1,
        "sequence": number,
        "started_at": at,
        "provider": "openai",
        "api": "chat",
        "path": "/v1/chat/completions",
        "model": "gpt-5",
        "stream": False,
        "request_hash": "0",
        "request": {"model": "gpt-5", "temperature": 0.5, "messages": [{"role": "user", "content": question}]},
        "added": {},
        "outcome": "answered",
        "status": 200,
        "content_type": "application/json",
        "response": {"choices": [{"message": {"role": "assistant", "content": answer}}]},
        "raw": None,
        "raw_base64": None,
        "usage": {"input": 4500, "output": 750, "cached_input": 1000, "cache_write": 0, "cache_write_1h": 0},
        "cost_usd": 0.0155,
        "latency_seconds": 4.2,
        "waiting_seconds": 0.0,
        "attempts": 1,
        "label": label,
        "client_gone": False,
        "error": None,
    }


def _at(seconds: float) -> str:
    return (BEGIN + datetime.timedelta(seconds=seconds)).isoformat()


def _write(path: Path, lines: Iterator[dict]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, default=list) + "\n" for line in lines)
