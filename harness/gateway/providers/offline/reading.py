"""Reads a prompt: what is asked, of which data, and what was tried before.

Everything is optional. What a prompt does not say is None or empty, and the rest of the coder copes: any text gives a
Situation, never an exception.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from harness.gateway.providers.offline import elsewhere
from harness.gateway.providers.offline.predictions import ASKED
from harness.gateway.providers.offline.preview import DataFacts, read_preview
from harness.gateway.providers.offline.sections import fenced, prompt_text, split_sections

Operator = Literal["draft", "improve", "debug", "merge", "ensemble", "summarize", "review", "leakage"]

_OPERATOR = re.compile(rf"^Operator:[ \t]*({'|'.join(get_args(Operator))})\b", re.MULTILINE | re.IGNORECASE)
_PYTHON = "```python\n"
_KEPT = re.compile(r"`\./earlier/(n\d+)-oof\.csv`")
_METRIC = re.compile(
    r"^Metric:[ \t]*`?([^`;\n]+?)`?[ \t]*(?:;[ \t]*(higher|lower)\b.*)?$", re.MULTILINE | re.IGNORECASE
)
_BETTER = re.compile(r"\b(higher|lower) is better", re.IGNORECASE)
_SCORE = re.compile(r"validation (?:score|metric)[ \t]*:[ \t]*([-+]?[\d.]+(?:e[-+]?\d+)?)", re.IGNORECASE)
_FOLDS = re.compile(r"\b(\d{1,2})[- ]fold", re.IGNORECASE)
_STEPS = re.compile(
    r"steps?[ _](?:left|remaining)\D{0,5}(\d+)|(\d+)[ \t]+steps?[ \t]+(?:are[ \t]+)?(?:left|remain)", re.IGNORECASE
)
_PLAN = re.compile(r"^[ \t>*-]*\**(?:Plan|Design)\**:", re.MULTILINE)
_AFTER_PLAN = re.compile(r"^[ \t>*-]*\**(?:Results?|Validation (?:score|metric))\**:", re.MULTILINE | re.IGNORECASE)
_LINE = re.compile(
    r"^[ \t]*- n\d+, \w+(?: of [^,:\n]{1,80})?, (?:scored (?P<score>[-+.\de]+)[^:\n]*|failed): (?P<plan>.*)$",
    re.MULTILINE,
)
_REASON = re.compile(r"\(reason: (.+?)\)[.:]", re.DOTALL)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)[ \t]*(h(?:ours?|r)?|min(?:utes?)?|m|s(?:ec(?:onds?)?)?)\b", re.IGNORECASE)
_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}


@dataclass(frozen=True)
class Tried:
    """One earlier attempt as the memory tells it."""

    plan: str
    score: float | None
    failed: bool = False


@dataclass(frozen=True)
class Situation:
    """What a prompt says."""

    operator: Operator
    task_text: str
    metric: str | None
    higher_is_better: bool | None
    data: DataFacts
    packages: frozenset[str] | None  # import names that are there; None when the prompt does not say
    memory: tuple[Tried, ...]
    code: str | None
    other_code: str | None  # the second solution, where two are to be merged
    earlier: tuple[str, ...]  # earlier solutions whose out-of-fold predictions can be read, the best first
    attempts: str  # what a memory is to be written of
    keeps_predictions: bool  # are scripts to keep their predictions for a blend?
    takes_blocks: bool  # may a change be written as search/replace blocks?
    output: str | None
    problem: str | None  # why the solution does not count, as the search put it
    folds: int | None
    steps_left: int | None
    time_left_seconds: float | None
    timeout_seconds: float | None

    @property
    def complaint(self) -> str:
        """Everything that says what went wrong."""
        return "\n".join(part for part in (self.problem, self.output) if part)

    @property
    def seconds_to_use(self) -> float | None:
        """The tighter of the run's time and the script's, where either is known."""
        known = [value for value in (self.time_left_seconds, self.timeout_seconds) if value is not None]
        return min(known) if known else None


def read_situation(messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]) -> Situation:
    """Understand a prompt as far as it goes."""
    text = prompt_text(messages)
    sections = split_sections(text)
    task = sections.get("task", "")
    code, other_code = _codes(sections)
    output = _output(sections)
    return Situation(
        operator=_operator(text, code, output, bool(tools)),
        task_text=task,
        metric=_metric_name(task or text) or elsewhere.metric(task),
        higher_is_better=_higher(task or text),
        data=read_preview(elsewhere.preview(sections.get("data", ""))),
        packages=_packages(sections.get("packages", "")),
        memory=read_memory(sections.get("memory", "")),
        code=code,
        other_code=other_code,
        earlier=tuple(dict.fromkeys(_KEPT.findall(sections.get("earlier", "")))),
        attempts=sections.get("attempts", ""),
        keeps_predictions=ASKED in sections.get("rules", ""),
        takes_blocks="<<<<<<< SEARCH" in sections.get("instructions", ""),
        output=output,
        problem=_problem(sections.get("instructions", "")),
        folds=_folds(f"{sections.get('rules', '')}\n{sections.get('instructions', '')}"),
        steps_left=_steps_left(sections.get("limits", "")),
        time_left_seconds=_seconds_on_line(sections.get("limits", ""), "left", "remaining"),
        timeout_seconds=_seconds_on_line(sections.get("limits", ""), "timeout", "script")
        or elsewhere.timeout_seconds(sections.get("instructions", "")),
    )


def _operator(text: str, code: str | None, output: str | None, tools: bool) -> Operator:
    """The named operator; without a name, the one that fits what the prompt holds."""
    named = _OPERATOR.findall(text)
    if named:
        return named[-1].lower()  # type: ignore[no-any-return]
    if tools:
        return "review"
    if code is None:
        return "draft"
    return "debug" if output is not None else "improve"


def _codes(sections: Mapping[str, str]) -> tuple[str | None, str | None]:
    """The script that is worked on and the one beside it; of programs to blend, the first two that are shown."""
    if not sections.get("solution") and sections.get("earlier"):
        shown = [f"{_PYTHON}{part}" for part in sections["earlier"].split(_PYTHON)[1:]]
        first, second = (*(fenced(part) for part in shown[:2]), None, None)[:2]
        return first, second
    return _code(sections, "solution"), _code(sections, "other")


def _code(sections: Mapping[str, str], section: str) -> str | None:
    body = sections.get(section)
    if not body:
        return None
    return fenced(body) or body + "\n"


def _output(sections: Mapping[str, str]) -> str | None:
    body = sections.get("output")
    if body is None:
        return None
    inside = fenced(body)
    outside = body.split("```", 1)[0]  # a line before the fence may say how the script ended
    return body if inside is None else outside + "\n" + inside


def _problem(text: str) -> str | None:
    match = _REASON.search(text)
    return match[1] if match else None


def _metric_name(text: str) -> str | None:
    found = _METRIC.findall(text)
    return found[-1][0].strip() if found else None


def _higher(text: str) -> bool | None:
    found = _METRIC.findall(text)
    word = found[-1][1] if found else ""
    if not word:
        loose = _BETTER.findall(text)
        word = loose[-1] if loose else ""
    return word.lower() == "higher" if word else None


def read_memory(text: str) -> tuple[Tried, ...]:
    """Earlier attempts, oldest first: blocks that begin at `Plan:` (or `Design:`), and attempts of a line each."""
    in_lines = [_attempt(match) for match in _LINE.finditer(text)]
    text, _, failures = _LINE.sub("", text).partition("Did not work:")
    blocks = _PLAN.split(text)[1:]
    failed = [line.strip()[2:] for line in failures.splitlines() if line.strip().startswith("- ")]
    return (
        *(_tried(block) for block in blocks),
        *(Tried(_idea(line), None, failed=True) for line in failed),
        *in_lines,
    )


def _attempt(match: re.Match[str]) -> Tried:
    """An attempt that is told in one line: how it went, and its plan."""
    score = float(match["score"]) if match["score"] and _is_number(match["score"]) else None
    return Tried(
        _idea(match["plan"]) if score is None else " ".join(match["plan"].split()), score, failed=score is None
    )


def _tried(block: str) -> Tried:
    plan = _AFTER_PLAN.split(block, maxsplit=1)[0]
    scores = [float(value) for value in _SCORE.findall(block) if _is_number(value)]
    finite = [score for score in scores if math.isfinite(score)]
    return Tried(" ".join(plan.split()), finite[-1] if finite else None)


def _idea(line: str) -> str:
    """A failed idea without the reason that stands in brackets behind it."""
    return " ".join(re.sub(r"\[[^\[\]]*\]$", "", line.strip()).split())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _packages(text: str) -> frozenset[str] | None:
    """Import names of the packages listed; distributions that are imported under another name are translated."""
    names = {name.lower().replace("-", "_") for name in re.findall(r"[A-Za-z][A-Za-z0-9_-]*", text)}
    if "xgboost_cpu" in names:
        names.add("xgboost")
    if "scikit_learn" in names:
        names.add("sklearn")
    return frozenset(names) if names else None


def _folds(text: str) -> int | None:
    counts = [int(count) for count in _FOLDS.findall(text)]
    return next((count for count in counts if 2 <= count <= 20), None)


def _steps_left(text: str) -> int | None:
    match = _STEPS.search(text)
    return int(match[1] or match[2]) if match else None


def _seconds_on_line(text: str, *words: str) -> float | None:
    """The duration on the first line that holds one of the words."""
    for line in text.splitlines():
        spans = _SPAN.findall(line)
        if spans and any(word in line.lower() for word in words):
            return sum(float(amount) * _UNIT_SECONDS[unit[0].lower()] for amount, unit in spans)
    return None
