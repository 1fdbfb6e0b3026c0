"""Ids of test rows in a script: whoever names single test rows treats them otherwise than by a model.

Where ids are whole numbers, other numbers look like them: then only lists that rows are looked up in are taken, and
comparisons with single ones.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.cheating.case import Task
from harness.cheating.finding import Hit, Severity
from harness.cheating.rules.base import code_rule
from harness.cheating.rules.literals import irregular, is_id, known, shown
from harness.cheating.script import Script, scalars

FEW = 5
SEVERAL = 12
LOOKS_UP = ("isin", "intersection", "difference", "index.isin", "query")


@code_rule("test-ids", 1)
def look(script: Script, task: Task) -> Iterator[Hit]:
    """Find ids that are written down."""
    if not task.ids:
        return
    yield from (_numbers(script, task) if task.ids_are_numbers else _texts(script, task))


def _texts(script: Script, task: Task) -> Iterator[Hit]:
    found: dict[str, int] = {}
    for text, line in script.texts:
        if is_id(text, task):
            found.setdefault(text, line)
    if script.tree is None:
        for place, line_text in enumerate(script.lines, start=1):
            for word in line_text.replace("'", '"').split('"')[1::2]:
                if is_id(word, task):
                    found.setdefault(word, place)
    if len(found) >= FEW:
        yield Hit(
            Severity.HIGH, f"{len(found)} ids of test rows stand in the script: {shown(found)}", (*found.values(),)
        )


def _numbers(script: Script, task: Task) -> Iterator[Hit]:
    for node in _looked_up(script):
        values = [value for value in scalars(node) if value is not None]
        ids = known(values, task)
        if len(ids) >= SEVERAL and len(ids) == len(set(map(str, values))) and irregular(values):
            what = f"rows are looked up in a list of {len(ids)} ids of test rows: {shown(ids)}"
            yield Hit(Severity.MEDIUM, what, (node.lineno,))
    compared = {
        str(one.value): node.lineno
        for node in script.index.compared
        if isinstance(node.ops[0], ast.Eq)
        for one in (node.left, *node.comparators)
        if isinstance(one, ast.Constant) and is_id(one.value, task)
    }
    if len(compared) >= SEVERAL and irregular(compared):
        what = f"rows are compared with {len(compared)} ids of test rows, one by one: {shown(compared)}"
        yield Hit(Severity.MEDIUM, what, (*compared.values(),))


def _looked_up(script: Script) -> Iterator[ast.expr]:
    """The containers that rows are looked up in."""
    places = [call.argument(0) for call in script.calls if call.name.rsplit(".", 1)[-1] in LOOKS_UP]
    places += [node.comparators[0] for node in script.index.compared if isinstance(node.ops[0], ast.In | ast.NotIn)]
    for place in places:
        named = script.assigned_once.get(place.id) if isinstance(place, ast.Name) else place
        if isinstance(named, ast.Call) and named.args:  # set([…])
            named = named.args[0]
        if isinstance(named, ast.List | ast.Tuple | ast.Set | ast.Dict):
            yield named
