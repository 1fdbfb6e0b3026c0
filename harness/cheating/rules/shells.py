"""The commands that a script gives to a shell, or starts as a process, as one text each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from harness.cheating.script import Script

STARTS = re.compile(
    r"os\.(?:system|popen|exec\w+|spawn\w+|posix_spawnp?)|subprocess\.(?:run|call|check_call|check_output|Popen|getoutput"
    r"|getstatusoutput)|asyncio\.create_subprocess_(?:exec|shell)|pty\.spawn|commands\.getoutput|sh\.\w+"
)


def commands(script: Script) -> Iterator[tuple[str, int]]:
    """Each command, its words joined by blanks, with its line; words that are not known are `{}`."""
    for call in script.calls:
        if not STARTS.fullmatch(call.name):
            continue
        first = call.argument(0, "args", "command", "cmd")
        named = script.assigned_once.get(first.id) if isinstance(first, ast.Name) else first
        if isinstance(named, ast.List | ast.Tuple):
            words = [script.text_of(word) for word in named.elts]
        else:
            words = [script.text_of(value) for value in call.node.args]
        yield " ".join("{}" if word is None else word for word in words) + " ", call.line
