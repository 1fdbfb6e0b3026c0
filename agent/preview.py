"""The data preview: what a prompt says of the files in `./input/`, within a fixed number of characters.

Files are streamed and only so many bytes of each are read, so a large data set costs little and the same data gives the
same text. Names and cells are foreign text: control characters are written as escapes, long ones are cut.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.excerpt import shown
from agent.glimpse import glimpse
from agent.table import Table, is_readable, read_table

_MANY = 5
_FEW = 8
_FEW_AT_THE_TOP = 20  # files beside the description are named one by one
_MANY_FOLDERS = 4  # of more folders side by side, one stands for all
_ALIKE = (".jpg", ".jpeg", ".png", ".wav")  # files of which one tells of all in its folder


@dataclass(frozen=True)
class PreviewBudget:
    """How much is shown, and how much is read for it."""

    chars: int = 6_000
    tree_chars: int = 1_500
    glimpse_chars: int = 1_200
    glimpses: int = 12
    entries: int = 20_000  # directory entries looked at, in all
    tables: int = 12
    bytes_a_table: int = 4 << 20
    counted_bytes_a_table: int = 1 << 30


def preview(folder: Path, budget: PreviewBudget = PreviewBudget()) -> str:
    """Describe a data folder: the file tree with sizes, then each table's rows and columns."""
    files = sorted(_walk(folder, budget.entries))
    groups = _groups(folder, files)
    tree = "Files in ./input/ :\n" + _fit(list(_tree(folder, groups)), budget.tree_chars)
    glimpses = _glimpses(folder, groups, budget)
    of_one_kind = [path for (place, _), group in groups.items() if place and len(group) > _FEW for path in group[1:]]
    listed = set(files) - set(of_one_kind)  # one of many alike, such as a table a row, stands for all
    left = budget.chars - len(tree) - len(glimpses) - 4
    tables = _tables(folder, [path for path in files if path in listed and is_readable(path)], budget, left)
    return _join([part for part in (tree, glimpses, *tables) if part], budget.chars)


def _walk(folder: Path, entries: int) -> Iterator[Path]:
    """Yield regular files below a folder, in a fixed order, links not followed, up to a number of entries."""
    pending = [folder]
    while pending and entries > 0:
        with os.scandir(pending.pop(0)) as found:
            for entry in sorted(found, key=lambda entry: entry.name):
                entries -= 1
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)


def _groups(folder: Path, files: list[Path]) -> dict[tuple[str, str], list[Path]]:
    """Files of one kind by where they lie; of many folders side by side, `*` stands for each of them."""
    patterns = _patterns({path.parent.relative_to(folder).parts for path in files})
    groups: dict[tuple[str, str], list[Path]] = {}
    for path in files:
        pattern = "/".join(patterns[path.parent.relative_to(folder).parts])
        groups.setdefault((pattern, path.suffix.lower()), []).append(path)
    return dict(sorted(groups.items(), key=lambda item: (item[0][0].count("/"), item[0])))


