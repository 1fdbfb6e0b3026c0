"""Do the books balance? What a group's records must add up to, and what must not be left of its runs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.results.layout import GroupFolder, RunFolder, RunStatus

UNFINISHED = (RunStatus.RUNNING, RunStatus.QUEUED)


def unbalanced(group: GroupFolder, expected: set[str]) -> list[str]:
    """What does not add up: each run has one final state, each attempt before it one of its own, and a grade."""
    found = {folder.path.name: folder for folder in group.runs()}
    wrong = [f"{name} has no record" for name in sorted(expected - found.keys())]
    wrong += [f"{name} was never asked for" for name in sorted(found.keys() - expected)]
    for folder in found.values():
        wrong += _of_run(folder)
    return [*wrong, *(f"{path} is half written" for path in half_written(group.path))]


def _of_run(folder: RunFolder) -> Iterator[str]:
    record, name = folder.read(), folder.path.name
    if record is None:
        return
    if not record.status.is_outcome:
        yield f"{name} is {record.status}: {record.reason}"
    elif not folder.grade_file.is_file():
        yield f"{name} has an outcome and no grade"
    if record.ended_at is None:
        yield f"{name} has no end"
    numbers = folder.attempts()
    if numbers != list(range(1, record.attempt)):
        yield f"{name} is attempt {record.attempt}, and kept are {numbers}"
    for number in numbers:
        earlier = folder.attempt(number).read()
        if earlier is None or earlier.attempt != number:
            yield f"{name}, attempt {number}: the record says {earlier and earlier.attempt}"
        elif earlier.status in UNFINISHED:
            yield f"{name}, attempt {number} is still {earlier.status}"


def half_written(folder: Path) -> Iterator[Path]:
    """Files that a writer left beside what it was to write."""
    return (path for path in folder.rglob("*") if path.name.startswith(".") or path.suffix == ".tmp")


def left(client: Any, group: str, workspaces: Path, temporary: Path) -> list[str]:
    """What is left in the engine and on this machine of a group's runs."""
    mine = {"label": f"podium.group={group}"}
    found = [f"container {one.name}" for one in client.containers.list(all=True, filters=mine, ignore_removed=True)]
    found += [f"volume {one.name}" for one in client.volumes.list(filters=mine)]
    found += [f"workspace {path}" for path in sorted(workspaces.glob("*")) if path.name != ".locks"]
    found += [f"device {device}" for device in _loop_devices(workspaces)]
    found += [f"temporary {path}" for path in sorted(temporary.glob("podium-door-*"))]
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    return found + [f"mount {one}" for one in mounts if one.startswith((f"{workspaces}/", f"{temporary}/"))]


def _loop_devices(workspaces: Path) -> list[str]:
    listed = subprocess.run(
        ["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"],
        capture_output=True,
        text=True,
        check=False,
    )
    return [line.split()[0] for line in listed.stdout.splitlines() if str(workspaces) in line]
