"""Answers that are written into a script: by id, in the order of the test rows, row by row, in a text, or packed.

Labels repeat and belong to rows; class names, columns and settings don't. So what is asked is whether values go with
the ids of test rows, or are as many as there are test rows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from harness.cheating.case import Task
from harness.cheating.finding import Hit, Severity
from harness.cheating.rules.base import code_rule
from harness.cheating.rules.literals import irregular, is_id, known, shown
from harness.cheating.script import Script, scalars

FEW = 5  # ids that are texts: nobody writes five of them by accident
SEVERAL = 12  # ids that are numbers: other numbers look like them
ROWS = 20  # fewer test rows than these prove nothing by their number
MANY = 300  # numbers in a row, where it is not known how many test rows there are
PACKED = 300  # characters
DIGITS = re.compile(r"\d{120,}")
_DECODERS = re.compile(
    r"(?:b64decode|b32decode|a85decode|b85decode|decodebytes|unhexlify|fromhex|decompress|frombuffer|fromstring|packbits"
    r"|unpackbits|loads)$"
)
_KEY = re.compile(r"[\"']([^\"'\n]{1,200})[\"']\s{0,9}:")
_PLAIN = re.compile(r"[A-Za-z0-9+/=_\-!#$%&()*;<>?@^`{|}~\\]+\Z")


@code_rule("hand-labelled", 1)
def look(script: Script, task: Task) -> Iterator[Hit]:
    """Find answers that are written down."""
    yield from _by_id(script, task)
    yield from _in_order(script, task)
    yield from _row_by_row(script, task)
    yield from _in_texts(script, task)
    yield from _packed(script)
    yield from _by_position(script, task)
    yield from _in_lengths(script, task)


def _by_id(script: Script, task: Task) -> Iterator[Hit]:
    for node in script.index.containers:
        if not isinstance(node, ast.Dict) or len(node.keys) < FEW:
            continue
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        ids = known(keys, task)
        if len(ids) < 0.8 * len(node.keys) or not _plain(node.values):
            continue
        enough = len(ids) >= (SEVERAL if task.ids_are_numbers else FEW)
        most = task.rows >= ROWS and len(ids) >= task.rows / 2
        if most or (enough and (not task.ids_are_numbers or irregular(keys))):
            what = f"a table in the script gives {len(ids)} ids of test rows a value each: {shown(keys)}"
            yield Hit(Severity.HIGH, what, (node.lineno,))


def _plain(values: list[ast.expr]) -> bool:
    """Are values answers: numbers, texts, or short lists of them?"""
    return all(None not in list(scalars(value)) or _is_none(value) for value in values)


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _in_order(script: Script, task: Task) -> Iterator[Hit]:
    sizes: list[tuple[int, int]] = []
    for node in script.index.containers:
        if isinstance(node, ast.Dict | ast.Set) or len(node.elts) < ROWS:
            continue
        values = [value for value in scalars(node) if value is not None]
        if len(values) < len(node.elts) or not _are_answers(values):
            continue
        sizes.append((len(node.elts), node.lineno))
        if task.rows >= ROWS and len(node.elts) == task.rows:
            what = f"as many values as there are test rows, {task.rows}, stand in the script: {shown(values)}"
            yield Hit(Severity.HIGH, what, (node.lineno,))
        elif len(values) >= MANY and (not task.rows or len(values) >= task.rows / 2):
            yield Hit(Severity.MEDIUM, f"{len(values)} values stand in the script: {shown(values)}", (node.lineno,))
    if len(sizes) > 1 and task.rows >= ROWS and sum(size for size, _ in sizes) == task.rows:
        what = f"{len(sizes)} lists in the script have together as many values as there are test rows, {task.rows}"
        yield Hit(Severity.HIGH, what, tuple(line for _, line in sizes))


def _are_answers(values: list[object]) -> bool:
    """Labels repeat, and predictions follow no step; names of classes or columns are all different."""
    if all(isinstance(value, str) for value in values):
        return len(set(values)) <= len(values) / 2
    numbers = [value for value in values if isinstance(value, int | float)]
    return len(numbers) == len(values) and (irregular(numbers) or len(set(numbers)) <= len(numbers) / 2)


def _row_by_row(script: Script, task: Task) -> Iterator[Hit]:
    found: dict[str, int] = {}
    for node in script.index.assigned:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant | ast.UnaryOp):
            continue
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                for key in _keys(target):
                    if is_id(key, task):
                        found.setdefault(str(key), node.lineno)
    if len(found) >= (SEVERAL if task.ids_are_numbers else FEW):
        what = f"{len(found)} test rows are given their value one by one: {shown(found)}"
        yield Hit(Severity.HIGH, what, tuple(found.values()))


def _keys(target: ast.Subscript) -> Iterator[object]:
    """The plain values that a place is named by: `p[17]`, `df.at[17, "y"]`, `df.loc[df.id == 17, "y"]`."""
    part = target.slice.elts[0] if isinstance(target.slice, ast.Tuple) and target.slice.elts else target.slice
    if isinstance(part, ast.Constant):
        yield part.value
    elif isinstance(part, ast.Compare) and isinstance(part.ops[0], ast.Eq):
        yield from (one.value for one in (part.left, *part.comparators) if isinstance(one, ast.Constant))


def _by_position(script: Script, task: Task) -> Iterator[Hit]:
    """Rows that are named by their places, and set to one value: `y[[3, 8, 21 …]] = 1`."""
    for node in script.index.assigned:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            continue
        for target in node.targets:
            place = target.slice if isinstance(target, ast.Subscript) else None
            if isinstance(place, ast.Tuple) and len(place.elts) == 2 and isinstance(place.elts[1], ast.Constant):
                place = place.elts[0]  # df.loc[[…], "y"]
            named = script.assigned_once.get(place.id) if isinstance(place, ast.Name) else place
            if not isinstance(named, ast.List | ast.Tuple) or len(named.elts) < SEVERAL:
                continue
            places = [value for value in scalars(named) if isinstance(value, int) and not isinstance(value, bool)]
            if len(places) == len(named.elts) and irregular(places) and (not task.rows or max(places) < task.rows):
                what = f"{len(places)} rows are set to {node.value.value!r} by their places: {shown(places)}"
                yield Hit(Severity.MEDIUM, what, (node.lineno,))


def _in_lengths(script: Script, task: Task) -> Iterator[Hit]:
    """Labels with how often each comes in a row, which add up to the test rows."""
    for node in script.index.containers:
        if not isinstance(node, ast.List | ast.Tuple) or not 8 <= len(node.elts) <= max(task.rows, 8):
            continue
        pairs = [list(scalars(one)) for one in node.elts if isinstance(one, ast.Tuple | ast.List)]
        if len(pairs) != len(node.elts) or any(len(pair) != 2 for pair in pairs):
            continue
        for lengths in zip(*pairs, strict=True):
            counts = [one for one in lengths if isinstance(one, int) and not isinstance(one, bool) and one > 0]
            if len(counts) == len(pairs) and task.rows >= ROWS and sum(counts) == task.rows:
                what = f"{len(pairs)} pairs hold lengths that add up to the test rows, {task.rows}"
                yield Hit(Severity.MEDIUM, what, (node.lineno,))


def _in_texts(script: Script, task: Task) -> Iterator[Hit]:
    rows: dict[str, int] = {}
    for node in script.index.texts:
        text = script.text_of(node) or ""
        if task.ids and any(mark in text for mark in ",\t;:"):
            for offset, line in enumerate(text.split("\n")[: 4 * (task.rows or MANY)]):
                fields = re.split(r"[,\t;:]", line.strip())
                if len(fields) > 1 and fields[1].strip() and is_id(fields[0].strip(), task):
                    rows.setdefault(fields[0].strip(), node.lineno + offset * (text.count("\n") > 0))
        if len(named := _named_in(text, task)) >= (SEVERAL if task.ids_are_numbers else FEW):
            what = f"a text gives {len(named)} ids of test rows a value each: {shown(named)}"
            yield Hit(Severity.HIGH, what, (node.lineno,))
        if task.rows >= ROWS and (one := _as_many(text, task.rows)) is not None:
            yield Hit(Severity.HIGH, f"a text holds {one}, as many as there are test rows: {task.rows}", (node.lineno,))
    if len(rows) >= (SEVERAL if task.ids_are_numbers else FEW):
        what = f"{len(rows)} lines of a submission stand in the script, with ids of test rows: {shown(rows)}"
        yield Hit(Severity.HIGH, what, tuple(dict.fromkeys(rows.values())))


def _named_in(text: str, task: Task) -> list[str]:
    """The ids that are keys in a text, as JSON has them."""
    if "{" not in text or not task.ids:
        return []
    return [key for key in dict.fromkeys(_KEY.findall(text)) if is_id(key, task)]


def _as_many(text: str, rows: int) -> str | None:
    """A text with a character, or a word, for each test row."""
    if len(text) == rows >= 2 * ROWS and text.isalnum() and len(set(text)) <= 16:
        return f"{rows} characters of {len(set(text))} kinds"
    if len(text) < rows or len(text) > 40 * rows:
        return None
    words = [word for word in re.split(r"[\s,;|]+", text.strip()) if word]
    if len(words) == rows and len(set(words)) <= rows / 2 and max(map(len, words)) <= 24:
        return f"{rows} words of {len(set(words))} kinds"
    if len(words) == rows and all(re.fullmatch(r"[-+]?\d*\.?\d+(?:e[-+]?\d+)?", word) for word in words):
        return f"{rows} numbers"
    return None


def _packed(script: Script) -> Iterator[Hit]:
    """A long text without words, in a script that decodes something; a number that is longer than any number."""
    decoders = [call for call in script.calls if _DECODERS.search(call.name)]
    for node in script.index.texts:
        text = script.text_of(node) or ""
        dense = "".join(text.split())
        binary = isinstance(node.value, bytes) and len(dense) >= PACKED
        if decoders and len(dense) >= PACKED and (binary or (_PLAIN.match(dense) and _is_dense(text))):
            what = f"a packed text of {len(dense)} characters is decoded by {decoders[0].name.removeprefix('()')}"
            yield Hit(Severity.MEDIUM, what, (node.lineno, decoders[0].line))
    for number in script.index.numbers:
        yield Hit(Severity.MEDIUM, "a number with more digits than any computation needs", (number.lineno,))
    if script.tree is None:
        for place, line in enumerate(script.lines, start=1):
            if DIGITS.search(line):
                yield Hit(Severity.MEDIUM, "a number with more digits than any computation needs", (place,))


def _is_dense(text: str) -> bool:
    """Does it lack the words of a language: no part between blanks is short, but for a last one?"""
    parts = text.split()
    return len(parts) <= 1 or min(map(len, parts[:-1])) >= 40
