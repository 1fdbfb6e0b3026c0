"""Values and imports as the text of a script."""

from __future__ import annotations

import json
from collections.abc import Iterable


def merged_imports(lines: Iterable[str]) -> list[str]:
    """Import lines with those from one module joined, in the usual order."""
    plain = sorted(line for line in lines if line.startswith("import "))
    named: dict[str, set[str]] = {}
    for line in lines:
        if line.startswith("from "):
            module, _, names = line.removeprefix("from ").partition(" import ")
            named.setdefault(module, set()).update(name.strip() for name in names.split(","))
    return plain + [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(named.items())]


def literal(value: object, indent: int = 0) -> str:
    """A literal on one line, or with an entry a line where that would be too long."""
    if isinstance(value, str):
        return json.dumps(value)  # JSON's escapes are Python's, and the quotes are double
    if isinstance(value, dict):
        return _bracketed("{", [f"{json.dumps(k)}: {literal(item, indent + 4)}" for k, item in value.items()], indent)
    if isinstance(value, list):
        return _bracketed("[", [literal(item, indent + 4) for item in value], indent)
    return repr(value)


def _bracketed(opening: str, entries: list[str], indent: int) -> str:
    closing = {"{": "}", "[": "]"}[opening]
    flat = opening + ", ".join(entries) + closing
    if indent + len(flat) < 90 and "\n" not in flat:
        return flat
    inner = " " * (indent + 4)
    return "\n".join([opening, *(f"{inner}{entry}," for entry in entries), " " * indent + closing])
