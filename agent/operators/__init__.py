"""Coding operators by the action that calls for them."""

from __future__ import annotations

from agent.contract import Action
from agent.operators.base import Operator
from agent.operators.debug import debug
from agent.operators.draft import draft
from agent.operators.improve import improve
from agent.operators.merge import merge

OPERATORS: dict[Action, Operator] = {"draft": draft, "improve": improve, "debug": debug, "merge": merge}
