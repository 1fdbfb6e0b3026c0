"""Images from one engine to another: through a registry that the user names, or as a file. They are told by digest.

An image's id is a hash over all of its content, and survives both ways; so what arrives is compared with what was sent.
A registry's own word for it (a tag, or the digest of a manifest) is not believed.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InfrastructureError, UserError
from harness.machine.images import inspect
from harness.sandbox.failure import engine_errors
from harness.setup.recipe import INPUTS_LABEL
from harness.setup.steps import Say, timed

CHUNK_BYTES = 4 << 20
SHORT = 12


@dataclass(frozen=True)
class Listed:
    """An image of ours in this engine."""

    tag: str
    digest: str
    bytes: int
    built: str
    current: bool  # of this checkout's sources


def is_of(attrs: Mapping[str, Any], tag: str) -> bool:
    """Was it built from the inputs that its name states? The builder's label says so."""
    labels = attrs.get("Config", {}).get("Labels") or {}
    return bool(labels.get(INPUTS_LABEL) == tag.rpartition(":")[2])


def listed(client: Any, current: Iterable[str]) -> list[Listed]:
    """Every image that runs can start from, the newest first; `current` are the digests of this checkout's."""
    wanted = frozenset(current)
    with engine_errors():
        found = client.images.list(filters={"label": INPUTS_LABEL})
    images = [
        Listed(tag, image.id, int(image.attrs["Size"]), str(image.attrs["Created"])[:16], image.id in wanted)
        for image in found
        for tag in image.tags
        if is_of(image.attrs, tag) and _is_ours(tag)
    ]
    return sorted(images, key=lambda image: (image.built, image.tag), reverse=True)


def push(client: Any, tag: str, registry: str, say: Say) -> str:
    """Send an image to a registry; return what it is called there, with the digest that the registry states."""
    remote = _remote(tag, registry)
    digest = ""
    with timed(say, f"Pushing {tag} to {registry}"), engine_errors():
        repository, _, name = remote.rpartition(":")
        client.images.get(tag).tag(repository, name)
        try:
            for event in client.api.push(repository, tag=name, stream=True, decode=True):
                if "error" in event:
                    raise InfrastructureError(f"{registry} does not take {tag}: {event['error']}. {_login(registry)}")
                digest = event.get("aux", {}).get("Digest", digest)
        finally:
            _forget(client, remote)
    return f"{repository}@{digest}" if digest else remote


def pull(client: Any, registry: str, tag: str, say: Say, *, digest: str | None = None) -> str:
    """Have an image from a registry under its own name; `InfrastructureError` where it is not the one of `digest`.

    Without a digest it must be of the inputs that its name states. Returns its id.
    """
    remote = _remote(tag, registry)
    repository, _, name = remote.rpartition(":")
    with timed(say, f"Pulling {tag} from {registry}"), engine_errors():
        for event in client.api.pull(repository, tag=name, stream=True, decode=True):
            if "error" in event:
                raise InfrastructureError(f"{registry} does not give {tag}: {event['error']}. {_login(registry)}")
        try:
            attrs = inspect(client, remote)
            found = str(attrs.get("Id", ""))
            if (digest is not None and found != digest) or (digest is None and not is_of(attrs, tag)):
                wanted = digest or f"one built from {tag}"
                raise InfrastructureError(
                    f"{remote} is {found}, and not {wanted}: refused. Push it again from the machine that has it: "
                    f"podium images push --registry {registry}"
                )
            client.images.get(remote).tag(*_split(tag))
        finally:
            _forget(client, remote)
    return found


def save(client: Any, tag: str, file: Path, say: Say) -> None:
    """Write an image into a file, whole or not at all."""
    with timed(say, f"Saving {tag} to {file}"), engine_errors():
        client.images.get(tag)  # says when it is missing
        descriptor, half = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(descriptor, "wb") as output:
                for chunk in client.api.get_image(tag, chunk_size=CHUNK_BYTES):
                    output.write(chunk)
                output.flush()
                os.fsync(output.fileno())
            Path(half).chmod(0o644)
            Path(half).replace(file)
        except BaseException:
            Path(half).unlink(missing_ok=True)
            raise


def load(client: Any, file: Path, say: Say) -> list[Listed]:
    """Have the images of a file in this engine; `UserError` where one is not what its name says."""
    try:
        with file.open("rb") as content, timed(say, f"Loading {file}"), engine_errors():
            images = client.images.load(content)
    except FileNotFoundError:
        raise UserError(f"there is no {file}. Write one where the image is: podium images save FILE") from None
    found = []
    for image in images:
        for tag in image.tags:
            if not is_of(image.attrs, tag) and _is_ours(tag):
                client.api.remove_image(tag, noprune=True)
                raise UserError(
                    f"{file} holds {tag}, whose label says that it was not built from those inputs: refused"
                )
            found.append(Listed(tag, image.id, int(image.attrs["Size"]), str(image.attrs["Created"])[:16], False))
    return found


def _is_ours(tag: str) -> bool:
    return tag.startswith("podium/") and not tag.endswith(":latest")


def _remote(tag: str, registry: str) -> str:
    if "://" in registry or registry.endswith("/") or not registry:
        raise UserError(f"--registry {registry!r}: a host, its port, and a path, as in 10.0.0.5:5000/team")
    return f"{registry}/{tag}"


def _split(tag: str) -> tuple[str, str]:
    repository, _, name = tag.rpartition(":")
    return repository, name


def _forget(client: Any, remote: str) -> None:
    """The registry's name is for the way only."""
    import docker.errors

    with contextlib.suppress(docker.errors.APIError):
        client.api.remove_image(remote, noprune=True)


def _login(registry: str) -> str:
    return f"Does it ask for a password? docker login {registry.partition('/')[0]}"
