"""A solution as a Jupyter notebook (nbformat 4): what it is, the plan, the code in cells, the output and the scores.

The cells together are the script, line for line. The format is plain JSON of a few fields, so that nothing need be
installed to write it; the tests validate it with nbformat. What the agent wrote stands in fences, where it is text.
"""

from __future__ import annotations

import ast
import itertools
import json
import re
import textwrap
from typing import Any

from harness.results.solution import Solution

SHORTEST_CELL = 4  # lines; a single assignment needs no cell of its own
WIDTH = 100
OUTPUT_CHARS = (5_000, 15_000)  # head and tail


def notebook(solution: Solution) -> str:
    """Return the file's text."""
    table = ["| | |", "|---|---|", *(f"| {name} | {_cell_of_a_table(text)} |" for name, text in solution.facts())]
    plan = "\n".join(textwrap.fill(line, WIDTH) for line in solution.plan.splitlines())
    how = "Run it beside `input/` with the competition's public data, and an empty folder `working/`."
    about = f"# The best solution of a Podium run\n\n{chr(10).join(table)}\n\n{how}"
    cells = [_markdown("about", about), _markdown("plan", f"## Plan\n\n{fenced(plan)}")]
    cells += [_code(f"code-{number}", source) for number, source in enumerate(split(solution.whole), 1)]
    found = f"## What it printed\n\n{fenced(_cut(solution.output))}"
    if solution.analysis.strip():
        found += f"\n\n## What the review found\n\n{fenced(textwrap.fill(solution.analysis, WIDTH))}"
    cells.append(_markdown("found", found))
    document = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python", "version": solution.python},
        },
        "cells": cells,
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode("utf-8") + "\n"


def split(code: str) -> list[str]:
    """Divide a script between top-level statements, at blank lines; joined, the cells are the script.

    Imports stay together, a definition keeps the comment above it; a script that can't be parsed is one cell.
    """
    lines = code.splitlines(keepends=True)
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError):
        return [code]
    if len(code.splitlines()) != len(re.split(r"\r\n|\r|\n", code.rstrip("\r\n"))):
        return [code]  # form feeds and the like: Python counts its lines otherwise
    cells, start = [], 0
    for before, after in itertools.pairwise(body):
        end = before.end_lineno or before.lineno
        blank = next((number for number in range(end, _first_line(after) - 1) if not lines[number].strip()), None)
        if blank is None or blank - start < SHORTEST_CELL or (_is_import(before) and _is_import(after)):
            continue
        cells.append("".join(lines[start : blank + 1]))
        start = blank + 1
    return [*cells, "".join(lines[start:])]


def fenced(text: str) -> str:
    """Return text as it is, between fences longer than any in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def _cut(text: str) -> str:
    head, tail = OUTPUT_CHARS
    left_out = len(text) - head - tail
    return text if left_out <= 0 else f"{text[:head]}\n[{left_out} characters left out]\n{text[-tail:]}"


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _is_import(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom)


def _cell_of_a_table(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|!#&~])", r"\\\1", text)


def _markdown(id: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": source.splitlines(keepends=True)}


def _code(id: str, source: str) -> dict[str, Any]:
    lines = source.splitlines(keepends=True)
    return {
        "cell_type": "code",
        "id": id,
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": lines,
    }
