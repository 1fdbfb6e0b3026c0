"""Building one image with BuildKit, by whichever docker client here can.

The SDK speaks only the classic builder, which has no secrets and no mounts, so this runs a client program. A client
before version 23 has BuildKit built in; later ones need the buildx component, and one that lacks it may well come first
on PATH while an older one beside it works.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.errors import InfrastructureError
from harness.setup.host_network import HostNetwork
from harness.setup.recipe import BASE_LABEL, INPUTS_LABEL, Recipe
from harness.setup.steps import run, search_path

LAST_CLIENT_WITHOUT_BUILDX = 22
BUILD_SECONDS = 3600.0
PROBE_SECONDS = 20.0


def build(
    recipe: Recipe,
    *,
    arguments: Mapping[str, str],
    base_id: str,
    network: HostNetwork,
    environ: Mapping[str, str],
    log: Path,
) -> None:
    """Build and tag an image; raise `InfrastructureError` with the last lines when that fails."""
    client = find_client(environ)
    with tempfile.TemporaryDirectory(prefix="podium-build-") as name:
        context = Path(name) / "context"
        context.mkdir()
        recipe.lay_out(context)
        with network.as_files(Path(name) / "secrets") as secrets:
            command = [client, "build", *_options(recipe, arguments, base_id), *secrets]
            command += ["--file", str(context / recipe.dockerfile), str(context)]
            run(command, log=log, environ=_client_environment(environ), timeout_seconds=BUILD_SECONDS)


def find_client(environ: Mapping[str, str]) -> str:
    """The first docker client that can build with BuildKit."""
    for client in _clients(environ):
        if _can_build(client, environ):
            return client
    raise InfrastructureError(
        "no docker client here can build with BuildKit (a client from version 23 on needs its buildx component). "
        "Install it: apt-get install docker-buildx  (Docker's own packages: docker-buildx-plugin), then: make image"
    )


def _clients(environ: Mapping[str, str]) -> Iterator[str]:
    found = {str(Path(folder) / "docker"): None for folder in search_path(environ).split(":")}
    return (client for client in found if Path(client).is_file())


def _can_build(client: str, environ: Mapping[str, str]) -> bool:
    if _answer([client, "buildx", "version"], environ) is not None:
        return True
    version = re.search(r"version (\d+)\.", _answer([client, "--version"], environ) or "")
    return version is not None and int(version[1]) <= LAST_CLIENT_WITHOUT_BUILDX


def _answer(command: list[str], environ: Mapping[str, str]) -> str | None:
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, check=False, env=dict(environ), timeout=PROBE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout if ended.returncode == 0 else None


def _options(recipe: Recipe, arguments: Mapping[str, str], base_id: str) -> list[str]:
    options = ["--progress", "plain", "--tag", recipe.tag, "--tag", f"{recipe.repository}:latest"]
    # The host's network, so that an index or a proxy on this host's loopback can be reached as pip reaches it.
    options += ["--network", "host"]
    for label, value in ((INPUTS_LABEL, recipe.inputs), (BASE_LABEL, base_id)):
        options += ["--label", f"{label}={value}"]
    for name, value in {**recipe.arguments, **arguments}.items():
        options += ["--build-arg", f"{name}={value}"]
    return options + (["--target", recipe.target] if recipe.target else [])


def _client_environment(environ: Mapping[str, str]) -> dict[str, str]:
    # A builder in a container of its own would not see local images, such as the base.
    return {**environ, "DOCKER_BUILDKIT": "1", "BUILDX_BUILDER": "default", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
