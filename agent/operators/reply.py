"""Find the plan and the program in what a model wrote.

Models fence their code in many ways: one block, several, a fence that is never closed, none at all. This module reads
all of these the same way each time and says in words what it missed, so that the model can be asked again. It never
runs anything; `compile` is the only check.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

from agent.operators.edits import apply_edits, find_edits

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([\w+.-]*)[^`\n]*$")
_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_PYTHON = {"python", "py", "python3"}
_MAX_CODE_CHARS = 200_000


@dataclass(frozen=True)
class Parsed:
    """A reply taken apart. `problem` says what is wrong with it; `code` may be there all the same."""

    plan: str
    code: str
    problem: str | None = None


@dataclass(frozen=True)
class _Block:
    language: str
    text: str


def parse(text: str, base: str | None = None) -> Parsed:
    """Take a reply apart into the plan (the prose) and one program; with `base`, search/replace blocks change that."""
    text = without_thoughts(clean(text))
    if base is not None and (edited := _edited(text, base)) is not None:
        return edited
    prose, blocks = _split(text)
    if not blocks and _is_program(text):
        return Parsed(plan="", code=text.strip() + "\n")
    code = _program(blocks)
    if not code.strip():
        return Parsed(prose, "", "the reply holds no ```python block")
    problem = syntax_problem(code)
    return Parsed(prose, code, None if problem is None else f"the code does not compile: {problem}")


def _edited(text: str, base: str) -> Parsed | None:
    """Read a reply that holds search/replace blocks; None when it holds none."""
    found = find_edits(text)
    if not found.edits and found.problem is None:
        return None
    if found.problem is not None:
        return Parsed(found.prose, base, found.problem)
    edited = apply_edits(base, found.edits)
    if edited.problem is not None:
        return Parsed(found.prose, base, edited.problem)
    problem = syntax_problem(edited.code)
    return Parsed(
        found.prose, edited.code, None if problem is None else f"the edited script does not compile: {problem}"
    )


def without_thoughts(text: str) -> str:
    """Leave out what a model printed of its reasoning."""
    return _THOUGHTS.sub("", text)


def breaks_off(text: str) -> bool:
    """Whether a reply that was cut off ends inside its program: what is there may compile all the same."""
    opening, closed = "", False
    for line in without_thoughts(clean(text)).split("\n"):
        if opening and _closes(line, opening):
            opening, closed = "", True
        elif not opening and (fence := _FENCE.match(line)):
            opening = fence.group(1)
    return bool(opening) or not closed


def clean(text: str) -> str:
    """Make text that any file and any JSON can hold: no lone surrogates, no NUL, plain line ends."""
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return plain.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def syntax_problem(code: str) -> str | None:
    """Return what `compile` has against the code, with its line; None when it compiles."""
    if len(code) > _MAX_CODE_CHARS:
        return f"{len(code):,} characters are more than the {_MAX_CODE_CHARS:,} that a script may have"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the code's own SyntaxWarnings are no concern of the agent's stderr
        try:
            compile(code, "solution.py", "exec", dont_inherit=True)
        except SyntaxError as error:
            return f"{type(error).__name__}: {error.msg} (line {error.lineno}: {(error.text or '').strip()[:120]})"
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            return f"{type(error).__name__}: {error}"
    return None


def _split(text: str) -> tuple[str, list[_Block]]:
    """Separate the prose from the fenced blocks; a fence that is never closed runs to the end."""
    prose: list[str] = []
    blocks: list[_Block] = []
    lines = iter(text.split("\n"))
    for line in lines:
        opening = _FENCE.match(line)
        if opening is None:
            prose.append(line)
            continue
        body: list[str] = []
        for inner in lines:
            if _closes(inner, opening.group(1)):
                break
            body.append(inner)
        blocks.append(_Block(opening.group(2).lower(), "\n".join(body) + "\n"))
    return "\n".join(prose).strip(), blocks


def _closes(line: str, opening: str) -> bool:
    stripped = line.strip()
    return len(stripped) >= len(opening) and set(stripped) == {opening[0]}


def _program(blocks: list[_Block]) -> str:
    """Choose the program: the Python blocks, else the unlabelled ones that compile.

    Of several, the last that is whole by itself (it writes a submission and prints a score) wins, since a model that
    shows a snippet first repeats it there; when none is whole they are parts of one script, in order.
    """
    candidates = [block.text for block in blocks if block.language in _PYTHON]
    if not candidates:
        candidates = [block.text for block in blocks if not block.language and syntax_problem(block.text) is None]
    whole = [text for text in candidates if "submission" in text and "validation score" in text.lower()]
    return whole[-1] if whole else "\n".join(candidates)


def _is_program(text: str) -> bool:
    """Say whether unfenced text is a script: it compiles, and it imports something (prose may compile as well)."""
    if "import" not in text or syntax_problem(text) is not None:
        return False
    return any(isinstance(statement, ast.Import | ast.ImportFrom) for statement in ast.parse(text).body)
