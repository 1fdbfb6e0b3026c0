"""The images that runs start from: found by the hash of their inputs, built when they are not there.

An image's tag is the hash of its Dockerfile, package lists and agent sources; a label says on which base it was built.
So a check costs two questions to the engine, and an edit of the agent a rebuild of its last layer. Images of other
inputs are left alone: another checkout may use them.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.config import Settings
from harness.errors import InfrastructureError
from harness.files import write_json
from harness.machine.engine import connect
from harness.sandbox.failure import engine_errors
from harness.setup import host_network, recipe
from harness.setup.base import make_base
from harness.setup.build import build
from harness.setup.recipe import BASE_LABEL, INPUTS_LABEL, Kind, Recipe
from harness.setup.steps import Say, one_at_a_time, timed

PACKAGES_PATH = "/opt/podium/packages.json"
KINDS: tuple[Kind, ...] = ("cpu", "gpu")
CONFLICT = 409  # the engine's word for: a container uses it
PYTHON_IMAGE = "python:3.11-slim"


@dataclass(frozen=True)
class ImageRef:
    """An image that is there: its name, its digest in this engine, and what candidates can import."""

    kind: str
    tag: str
    digest: str
    packages: Mapping[str, str]


def find_image(kind: Kind, settings: Settings) -> ImageRef | None:
    """The image of the current inputs, or None where it has yet to be built."""
    client = connect(settings.environ)
    wanted = recipe.agent(kind, settings.root)
    with engine_errors():
        return _current(client, wanted, kind, settings)


def ensure_image(kind: Kind, settings: Settings, say: Say, *, rebuild: bool = False) -> ImageRef:
    """The image of the current inputs, built first where needed (a minute; a GPU image several)."""
    found = None if rebuild else find_image(kind, settings)
    if found is not None:
        return found
    client = connect(settings.environ)
    wanted = recipe.agent(kind, settings.root)
    with one_at_a_time(lock_file(), say, "building an image"), engine_errors():
        found = None if rebuild else _current(client, wanted, kind, settings)
        if found is None:
            _build(wanted, kind, client, settings, say)
            found = _current(client, wanted, kind, settings)
    if found is None:
        raise InfrastructureError(f"the engine does not know {wanted.tag} right after its build. Try: make image")
    return found


def ensure_base(settings: Settings, say: Say, *, rebuild: bool = False) -> str:
    """The base image's tag, made first where needed."""
    client = connect(settings.environ)
    with one_at_a_time(lock_file(), say, "building an image"), engine_errors():
        return base_in(client, settings, say, rebuild=rebuild).tag


@dataclass(frozen=True)
class StaleImage:
    """An image of ours whose inputs are not those of this checkout (any more)."""

    id: str
    tags: tuple[str, ...]
    built: str

    @property
    def name(self) -> str:
        return ", ".join(self.tags) or self.id.removeprefix("sha256:")[:12]


def stale(client: Any, settings: Settings) -> list[StaleImage]:
    """Images that carry our label and that nothing of this checkout's sources asks for, oldest first.

    One that somebody gave a name of their own is theirs, and one that another checkout needs can't be told from these.
    Of other agents' images, whose sources may lie anywhere, all but the newest are stale.
    """
    recipes = (
        _base_recipe(settings),
        recipe.box(settings.root),
        *(recipe.agent(kind, settings.root) for kind in KINDS),
    )
    with engine_errors():
        wanted_ids = {inspect(client, wanted.tag).get("Id") for wanted in recipes}
        listed = client.api.images(filters={"label": INPUTS_LABEL})
    ours = {wanted.repository for wanted in recipes}
    found = []
    for image in sorted(listed, key=lambda item: item["Created"]):
        tags = tuple(tag for tag in image["RepoTags"] or () if tag != "<none>:<none>")
        is_ours = all(tag.rpartition(":")[0] in ours or tag.startswith(recipe.OTHERS) for tag in tags)
        newest_of_another = any(tag.startswith(recipe.OTHERS) and tag.endswith(":latest") for tag in tags)
        if image["Id"] not in wanted_ids and is_ours and not newest_of_another:
            found.append(
                StaleImage(image["Id"], tags, time.strftime("%Y-%m-%d %H:%M", time.localtime(image["Created"])))
            )
    return found


