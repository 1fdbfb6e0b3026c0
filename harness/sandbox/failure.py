"""Whose fault is it? Turns the engine's errors into ours: the user's, or the infrastructure's.

The agent's failures never come through here: a crash, an OOM kill or a timeout inside the box is an `Ending`. The
ambiguity that remains: the engine answers 500 both for its own trouble and for a request that this host can't serve
(a GPU without a toolkit), so those are told apart by the engine's words, quoted in the tests.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from harness.errors import InfrastructureError, PodiumError, UserError

NO_GPU_WORDS = (
    "could not select device driver",
    "unknown runtime specified nvidia",
    "nvidia-container-cli",
    "cdi device",
)
GONE_WORDS = ("no such container", "dead or marked for removal")
NO_DISK_WORDS = ("no space left on device",)


def classify(error: Exception) -> PodiumError:
    """Say what an exception of the docker SDK means for the user."""
    import docker.errors
    import requests

    words = str(getattr(error, "explanation", None) or error).strip()
    lowered = words.lower()
    if any(sign in lowered for sign in NO_GPU_WORDS):
        return UserError(
            f"this host's container engine can't hand out GPUs: {words}. Install the NVIDIA container toolkit "
            "(1.17.8 or newer), restart the engine, then try: podium doctor"
        )
    if any(sign in lowered for sign in NO_DISK_WORDS):
        return InfrastructureError(f"the container engine's disk is full: {words}. See: podium doctor")
    if any(sign in lowered for sign in GONE_WORDS):
        return InfrastructureError(f"the container was removed while it ran: {words}. See: podium doctor")
    if isinstance(error, docker.errors.ImageNotFound):
        return InfrastructureError(f"the container image is gone: {words}. Build it again: podium image")
    if isinstance(error, docker.errors.APIError):
        return InfrastructureError(f"the container engine refused: {words}. See: podium doctor")
    if isinstance(error, (docker.errors.DockerException, requests.exceptions.RequestException, OSError)):
        return InfrastructureError(f"the container engine does not answer: {words}. See: podium doctor")
    raise error


@contextlib.contextmanager
def engine_errors() -> Iterator[None]:
    """Raise the engine's errors as ours inside this block."""
    import docker.errors
    import requests

    try:
        yield
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise classify(error) from error
