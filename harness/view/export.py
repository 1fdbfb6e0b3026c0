"""The same pages as files: they open from a disk, and any server of files can publish them. No page asks for anything.

Written beside each other, a folder a run, so that a folder that holds something else is refused rather than mixed up.
What a published page then cannot do is what takes a server: search in code and output, and comparisons that
`podium compare` did not make.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError
from harness.view.index import Group
from harness.view.listing import PAGE_RUNS, Query, page_file
from harness.view.render import ASSETS, asset_names
from harness.view.runs import RunName
from harness.view.site import Site

MARK = "podium-view.json"


@dataclass(frozen=True)
class Exported:
    """What was written."""

    folder: Path
    pages: int
    size_bytes: int


def export(site: Site, folder: Path, groups: Sequence[str], say: Callable[[str], None]) -> Exported:
    """Write the pages of these groups, or of all, into a folder that is new, empty, or of an earlier export."""
    _make_room(folder)
    (folder / "assets").mkdir(parents=True)
    for name in asset_names():
        shutil.copyfile(ASSETS / name, folder / "assets" / name)
    pages = size = 0
    for path, text in _pages(site, groups, say):
        content = text.encode("utf-8", "replace")
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        pages, size = pages + 1, size + len(content)
    (folder / MARK).write_text(json.dumps({"schema_version": 1, "pages": pages}) + "\n", encoding="utf-8")
    return Exported(folder, pages, size)


def _make_room(folder: Path) -> None:
    """Remove an earlier export; raise `UserError` for a folder that holds anything else."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UserError(f"{folder} is a file; --export takes a folder that is new, or of an earlier export")
    if not any(folder.iterdir()):
        return
    if not (folder / MARK).is_file():
        raise UserError(f"{folder} holds other files than an export ({MARK} is not among them): name a new folder")
    for name in ("assets", "groups"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _pages(site: Site, names: Sequence[str], say: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    groups = _chosen(site, names)
    for group in groups:
        site.index.read_all(group)
    yield "index.html", site.groups(only=[group.name for group in groups])
    yield "side.html", site.side()
    for group in groups:
        say(f"{group.name}: {len(group.entries())} runs")
        yield from _group(site, group)


def _chosen(site: Site, names: Sequence[str]) -> list[Group]:
    groups = site.index.groups()
    unknown = set(names) - {group.name for group in groups}
    if unknown or not groups:
        known = ", ".join(group.name for group in groups) or "none"
        named = ", ".join(sorted(unknown)) or "with runs"
        raise UserError(f"no group {named} in {site.results.root}; there are: {known}")
    return [group for group in groups if not names or group.name in names]


def _group(site: Site, group: Group) -> Iterator[tuple[str, str]]:
    start = f"groups/{group.name}/"
    entries = group.entries()
    for page in range(1, max(1, -(-len(entries) // PAGE_RUNS)) + 1):
        path = f"{start}{page_file(page)}"
        yield path, site.group(group.name, Query(page=page), path=path)
    if group.folder.comparison.is_file():
        yield f"{start}comparison.html", site.kept_comparison(group.name)
    for entry in entries:
        yield from _run(site, RunName(group.name, entry.name))


def _run(site: Site, name: RunName) -> Iterator[tuple[str, str]]:
    yield f"{name.path}index.html", site.run(name)
    run = site.runs.get(name)
    assert run is not None, "it was there a moment ago"
    run.read_calls(None)
    for page in range(1, max(1, -(-len(run.calls.lines) // PAGE_RUNS)) + 1):
        path = f"{name.path}calls/{page_file(page)}"
        yield path, site.calls(name, Query(page=page), path=path)
    for node in list(run.tree.nodes):
        yield f"{name.path}nodes/{node}.html", site.node(name, node)
    for call in run.calls.lines:
        yield f"{name.path}calls/{call.number}.html", site.call(name, call.number)
    for attempt in run.folder.attempts() if name.attempt is None else ():
        yield from _run(site, RunName(name.group, name.run, attempt))
