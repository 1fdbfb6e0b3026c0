"""Try a GPU request before anything else starts: creating such a container succeeds anywhere, starting it does not."""

from __future__ import annotations

import contextlib
from typing import Any

from harness.sandbox.base import Gpus, Limits, SandboxSpec
from harness.sandbox.failure import engine_errors
from harness.sandbox.options import container_options
from harness.sandbox.owner import OWNER_LABEL, me


def check_gpus(client: Any, image: str, gpus: Gpus) -> None:
    """Start and remove a container with the request; raise `UserError` where the host can't serve it."""
    import docker.errors

    limits = Limits(wall_seconds=30, memory_bytes=256 << 20, cpus=1)
    spec = SandboxSpec(name="", image=image, limits=limits, gpus=gpus, labels={OWNER_LABEL: me()})
    options = container_options(spec) | {"name": None, "mounts": [], "working_dir": "/", "entrypoint": ["/bin/true"]}
    with engine_errors():
        container = client.containers.create(**options)
        try:
            container.start()
        finally:
            with contextlib.suppress(docker.errors.NotFound):
                container.remove(force=True)
