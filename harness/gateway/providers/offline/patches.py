"""Mends other people's scripts by text: mistakes so usual that the error message names the fix.

A patch only applies where both the message and the code show the mistake; what it yields must still compile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Patch:
    """Where the output matches `error`, replace `code` by `replacement`; `words` say what was done."""

    error: str
    code: str
    replacement: str
    words: str


PATCHES = (
    Patch(
        r"unexpected keyword argument '?sparse'?",
        r"(OneHotEncoder\([^)]*)\bsparse=",
        r"\1sparse_output=",
        "The encoder's argument has been renamed, so the new name is used.",
    ),
    Patch(
        r"unexpected keyword argument '?squared'?",
        r"mean_squared_error\(([^()]*(?:\([^()]*\)[^()]*)*),\s*squared=False\)",
        r"mean_squared_error(\1) ** 0.5",
        "The metric no longer takes the root itself, so the root is taken here.",
    ),
    Patch(
        r"non-existent directory|No such file or directory: '[^']*working",
        r"\A",
        'import os\n\nos.makedirs("working", exist_ok=True)\n',
        "The folder for the submission is made before it is written to.",
    ),
    Patch(
        r"unexpected keyword argument '(?:early_stopping_rounds|verbose)'",
        r",\s*(?:early_stopping_rounds|verbose)=\w+(?=[^\n]*\))",
        "",
        "The argument that this version of the library does not know is left out.",
    ),
    Patch(
        r"could not convert string to float|invalid dtype|must be int, float or bool",
        r"^(\s*)(\w+) = pd\.get_dummies\((\w+)\)$",
        r"\1\2 = pd.get_dummies(\3, dtype=float)",
        "Dummy columns are made as numbers.",
    ),
)


def patched(code: str, output: str) -> tuple[str, str] | None:
    """The mended script and what was done, or None when no patch applies."""
    for patch in PATCHES:
        if re.search(patch.error, output):
            changed = re.sub(patch.code, patch.replacement, code, flags=re.MULTILINE)
            if changed != code and _compiles(changed):
                return changed, patch.words
    return None


def _compiles(code: str) -> bool:
    try:
        compile(code, "solution.py", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
