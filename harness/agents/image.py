"""Another agent's image: the user's own, or built from the agent's folder, and on top what every box needs.

Recognised by the hash of all that went in, like ours; so nothing is built twice, and an edit of the folder is enough to
have it built again. `ARG BASE` in the agent's Dockerfile is Podium's base image (Python on Debian); `ARG BOX` is the
image of our own agent without the agent: with `/opt/candidate`, the science stack.
"""

from __future__ import annotations

import re
from typing import Any

from harness.agents.spec import OtherAgent
from harness.config import Settings
from harness.errors import InfrastructureError, UserError
from harness.machine.engine import connect
from harness.machine.images import ImageRef, base_in, current, inspect, lock_file, run_build
from harness.sandbox.failure import engine_errors
from harness.setup import recipe
from harness.setup.base import PULL_SILENCE_SECONDS, pull
from harness.setup.recipe import Recipe
from harness.setup.steps import Say, one_at_a_time

REPOSITORY = recipe.OTHERS
OWN_REPOSITORY = f"{recipe.OTHERS}-own"


def ensure(agent: OtherAgent, settings: Settings, say: Say) -> ImageRef:
    """The agent's image, built or pulled first where needed."""
    client = connect(settings.environ)
    with one_at_a_time(lock_file(), say, "building an image"), engine_errors():
        base = base_in(client, settings, say)
        base_id = str(inspect(client, base.tag)["Id"])
        below = (
            _pulled(agent, settings, client, say) if agent.spec.image else _built(agent, base, settings, client, say)
        )
        wanted = recipe.loopback(settings.root, f"{REPOSITORY}/{agent.name}", *below)
        if current(client, wanted, settings) is None:
            try:
                run_build(wanted, {}, base_id, settings, say)
            except InfrastructureError as error:
                raise UserError(f"{below[0]} can't be boxed: {error}\nThe image needs python3, 3.8 or newer") from error
        attrs = current(client, wanted, settings)
    if attrs is None:
        raise InfrastructureError(f"the engine does not know {wanted.tag} right after its build. Try it again")
    return ImageRef("other", wanted.tag, attrs["Id"], {})


def _built(agent: OtherAgent, base: Recipe, settings: Settings, client: Any, say: Say) -> tuple[str, str]:
    """The image of the agent's own Dockerfile: its name and its id."""
    base_id = str(inspect(client, base.tag)["Id"])
    assert agent.spec.dockerfile is not None
    files = agent.files()
    asked = _arguments(files[agent.spec.dockerfile].decode("utf-8", "replace"))
    arguments = {}
    if "BASE" in asked:
        arguments["BASE"] = base.tag
    if "BOX" in asked:
        box = recipe.box(settings.root)
        if current(client, box, settings) is None:
            run_build(box, {"BASE": base.tag}, base_id, settings, say)
        arguments["BOX"] = box.tag
    wanted = Recipe(
        f"{OWN_REPOSITORY}/{agent.name}", agent.spec.dockerfile, files, arguments, executables=agent.executables()
    )
    if current(client, wanted, settings) is None:
        run_build(wanted, {}, base_id, settings, say)
    return wanted.tag, str(inspect(client, wanted.tag)["Id"])


def _pulled(agent: OtherAgent, settings: Settings, client: Any, say: Say) -> tuple[str, str]:
    """The image that the spec names: its name and its id."""
    name = str(agent.spec.image)
    name = name if re.search(r":[^/]+$|@", name) else f"{name}:latest"
    refusal = None
    if not inspect(client, name):
        refusal = pull(connect(settings.environ, timeout_seconds=PULL_SILENCE_SECONDS), name, say)
    attrs = inspect(client, name)
    if not attrs:
        raise UserError(
            f"the image {name} of {agent.folder / 'agent.yaml'} is not in the engine, and no registry gives it "
            f"({refusal}). Where it is: docker save {name} | gzip > it.tar.gz; here: docker load -i it.tar.gz"
        )
    return name, str(attrs["Id"])


def _arguments(dockerfile: str) -> set[str]:
    return set(re.findall(r"^\s*ARG\s+(\w+)", dockerfile, re.MULTILINE | re.IGNORECASE))
