"""Coding operators by the action that calls for them."""

from __future__ import annotations

from agent.contract import Action
from agent.journal import Node
from agent.operators.base import Operator
from agent.operators.debug import debug
from agent.operators.draft import draft
from agent.operators.ensemble import ensemble
from agent.operators.improve import improve
from agent.operators.merge import merge
from agent.promptset import SetSettings

CHANGING: frozenset[Action] = frozenset({"improve", "debug"})  # they have one script to change

OPERATORS: dict[Action, Operator] = {
    "draft": draft,
    "improve": improve,
    "debug": debug,
    "merge": merge,
    "ensemble": ensemble,
}


def base_of(action: Action, parents: tuple[Node, ...], settings: SetSettings) -> str | None:
    """Return the script that a reply may change by search/replace blocks; None where it is to be written whole."""
    if settings.edits != "blocks" or action not in CHANGING:
        return None
    return parents[0].code or None
