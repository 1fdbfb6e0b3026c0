"""Find and remove what dead owners left: containers and workspaces, by label. A living owner's are never touched."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.sandbox import workspace as workspaces
from harness.sandbox.failure import engine_errors
from harness.sandbox.owner import OWNER_LABEL, is_alive


@dataclass(frozen=True)
class Orphan:
    """One thing in the engine whose owner is gone."""

    kind: Literal["container", "volume", "network"]
    name: str
    labels: dict[str, str]


def find(client: Any) -> list[Orphan]:
    """Orphans in the engine, containers before the volumes and networks they hold."""
    with engine_errors():
        containers = client.containers.list(all=True, filters={"label": OWNER_LABEL}, ignore_removed=True)
        volumes = client.volumes.list(filters={"label": OWNER_LABEL})
        networks = client.networks.list(filters={"label": OWNER_LABEL})
    found = [Orphan("container", item.name, dict(item.labels)) for item in containers]
    found += [Orphan("volume", item.name, dict(item.attrs.get("Labels") or {})) for item in volumes]
    found += [Orphan("network", item.name, dict(item.attrs.get("Labels") or {})) for item in networks]
    return [orphan for orphan in found if not is_alive(orphan.labels[OWNER_LABEL])]


def workspace_files(client: Any) -> set[str]:
    """The files behind every workspace that the engine knows, whoever owns it."""
    with engine_errors():
        volumes = client.volumes.list(filters={"label": workspaces.IMAGE_LABEL})
    return {item.attrs["Labels"][workspaces.IMAGE_LABEL] for item in volumes}


def remove(client: Any, orphan: Orphan) -> None:
    """Remove one orphan; what is gone already is no error."""
    import docker.errors

    if orphan.kind == "container":
        with engine_errors(), contextlib.suppress(docker.errors.NotFound):
            client.containers.get(orphan.name).remove(force=True)
        return
    if orphan.kind == "network":
        with engine_errors(), contextlib.suppress(docker.errors.NotFound):
            client.networks.get(orphan.name).remove()
        return
    image = orphan.labels.get(workspaces.IMAGE_LABEL)
    workspaces.remove(
        client,
        workspaces.Workspace(
            volume=orphan.name,
            limit="loop" if image else "watched",
            image=Path(image) if image else None,
            device=orphan.labels.get(workspaces.DEVICE_LABEL),
        ),
    )
