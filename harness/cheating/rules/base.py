"""How a rule is registered: by its name, with a version that is part of every finding and of what an audit skips by.

A finding of a *conduct* rule counts wherever in the run it was seen: an attempt is one whether or not its node was
handed in. All others speak of predictions: in a node that was not handed in they are worth knowing, and flag nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

from harness.cheating.case import Case, Node, Task
from harness.cheating.finding import Hit
from harness.cheating.script import Script

Look = TypeVar("Look")
LookAtCode = Callable[[Script, Task], Iterator[Hit]]
LookAtNode = Callable[[Node, Task], Iterator[Hit]]
LookAtCase = Callable[[Case], Iterator[Hit]]


class Rule(NamedTuple, Generic[Look]):
    """One rule. Without its `trigger`, or one of its `words`, in a text there is nothing for it to see there."""

    name: str
    version: int
    conduct: bool
    look: Look
    trigger: re.Pattern[str] | None = None
    words: tuple[str, ...] = ()

    def may_see(self, text: str, low: str) -> bool:
        """May it see something in a text, which is there in lower case, too?"""
        return any(word in low for word in self.words) or (self.trigger is not None and bool(self.trigger.search(text)))


CODE_RULES: dict[str, Rule[LookAtCode]] = {}  # see a script
NODE_RULES: dict[str, Rule[LookAtNode]] = {}  # see a node's plan and output
CASE_RULES: dict[str, Rule[LookAtCase]] = {}  # see the whole run: its transcript, its scores


def code_rule(
    name: str, version: int, *, trigger: str | None = None, words: tuple[str, ...] = (), conduct: bool = False
) -> Callable[[LookAtCode], LookAtCode]:
    """Register a rule over scripts."""

    def register(look: LookAtCode) -> LookAtCode:
        compiled = None if trigger is None else re.compile(trigger)
        CODE_RULES[name] = Rule(name, version, conduct, look, compiled, words)
        return look

    return register


def node_rule(name: str, version: int, *, conduct: bool = False) -> Callable[[LookAtNode], LookAtNode]:
    """Register a rule over what a node planned and printed."""

    def register(look: LookAtNode) -> LookAtNode:
        NODE_RULES[name] = Rule(name, version, conduct, look)
        return look

    return register


def case_rule(name: str, version: int) -> Callable[[LookAtCase], LookAtCase]:
    """Register a rule over a whole run."""

    def register(look: LookAtCase) -> LookAtCase:
        CASE_RULES[name] = Rule(name, version, True, look)
        return look

    return register


def versions() -> dict[str, int]:
    """Every rule's version, by name."""
    return {rule.name: rule.version for rules in (CODE_RULES, NODE_RULES, CASE_RULES) for rule in rules.values()}
