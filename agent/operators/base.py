"""What an operator is: a function from the situation to the messages that a model is sent.

Operators decide nothing about the search and call no model; `coding.py` asks, `agent.py` acts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.blends import Kept
from agent.contract import CompetitionBrief, EgressBrief
from agent.journal import Journal, Node
from agent.llm.base import Message
from agent.promptset import Renderer


@dataclass(frozen=True)
class Task:
    """What stays the same over a run: the competition, its data, and what scripts can import."""

    brief: CompetitionBrief
    description: str
    preview: str
    packages: dict[str, str]
    k_fold: int
    reach: EgressBrief = EgressBrief()  # noqa: RUF009 - frozen
    cached: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What is left, for the last block of each prompt."""

    steps_left: int
    steps: int
    time_left_seconds: float
    deadline_seconds: float
    script_timeout_seconds: float
    spent_fraction: float = 0.0  # of the budget in money, tokens or calls; 0 also where there is none


@dataclass(frozen=True)
class Situation:
    """What an operator may look at.

    `written` is the run's memory in a model's words, where a set asks for that. `earlier` is what the script will find
    of other nodes' predictions.
    """

    task: Task
    journal: Journal
    parents: tuple[Node, ...]
    limits: Limits
    written: str = ""
    earlier: tuple[Kept, ...] = ()


Operator = Callable[[Situation, Renderer], tuple[Message, ...]]


def task_values(task: Task) -> dict[str, object]:
    """Return the template values that describe the task."""
    brief = task.brief
    packages = ", ".join(f"{name} {version}" for name, version in sorted(task.packages.items()))
    return {
        "description": task.description,
        "metric": brief.metric,
        "higher_is_better": brief.direction == "maximize",
        "submission_file": brief.submission_file,
        "data": task.preview,
        "packages": packages,
        "k_fold": task.k_fold,
        "network": task.reach.mode,
        "hosts": task.reach.hosts,
        "cached": task.cached,
    }


def limit_values(limits: Limits) -> dict[str, object]:
    """Return the template values of the last block; coarse, so that a model is not led by the seconds."""
    left = max(0.0, limits.time_left_seconds)
    return {
        "steps_left": limits.steps_left,
        "steps": limits.steps,
        "time_left": duration(left),
        "time_left_tenths": min(10, round(10 * left / limits.deadline_seconds)),
        "budget_left_tenths": 10 - min(10, round(10 * limits.spent_fraction)),
        "script_timeout": duration(limits.script_timeout_seconds),
    }


def duration(seconds: float) -> str:
    """Say a duration as a person would, to two digits or so."""
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
