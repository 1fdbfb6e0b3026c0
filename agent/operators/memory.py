"""The template values that tell an operator of the tree: AIDE's memory, and the one that is scoped to relatives."""

from __future__ import annotations

from agent.journal import Node
from agent.memory import complexity, good, kin_of, rest, siblings
from agent.operators.base import Situation
from agent.promptset import SetSettings


def memory_values(situation: Situation, parent: Node | None, settings: SetSettings) -> dict[str, object]:
    """Return what was tried: `memory` is AIDE's; `siblings` and `others` halve its budget between them.

    `siblings` come from the same parent (the drafts, where there is none), `others` is the rest of the run.
    """
    journal, half = situation.journal, settings.memory_tokens // 2
    told = kin_of(journal, parent) + ([parent] if parent else [])
    return {
        "memory": good(journal, settings.memory_tokens),
        "siblings": siblings(journal, parent, half),
        "others": situation.written or rest(journal, half, told),
        "complexity": complexity(journal, parent),
    }
