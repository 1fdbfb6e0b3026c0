"""What a report needs of a group's journals, beyond its summary: each run's steps, with score and money, and hardware.

Reads records only, and computes no rate. Text of agents is cut, and rid of what can't be written or seen; making it
harmless in a page is up to whoever writes the page.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.results.layout import GroupFolder, RunFolder, read_json
from harness.results.record import ResourcesRecord, RunRecord

LONGEST_TEXT = 300


@dataclass(frozen=True)
class Step:
    """One node, numbered as nodes came in: with several workers that is not the order of their proposals.

    `score` is the agent's validation score; `cost_usd` what the run had spent by then, None if unknown.
    """

    number: int
    score: float | None
    failure: str | None
    said: str
    cost_usd: float | None


@dataclass(frozen=True)
class RunSeries:
    """One run: its steps in the order in which they ended, and the medal lines that it was graded by."""

    run_id: str
    hardware: str
    prompts: str
    lines: dict[str, float] | None
    steps: tuple[Step, ...]
    resources: ResourcesRecord | None = None
    samples: Path | None = None  # where what it used over time is kept


def read(group: GroupFolder) -> dict[str, RunSeries]:
    """Return every run's steps, by run id."""
    records = ((folder, folder.read()) for folder in group.runs())
    return {record.run_id: _run(folder, record) for folder, record in records if record is not None}


def plain(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return untrusted text as one line: no control or direction-changing characters, no half characters, not long."""
    text = "".join(
        " " if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn") else sign for sign in text[:4000]
    )
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _run(folder: RunFolder, record: RunRecord) -> RunSeries:
    lines = (read_json(folder.grade_file) or {}).get("thresholds")
    steps, hardware = tuple(_steps(folder, record)), _hardware(record)
    prompts = plain(record.prompt_set)
    return RunSeries(record.run_id, hardware, prompts, lines, steps, record.resources, folder.resources)


def _hardware(record: RunRecord) -> str:
    if record.host is None:
        return "not recorded"
    asked = f", GPUs asked for: {record.gpus}" if record.gpus else ""
    return plain(f"{record.host.hardware}{asked}")


def _steps(folder: RunFolder, record: RunRecord) -> Iterator[Step]:
    """Yield the nodes. What was spent by the end of one is what the next proposal saw spent; by the last one, all."""
    total = record.usage.cost_usd
    number = itertools.count(1)
    waiting: list[dict[str, Any]] = []
    for event in folder.events():
        if event["type"] == "node":
            waiting.append(event)
        elif event["type"] == "proposal" and waiting:
            spent = _spent(event["progress"].get("spent_fraction"), record.budget_usd, total)
            yield from (_step(next(number), node, spent) for node in waiting)
            waiting = []
    yield from (_step(next(number), node, total) for node in waiting)


def _spent(fraction: float | None, budget_usd: float | None, total: float) -> float | None:
    if total == 0:
        return 0.0
    if fraction is None or not budget_usd:
        return None
    return min(max(fraction * budget_usd, 0.0), total)


def _step(number: int, node: dict[str, Any], spent: float | None) -> Step:
    score = None if node["buggy"] else node["score"]
    if not node["buggy"]:
        return Step(number, score, None, "", spent)
    last = next((line for line in reversed(node["output"][-4000:].splitlines()) if line.strip()), "")
    said = node["why_buggy"] if node["outcome"] == "ok" else last
    return Step(number, None, failure(node), plain(said or ""), spent)


def failure(node: Mapping[str, Any]) -> str:
    """Name what went wrong with a buggy node."""
    if node["outcome"] != "ok":
        return str(node["outcome"]).replace("_", " ")
    if node["submission_valid"] is False:
        return "ran, submission not valid"
    return "ran, no score found" if node["score"] is None else "ran, judged wrong"
