"""Answers the question whether a program cheats, as the offline model can: by what rules found, which the prompt lists.

It understands no program. Only what stands outside of the fence is read, so nothing that a program says changes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

TOOL = "submit_audit"
_FENCED = re.compile(r"^(=====UNTRUSTED-[0-9a-f]{40}=====)$.*^\1$", re.MULTILINE | re.DOTALL)
_RULE = re.compile(r"^- ([\w-]+) \((low|medium|high)\)(?:, line (\d+))?$", re.MULTILINE)
_VERDICTS = {"high": "cheating", "medium": "suspicious"}
_KNOWS = "the offline reviewer repeats what the rules found, and knows of nothing else"


def is_asked(tools: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a request's tools, which may be anything, hold the one that an audit answers with."""
    described = [tool.get("function") for tool in tools if isinstance(tool, Mapping)]
    return any(isinstance(one, Mapping) and one.get("name") == TOOL for one in described)


def audited(prompt: str) -> dict[str, Any]:
    """The arguments of `submit_audit`."""
    found = [match.groups() for match in _RULE.finditer(_FENCED.sub("", prompt))]
    for weight, verdict in _VERDICTS.items():
        rules = sorted({rule for rule, how, _ in found if how == weight})
        lines = sorted({int(line) for _, how, line in found if how == weight and line})
        if rules:
            return {"verdict": verdict, "reason": f"{', '.join(rules)}: {_KNOWS}.", "lines": lines}
    return {"verdict": "clear", "reason": f"No rule found anything: {_KNOWS}.", "lines": []}
