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
from agent.table import Table, is_table, read_table

_MANY = 5
_FEW = 8


@dataclass(frozen=True)
class PreviewBudget:
    """How much is shown, and how much is read for it."""

    chars: int = 6_000
    tree_chars: int = 1_500
    entries: int = 20_000  # directory entries looked at, in all
    tables: int = 12
    bytes_a_table: int = 4 << 20
    counted_bytes_a_table: int = 1 << 30


def preview(folder: Path, budget: PreviewBudget = PreviewBudget()) -> str:
    """Describe a data folder: the file tree with sizes, then each table's rows and columns."""
    files = sorted(_walk(folder, budget.entries))
    tree = "Files in ./input/ :\n" + _fit(list(_tree(folder, files)), budget.tree_chars)
    tables = _tables(folder, [path for path in files if is_table(path)], budget)
    return _join([tree, *tables], budget.chars)


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


def _tree(folder: Path, files: list[Path]) -> Iterator[str]:
    """Say what lies where: a line a file, or a line for many files of one kind in one folder."""
    kinds: dict[tuple[str, str], list[Path]] = {}
    for path in files:
        kinds.setdefault((str(path.parent.relative_to(folder)), path.suffix.lower()), []).append(path)
    for (parent, suffix), group in sorted(kinds.items(), key=lambda item: (item[0][0].count("/"), item[0])):
        inside = "" if parent == "." else f"{shown(parent, 80)}/"
        if len(group) <= 8:
            yield from (f"- {inside}{shown(path.name, 80)} ({_size(path.stat().st_size)})" for path in group)
        else:
            total = sum(path.stat().st_size for path in group)
            kind = shown(suffix, 20) or "plain"
            yield f"- {inside}: {len(group)} {kind} files ({_size(total)}), the first is {shown(group[0].name, 80)}"


def _tables(folder: Path, paths: list[Path], budget: PreviewBudget) -> list[str]:
    """Describe the tables: those of every competition first, then the larger ones."""
    ordered = sorted(paths, key=lambda path: (_rank(path.name), -path.stat().st_size, path.name))[: budget.tables]
    left = budget.chars - budget.tree_chars
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
