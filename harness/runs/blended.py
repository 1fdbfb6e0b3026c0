"""A script that blends others' predictions, made whole: what it blends is in it, and is run first.

In the box a blend finds the files of earlier solutions in `earlier/`. Exported alone it would find nothing, so the
export carries their scripts, runs each in a folder of its own, and lays their files out as they were named there.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

MOST_SOURCES = 10  # as many as the agent gives a script

PROLOGUE = """\
# What this solution blends. Each part is run first, in a folder of its own, so that its predictions are in ./earlier.
PARTS = {parts}


def run_parts():
    import pathlib
    import shutil
    import subprocess
    import sys

    here = pathlib.Path.cwd()
    (here / "earlier").mkdir(exist_ok=True)
    for name, code in PARTS.items():
        folder = here / "parts" / name
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "working").mkdir(parents=True)
        (folder / "input").symlink_to((here / "input").resolve())
        (folder / "earlier").symlink_to(here / "earlier")
        (folder / "solution.py").write_text(code, encoding="utf-8")
        subprocess.run([sys.executable, "solution.py"], cwd=folder, check=True)
        for file, kept in (("submission", name), ("oof", name + "-oof"), ("test", name + "-test")):
            made = folder / "working" / (file + ".csv")
            if made.is_file():
                shutil.copyfile(made, here / "earlier" / (kept + ".csv"))


if __name__ == "__main__":
    run_parts()

"""


def reads(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return whose predictions each node's script reads: what it blends, or what its parents' scripts read.

    Parents come first in a journal; those that don't are passed over.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, event in nodes.items():
        parents = [parent for parent in event["parents"] if parent in found]
        named = parents if event["action"] == "ensemble" else [one for parent in parents for one in found[parent]]
        found[name] = tuple(dict.fromkeys(named))[:MOST_SOURCES]
    return found


def needed(nodes: Mapping[str, Mapping[str, Any]], node: str) -> tuple[str, ...]:
    """Return all nodes whose scripts must run before a node's can, in the order in which they must."""
    known, found = reads(nodes), dict[str, None]()

    def add(name: str) -> None:
        for source in known[name]:
            if source not in found:
                add(source)
                found[source] = None

    add(node)
    return tuple(found)


def whole(code: str, parts: Mapping[str, str]) -> str:
    """Return the script with its parts, which are run where its own work begins: after docstring and future imports."""
    if not parts:
        return code
    listed = "".join(f"    {name!r}: {text!r},\n" for name, text in parts.items())
    prologue = PROLOGUE.format(parts=f"{{\n{listed}}}")
    lines = code.splitlines(keepends=True)
    at = _first_work(code)
    before = "".join(lines[:at])
    return f"{before}{prologue}{''.join(lines[at:])}"


def _first_work(code: str) -> int:
    """Return how many lines come before anything is done."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError):
        return 0
    last = 0
    for number, statement in enumerate(body):
        future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        text = number == 0 and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not (future or text):
            break
        last = statement.end_lineno or statement.lineno
    return last
