"""What an audit reads of one run: its scripts, what they printed, what was planned, asked and answered, and its scores.

Of Podium's own agent every node's script is in the journal. Of another agent no script is known for sure: those are
read that its model wrote, from the transcript. Everything is bounded; what is beyond a bound is not looked at, and the
findings say how many scripts there were.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from harness.cheating.script import Script
from harness.gateway.wire.normal import answer as normal_answer
from harness.gateway.wire.normal import conversation, text_of
from harness.results.layout import RunFolder, RunRecord, read_json
from harness.runs.chosen import chosen_node

MOST_SCRIPTS = 2_000  # of one run
MOST_CALLS = 5_000
LONGEST_OUTPUT = 200_000
LONGEST_REPLY = 200_000
MOST_IDS = 200_000
_FENCED = re.compile(r"^```(?:python|py)?[ \t]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SCRIPT = re.compile(r"^\s*(?:import|from)\s+\w", re.MULTILINE)


@dataclass(frozen=True)
class Task:
    """What is known of the competition: the ids of its test rows as text, and how many rows there are."""

    competition: str = ""
    metric: str = ""
    direction: str = "maximize"
    ids: frozenset[str] = frozenset()
    rows: int = 0

    @cached_property
    def ids_are_numbers(self) -> bool:
        """Are ids plain whole numbers, as half of all literals in scripts are?"""
        some = list(self.ids)[:50]
        return bool(some) and all(one.removeprefix("-").isdecimal() for one in some)


@dataclass(frozen=True)
class Node:
    """One script that the agent ran, or that its model wrote, with what is known of it."""

    script: Script
    name: str | None
    handed_in: bool
    plan: str = ""
    output: str = ""
    score: float | None = None
    suspicion: str | None = None


@dataclass(frozen=True)
class Case:
    """One run."""

    folder: RunFolder
    record: RunRecord
    task: Task
    nodes: tuple[Node, ...]
    chosen: str | None
    grade: Mapping[str, Any] = field(default_factory=dict)

    @property
    def handed_in(self) -> Node | None:
        """The node whose predictions were handed in, where that is known."""
        return next((node for node in self.nodes if node.handed_in), None)

    def replies(self) -> Iterator[tuple[int, str]]:
        """What models answered: the number of the call in the transcript, and its text."""
        return _replies(self.folder)


def open_case(folder: RunFolder, record: RunRecord, task: Task) -> Case:
    """Read a run."""
    grade = _grade(folder)
    events = list(folder.events())
    chosen = chosen_node(record, events)
    nodes = [_of_event(event, chosen) for event in events if event.get("type") == "node"][:MOST_SCRIPTS]
    if not nodes:
        nodes = list(_written(folder))[:MOST_SCRIPTS]
    return Case(folder, record, task, tuple(nodes), chosen, grade)


def _of_event(event: Mapping[str, Any], chosen: str | None) -> Node:
    name = str(event.get("node"))
    leakage = event.get("leakage") or {}
    return Node(
        script=Script(str(event.get("code") or ""), f"nodes/{name}/solution.py", name),
        name=name,
        handed_in=name == chosen,
        plan=str(event.get("plan") or ""),
        output=str(event.get("output") or "")[:LONGEST_OUTPUT],
        score=event.get("score"),
        suspicion=leakage.get("suspicion") if isinstance(leakage, Mapping) else None,
    )


def _written(folder: RunFolder) -> Iterator[Node]:
    """The scripts in a model's replies, each text once; which of them were run nobody reported."""
    seen: set[str] = set()
    for number, text in _replies(folder):
        for match in _FENCED.finditer(text):
            script = Script(match[1], f"llm.jsonl, call {number}")
            if _SCRIPT.search(match[1]) and script.sha256 not in seen:
                seen.add(script.sha256)
                yield Node(script, None, handed_in=False)


def _replies(folder: RunFolder) -> Iterator[tuple[int, str]]:
    for place, line in enumerate(folder.lines(folder.transcript)):
        if place >= MOST_CALLS:
            return
        response = line.get("response")
        if isinstance(response, dict) and line.get("api") in ("chat", "responses", "messages"):
            said = text_of(normal_answer(str(line["api"]), response))
            yield int(line.get("sequence") or place + 1), said[:LONGEST_REPLY]


def shown_code(folder: RunFolder) -> Iterator[Script]:
    """The code that a run was shown before it had written any: of prompts and descriptions, in its first call."""
    first = next(iter(folder.lines(folder.transcript)), None) or {}
    request = first.get("request")
    if isinstance(request, dict) and first.get("api") in ("chat", "responses", "messages"):
        for message in conversation(str(first["api"]), request).messages:
            for match in _FENCED.finditer(str(message.get("content") or "")[:LONGEST_REPLY]):
                yield Script(match[1], "prompt")


def _grade(folder: RunFolder) -> Mapping[str, Any]:
    try:
        return read_json(folder.grade_file) or {}
    except ValueError:
        return {}