def _patterns(places: set[tuple[str, ...]]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """For each folder its path, with `*` for a part that has many siblings. Level by level, as parts above decide."""
    patterns: dict[tuple[str, ...], tuple[str, ...]] = dict.fromkeys(places, ())
    for level in range(max((len(place) for place in places), default=0)):
        siblings: dict[tuple[str, ...], set[str]] = {}
        for place, pattern in patterns.items():
            if len(place) > level:
                siblings.setdefault(pattern, set()).add(place[level])
        for place, pattern in patterns.items():
            if len(place) > level:
                many = len(siblings[pattern]) > _MANY_FOLDERS
                patterns[place] = (*pattern, "*" if many else place[level])
    return patterns


def _tree(folder: Path, groups: dict[tuple[str, str], list[Path]]) -> Iterator[str]:
    """Say what lies where: a line a file, or a line for many files of one kind in one folder, or in many."""
    for (pattern, suffix), group in groups.items():
        inside = f"{shown(pattern, 80)}/" if pattern else ""
        if len(group) <= (_FEW if pattern else _FEW_AT_THE_TOP) and "*" not in pattern:
            yield from (f"- {inside}{shown(path.name, 80)} ({_size(path.stat().st_size)})" for path in group)
            continue
        total = sum(path.stat().st_size for path in group)
        kind = shown(suffix, 20) or "plain"
        folders = len({path.parent for path in group})
        spread = f" in {folders} folders" if folders > 1 else ""
        first = shown(str(group[0].relative_to(folder)) if folders > 1 else group[0].name, 80)
        yield f"- {inside}: {len(group)} {kind} files ({_size(total)}){spread}, the first is {first}"


def _glimpses(folder: Path, groups: dict[tuple[str, str], list[Path]], budget: PreviewBudget) -> str:
    """Say what the first file of each kind holds, for kinds that are no tables; larger groups first."""
    lines: list[str] = []
    for group in sorted(groups.values(), key=lambda group: -len(group)):
        for path in group[:1] if len(group) > _FEW or group[0].suffix.lower() in _ALIKE else group:
            if len(lines) < budget.glimpses and not is_readable(path) and (found := glimpse(path)) is not None:
                lines.append(f"- {shown(str(path.relative_to(folder)), 100)} holds {shown(found, 480)}")
    return "A closer look at some of them:\n" + _fit(lines, budget.glimpse_chars) if lines else ""


def _tables(folder: Path, paths: list[Path], budget: PreviewBudget, left: int) -> list[str]:
    """Describe the tables: those of every competition first, then the larger ones."""
    ordered = sorted(paths, key=lambda path: (_rank(path.name), -path.stat().st_size, path.name))[: budget.tables]
    described: list[str] = []
    last: Table | None = None
    for done, path in enumerate(ordered):
        table = read_table(path, budget.bytes_a_table, budget.counted_bytes_a_table)
        text = _describe(shown(str(path.relative_to(folder)), 120), table, last, left // (len(ordered) - done))
        described.append(text)
        last = table
        left -= len(text) + 2
    return described


def _rank(name: str) -> int:
    """Order tables by what most competitions call them."""
    return next((rank for rank, word in enumerate(("train", "test", "sample")) if word in name.lower()), 3)


def _describe(name: str, table: Table, above: Table | None, chars: int) -> str:
    """Describe one table; one that has the columns of the table above, but for some, only names those."""
    if table.problem is not None:
        return f"{name}: can't be read as a table ({shown(table.problem, 120)})"
    about = "" if table.rows_exact else "about "
    seen = "" if table.sampled_rows == table.rows else f" (facts are from the first {table.sampled_rows})"
    head = f"{name}: {about}{table.rows} rows, {len(table.columns)} columns{seen}"
    lines = [f"- `{shown(column.name, 60)}`: {column.facts}" for column in table.columns]
    if above is not None and len(lines) >= _MANY and (without := _missing_from(table, above)) is not None:
        lines = [f"- the columns of the table above{without}"]
    return head + "\n" + _fit(lines, chars - len(head) - 1)


def _missing_from(table: Table, above: Table) -> str | None:
    """Say which columns of the table above a table lacks; None when it has others, or lacks many."""
    names = {column.name for column in table.columns}
    lacking = [column.name for column in above.columns if column.name not in names]
    if len(lacking) > _FEW or len(names) + len(lacking) != len(above.columns):
        return None
    return ", without " + ", ".join(f"`{shown(name, 60)}`" for name in lacking) if lacking else ""


def _fit(lines: list[str], chars: int) -> str:
    """Take lines while they fit and say how many did not."""
    note = "- … and {} more"
    kept: list[str] = []
    used = len(note) + 8
    for line in lines:
        used += len(line) + 1
        if used > chars:
            kept.append(note.format(len(lines) - len(kept)))
            break
        kept.append(line)
    return "\n".join(kept)


def _join(parts: list[str], chars: int) -> str:
    text = "\n\n".join(parts)
    return text if len(text) <= chars else text[: chars - 2].rstrip() + "\n…"


def _size(size_bytes: int) -> str:
    size = float(size_bytes)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