def remove(client: Any, image: StaleImage) -> bool:
    """Remove a stale image; False where a container still needs it."""
    import docker.errors

    with engine_errors():
        for name in image.tags or (image.id,):
            try:
                client.api.remove_image(name)
            except docker.errors.ImageNotFound:
                continue
            except docker.errors.APIError as error:
                if error.status_code != CONFLICT:
                    raise
                return False
    return True


def lock_file() -> Path:
    """The file that whoever builds holds."""
    # Not below PODIUM_HOME: several homes may share the engine, and two bases at once would each make the other stale.
    return Path(tempfile.gettempdir()) / f"podium-image-{os.getuid()}.lock"


def _build(wanted: Recipe, kind: Kind, client: Any, settings: Settings, say: Say) -> None:
    base = base_in(client, settings, say)
    base_id = str(inspect(client, base.tag)["Id"])
    if kind == "gpu":
        below = recipe.box(settings.root)
        run_build(below, {"BASE": base.tag}, base_id, settings, say)
        run_build(wanted, {"BOX": below.tag}, base_id, settings, say)
    else:
        run_build(wanted, {"BASE": base.tag}, base_id, settings, say)


def run_build(wanted: Recipe, arguments: Mapping[str, str], base_id: str, settings: Settings, say: Say) -> None:
    """Build one image, said aloud; its output goes to a log in the home folder."""
    log = settings.home / "logs" / f"{wanted.repository.replace('/', '-')}.log"
    with timed(say, f"Building {wanted.tag} (log: {log})"):
        build(
            wanted,
            arguments=arguments,
            base_id=base_id,
            network=_network(settings),
            environ=settings.environ,
            log=log,
        )


def base_in(client: Any, settings: Settings, say: Say, *, rebuild: bool = False) -> Recipe:
    """Have the base image in the engine."""
    wanted = _base_recipe(settings)
    if rebuild or not inspect(client, wanted.tag):
        make_base(
            wanted,
            network=_network(settings),
            environ=settings.environ,
            log=settings.home / "logs" / "podium-base.log",
            say=say,
        )
    return wanted


def _current(client: Any, wanted: Recipe, kind: Kind, settings: Settings) -> ImageRef | None:
    attrs = current(client, wanted, settings)
    if attrs is None:
        return None
    return ImageRef(kind, wanted.tag, attrs["Id"], _packages(client, attrs["Id"], settings))


def current(client: Any, wanted: Recipe, settings: Settings) -> dict[str, Any] | None:
    """The image of these inputs on the base that is there now; None where it has yet to be built."""
    attrs = inspect(client, wanted.tag)
    labels = attrs.get("Config", {}).get("Labels") or {}
    if labels.get(INPUTS_LABEL) != wanted.inputs:
        return None
    # An image that came by `docker load` may stand here without its base; a base made anew asks for a rebuild.
    base = inspect(client, _base_recipe(settings).tag)
    return None if base and base["Id"] != labels.get(BASE_LABEL) else attrs


def inspect(client: Any, tag: str) -> dict[str, Any]:
    """What the engine knows of an image; empty where it has none."""
    import docker.errors

    try:
        attrs: dict[str, Any] = client.api.inspect_image(tag)
    except docker.errors.ImageNotFound:
        return {}
    return attrs


def _packages(client: Any, image_id: str, settings: Settings) -> dict[str, str]:
    """Read the image's own list of packages, once an image."""
    kept = settings.home / "images" / f"{image_id.removeprefix('sha256:')}.json"
    if not kept.is_file():
        write_json(kept, _read_packages(client, image_id))
    packages: dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
    return packages


def _read_packages(client: Any, image_id: str) -> dict[str, Any]:
    container = client.api.create_container(image_id, network_disabled=True)["Id"]
    try:
        chunks, _ = client.api.get_archive(container, PACKAGES_PATH)
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            member = archive.extractfile(Path(PACKAGES_PATH).name)
            content: dict[str, Any] = json.load(member) if member else {}
    finally:
        client.api.remove_container(container, force=True)
    return content


def _base_recipe(settings: Settings) -> Recipe:
    return recipe.base(settings.root, settings.environ.get("PODIUM_PYTHON_IMAGE") or PYTHON_IMAGE)


def _network(settings: Settings) -> host_network.HostNetwork:
    return host_network.read(settings.environ, home=Path.home(), prefix=Path(sys.prefix))
