"""How alike scripts are, whatever their names, comments and layout: sets of normalised pieces, compared by MinHash.

A script becomes its syntax in order: variables, numbers and texts lose their values, calls and attributes of libraries
keep their names. Twelve such tokens in a row are a piece. Candidates among thousands of scripts are found by locality-
sensitive hashing (datasketch), in time that grows with their number and not its square; a candidate's likeness is then
counted, not estimated. Pieces that many write are told by how many have them, and count for nobody.
"""

from __future__ import annotations

import ast
import re
import zlib
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.cheating.script import Script

PIECE = 12
PERMUTATIONS = 64
CANDIDATE = 0.4
COMMON_SHARE = 0.2  # of a competition's scripts that have a piece, and it is a habit
COMMON_LEAST = 4
FEWEST_PIECES = 60  # some twenty lines; shorter scripts are alike by nature
MOST_CANDIDATES = 20  # of one script
MOST_LINES = 2_000
_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
_WORD = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|[^\s\w]")

Pieces = NDArray[np.uint64]  # sorted, each once
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
NONE: Pieces = np.empty(0, dtype=np.uint64)


class Likeness(NamedTuple):
    """Two scripts, by their keys, and which share of the smaller one's own pieces the other has."""

    one: str
    other: str
    share: float
    pieces: int


def pieces(script: Script) -> Pieces:
    """The normalised pieces of a script."""
    words = list(_tokens(script.tree)) if script.tree is not None else _WORD.findall(script.text[:100_000])
    if len(words) < PIECE:
        return NONE
    numbers = np.array([zlib.crc32(word.encode("utf-8", "replace")) for word in words], dtype=np.uint64)
    found = np.zeros(len(words) - PIECE + 1, dtype=np.uint64)
    for offset in range(PIECE):
        found = found * _FACTOR + numbers[offset : offset + len(found)]
    return np.unique(found >> np.uint64(32))


def _tokens(tree: ast.Module) -> Iterator[str]:
    """The syntax in order, without what a renamer would change."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        kind = type(node).__name__
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring, or a text that does nothing
        if isinstance(node, ast.Load | ast.Store | ast.Del | ast.Import | ast.ImportFrom | ast.alias):
            continue
        if isinstance(node, ast.Attribute):
            yield f".{node.attr}"
        elif isinstance(node, ast.keyword):
            yield f"{node.arg}="
        elif isinstance(node, ast.Constant):
            yield type(node.value).__name__
        else:
            yield kind
        children = list(ast.iter_child_nodes(node))
        waiting.extend(reversed(children))


def longest(one: Script, other: Script) -> tuple[int, int, int]:
    """Where the longest run of lines begins that both have whatever the names, in each, and how long it is."""
    lines = [[_shape(line) for line in script.lines[:MOST_LINES]] for script in (one, other)]
    numbered = [[(number, shape) for number, shape in enumerate(shapes, start=1) if shape] for shapes in lines]
    texts = [[shape for _, shape in pairs] for pairs in numbered]
    found = SequenceMatcher(None, texts[0], texts[1], autojunk=False).find_longest_match()
    if not found.size:
        return 0, 0, 0
    return numbered[0][found.a][0], numbered[1][found.b][0], found.size


def _shape(line: str) -> str:
    """A line without its names, numbers, texts and comment."""
    plain = _QUOTED.sub("s", line.split("#", 1)[0]).strip()
    return re.sub(r"\b[A-Za-z_]\w*|\d[\w.]*", "v", plain)


def own(scripts: Mapping[str, Pieces], known: Pieces = NONE) -> dict[str, Pieces]:
    """The pieces of each script that are not known from elsewhere, such as a prompt, and that few of them have."""
    if not scripts:
        return {}
    every, having = np.unique(np.concatenate(list(scripts.values())), return_counts=True)
    common = every[having > max(COMMON_LEAST, COMMON_SHARE * len(scripts))]
    habits = np.union1d(common, known)
    return {key: np.setdiff1d(found, habits, assume_unique=True) for key, found in scripts.items()}


def alike(scripts: Mapping[str, Pieces], least: float) -> list[Likeness]:
    """The pairs of which the smaller has that share of its pieces in the other, the most alike first."""
    usable = {key: found for key, found in scripts.items() if len(found) >= FEWEST_PIECES}
    if len(usable) < 2:
        return []
    from datasketch import MinHashLSH

    index = MinHashLSH(threshold=CANDIDATE, num_perm=PERMUTATIONS)
    pairs: dict[tuple[str, str], Likeness] = {}
    for key, sketch in _sketches(usable):
        for other in sorted(map(str, index.query(sketch)))[:MOST_CANDIDATES]:
            found = _likeness(key, other, usable)
            if found.share >= least:
                pairs[key, other] = found
        index.insert(key, sketch)
    return sorted(pairs.values(), key=lambda pair: (-pair.share, pair.one, pair.other))


def _sketches(scripts: Mapping[str, Pieces]) -> Iterator[tuple[str, Any]]:
    from datasketch import MinHash

    empty = MinHash(num_perm=PERMUTATIONS, seed=1, hashfunc=_as_it_is)
    for key in sorted(scripts):
        sketch = empty.copy()
        sketch.update_batch(scripts[key])
        yield key, sketch


def _as_it_is(piece: int) -> int:
    return piece


def _likeness(one: str, other: str, scripts: Mapping[str, Pieces]) -> Likeness:
    shared = len(np.intersect1d(scripts[one], scripts[other], assume_unique=True))
    return Likeness(one, other, share(scripts[one], scripts[other]), shared)


def share(one: Pieces, other: Pieces) -> float:
    """Which share of the smaller one's pieces the other has; scripts too short for any are alike."""
    smaller = min(len(one), len(other))
    return len(np.intersect1d(one, other, assume_unique=True)) / smaller if smaller else 1.0
