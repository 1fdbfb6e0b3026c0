"""A request for GPUs, judged before anything is built for it: may it be, are they here, does the engine give them?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.errors import UserError
from harness.machine.gpus import Inventory
from harness.machine.toolkit import NEEDED_TEXT, refuse_old, toolkit
from harness.sandbox.base import Gpus
from harness.sandbox.gpu import check_gpus

Say = Callable[[str], None]


def refuse_what_cannot_be(
    client: Any, base: Callable[[], str], wanted: Gpus, here: Inventory, environ: Mapping[str, str], say: Say
) -> None:
    """Raise `UserError` for an old toolkit, for GPUs that are not here, and where the engine hands none out.

    `base` makes an image ready with which a container can be tried. A toolkit whose version is not known is said.
    """
    found = toolkit(environ)
    refuse_old(found)
    if here.gpus:
        here.resolve(wanted)
    check_gpus(client, base(), wanted)
    if found.version is None:
        say(
            f"The version of NVIDIA's container toolkit is not known: {found.problem}. Before {NEEDED_TEXT} an image "
            "could take over the host by it; look there: nvidia-ctk --version"
        )


def given(wanted: Gpus | None, here: Inventory) -> tuple[str, ...]:
    """The UUIDs of what a run was given, or the names it was asked for by where these are not known here."""
    if wanted is None:
        return ()
    try:
        return here.resolve(wanted)
    except UserError:
        return wanted.ids
