"""A run's image on a node: by the coordinator's digest, or one of the same inputs; anything else is refused.

In this order: the image of that digest is there; one of the same inputs, built there, is there (its label and its name
say of which inputs, and its base is the one of these sources); a registry that the user named gives the digest; it is
built there from the node's own checkout, whose inputs must be the coordinator's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.config import Settings
from harness.errors import InfrastructureError
from harness.machine.engine import connect
from harness.machine.images import ImageRef, ensure_image, inspect
from harness.nodes.shipping import is_of, pull
from harness.sandbox.failure import engine_errors
from harness.setup.recipe import Kind, agent
from harness.setup.steps import Say

if TYPE_CHECKING:
    from harness.agents.spec import OtherAgent


@dataclass(frozen=True)
class WantedImage:
    """The image of a run as the coordinator has it, and the registry that may give it."""

    ref: ImageRef
    registry: str | None = None


def have(wanted: WantedImage, other: OtherAgent | None, settings: Settings, say: Say) -> ImageRef:
    """The image on this node; `InfrastructureError` where it is another one, or can't be had."""
    client = connect(settings.environ)
    ref = wanted.ref
    with engine_errors():
        if inspect(client, ref.digest):
            return ref
        same = inspect(client, ref.tag)
        if is_of(same, ref.tag):
            return replace(ref, digest=str(same["Id"]))
    if wanted.registry is not None:
        pull(client, wanted.registry, ref.tag, say, digest=ref.digest)
        return ref
    if other is not None:
        raise InfrastructureError(
            f"this node has not the image {ref.tag} of {other.name}. Bring it there: podium images push {ref.tag} "
            "--registry REGISTRY, then --registry REGISTRY; or podium images save and load"
        )
    kind: Kind = "gpu" if ref.kind == "gpu" else "cpu"
    makes = agent(kind, settings.root).tag
    if makes != ref.tag:
        raise InfrastructureError(
            f"this node's checkout makes the image {makes}, and the run needs {ref.tag}: its Podium is another one. "
            "Bring both to the same commit"
        )
    return ensure_image(kind, settings, say)
