"""Cuts a prompt into its level-1 sections.

Headings count only outside code fences, since scripts and their output hold lines that start with `#`. Words are
matched loosely, so that a prompt in another agent's wording is still understood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_HEADING = re.compile(r"^#{1,2}[ \t]+(\S.*?)[ \t#]*$")
_VOLATILE = re.compile(r"^\s*<!--\s*/?volatile\s*-->\s*$")

# Section → headings that open it. The first is our own prompts' word; the others are usual in other agents' prompts.
_TITLES = {
    "role": ("role", "introduction"),
    "task": ("task", "task description", "task goal", "task evaluation"),
    "data": ("data", "data overview", "data preview"),
    "packages": ("packages", "installed packages"),
    "rules": ("rules",),
    "memory": ("memory",),
    "history": ("history",),
    "solution": ("solution", "previous solution", "previous (buggy) implementation", "implementation", "code"),
    "other": ("other solution",),
    "earlier": ("earlier predictions",),
    "attempts": ("attempts",),
    "output": ("output", "execution output"),
    "instructions": ("instructions",),
    "limits": ("limits",),
}
_BY_TITLE = {title: section for section, titles in _TITLES.items() for title in titles}
# Common words below the first level of a task's own text.
_LEVEL_ONE_ONLY = {
    "data",
    "output",
    "role",
    "rules",
    "history",
    "attempts",
    "limits",
}


def prompt_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """All text of a conversation in order; anything that is not text (images, tool results as objects) is left out."""
    return "\n".join(_content(message.get("content")) for message in messages if isinstance(message, Mapping))


def _content(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        return "\n".join(part for part in parts if isinstance(part, str))
    return ""


def split_sections(text: str) -> dict[str, str]:
    """Section name → its text; a section that occurs twice is joined. Unknown headings stay in the section above."""
    found: dict[str, list[str]] = {}
    lines: list[str] = found.setdefault("", [])
    fence = ""
    for line in text.splitlines():
        if _VOLATILE.match(line):
            continue
        fence = _fence_after(line, fence)
        section = None if fence else _opened(line)
        if section is None:
            lines.append(line)
        else:
            lines = found.setdefault(section, [])
    return {name: "\n".join(body).strip() for name, body in found.items()}


def _fence_after(line: str, fence: str) -> str:
    """The fence that is open after this line; a fence is closed by one at least as long, with nothing behind it."""
    match = _FENCE.match(line)
    if match is None:
        return fence
    if not fence:
        return match[1]
    closes = match[1][0] == fence[0] and len(match[1]) >= len(fence) and not match[2].strip()
    return "" if closes else fence


def _opened(line: str) -> str | None:
    match = _HEADING.match(line)
    if match is None:
        return None
    section = _BY_TITLE.get(match[1].strip().lower().rstrip(":"))
    deeper = line.startswith("##")
    return None if section is None or (deeper and section in _LEVEL_ONE_ONLY) else section


def fenced(text: str) -> str | None:
    """The inside of the first code fence; a fence that is never closed runs to the end."""
    inside: list[str] = []
    fence = ""
    for line in text.splitlines():
        after = _fence_after(line, fence)
        if fence and not after:
            return "\n".join(inside) + "\n"
        if fence:
            inside.append(line)
        fence = after
    return "\n".join(inside) + "\n" if fence else None
