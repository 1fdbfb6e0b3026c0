"""What dead runs and edited sources left on this machine, and its removal. Nothing of a living owner is ever listed.

Only the images are a matter of opinion: one that is stale for this checkout may be another checkout's current one, so
they are removed when that is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.data import prepare
from harness.runs import door

if TYPE_CHECKING:
    from harness.config import Settings


@dataclass(frozen=True)
class Leftover:
    """One thing that could go; `remove` returns whether it went."""

    kind: Literal["container", "volume", "network", "workspace", "device", "door", "data", "reservation", "image"]
    name: str
    why: str
    remove: Callable[[], bool]


def find(settings: Settings) -> list[Leftover]:
    """Everything that is left, in the order in which it can be removed."""
    from harness.machine.engine import connect

    client = connect(settings.environ)
    return [*of_the_dead(client, settings), *_images(client, settings)]


def of_the_dead(client: Any, settings: Settings) -> Iterator[Leftover]:
    """What belongs to nobody who lives: it can go without asking anybody."""
    yield from _of_dead_runs(client)
    yield from _half_made(client, settings.workspaces)
    yield from _doors()
    yield from _half_prepared(settings.data)
    yield from _reservations(settings.environ)


def advice(found: Sequence[Leftover], *, removed: bool, images: bool) -> str:
    """What to type next, or that there is nothing to do."""
    stale = [leftover for leftover in found if leftover.kind == "image"]
    lines = []
    if len(stale) == len(found):
        lines.append("nothing is left of dead runs")
    elif not removed:
        lines.append("nothing removed; to remove them: podium clean --yes")
    if stale and not (removed and images):
        lines.append(f"{len(stale)} images are of other sources; to remove those too: podium clean --images --yes")
    return "\n".join(lines)


def _of_dead_runs(client: Any) -> Iterator[Leftover]:
    from harness.sandbox import reap

    for orphan in reap.find(client):
        run = "/".join(orphan.labels.get(f"podium.{name}", "?") for name in ("group", "run"))
        why = f"of {run}, whose process is gone"
        yield Leftover(orphan.kind, orphan.name, why, _surely(partial(reap.remove, client, orphan)))


def _half_made(client: Any, folder: Path) -> Iterator[Leftover]:
    from harness.sandbox import reap, workspace

    known = reap.workspace_files(client)
    for image in workspace.half_made(folder):
        if str(image) not in known:
            why = "half-made by a process that is gone"
            yield Leftover("workspace", str(image), why, _surely(partial(workspace.release, image)))
    for device in workspace.without_file(folder):
        why = "holds the space of a deleted workspace"
        yield Leftover("device", device, why, _surely(partial(workspace.detach_deleted, device)))


def _doors() -> Iterator[Leftover]:
    for folder in door.left_over():
        yield Leftover("door", str(folder), "of a process that is gone", _surely(partial(door.remove, folder)))


def _half_prepared(folder: Path) -> Iterator[Leftover]:
    for scratch in prepare.half_made(folder):
        why = "half-prepared by a process that is gone"
        yield Leftover("data", str(scratch), why, partial(prepare.drop, folder, scratch))


def _reservations(environ: Mapping[str, str]) -> Iterator[Leftover]:
    """The last to go: until what ran under them is removed, nobody else may have it."""
    from harness.groups import lent

    for seen in lent.look(environ):
        if seen.gone:
            names = ", ".join(one.group for one in seen.gone)
            yield Leftover("reservation", names, "of commands that are gone", seen.remove_gone)


def _images(client: Any, settings: Settings) -> Iterator[Leftover]:
    from harness.machine import images

    for image in images.stale(client, settings):
        why = f"of other sources, built {image.built}"
        yield Leftover("image", image.name, why, partial(images.remove, client, image))


def _surely(action: Callable[[], None]) -> Callable[[], bool]:
    """An action that did what it should when it does not raise."""

    def act() -> bool:
        action()
        return True

    return act
