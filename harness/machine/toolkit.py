"""Which version of NVIDIA's container toolkit hands out GPUs here, and whether it may.

Before 1.17.8 a container's image could take over the host by it (CVE-2025-23266), so that earlier ones are refused. The
engine does not say which version it uses; the toolkit's own programs do, on the engine's machine. Where they can't be
asked the version is unknown, which is said and recorded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import UserError
from harness.machine.asking import ask_tool, elsewhere

NEEDED = (1, 17, 8)
NEEDED_TEXT = ".".join(map(str, NEEDED))
ASK_SECONDS = 5.0
# In the order in which they are asked; each is of the same release as the others.
PROGRAMS = (
    ("nvidia-ctk", "--version"),
    ("nvidia-container-runtime-hook", "--version"),
    ("nvidia-container-cli", "--version"),
)
UPGRADE = (
    "sudo apt-get install --only-upgrade nvidia-container-toolkit (elsewhere: your system's package), then restart the "
    "engine: sudo systemctl restart docker"
)
_VERSION = re.compile(r"version:? (?P<text>(\d+)\.(\d+)\.(\d+)(?P<before>[-~]\S+)?)")


@dataclass(frozen=True)
class Toolkit:
    """A version and the program that said it; or neither, and why."""

    version: str | None = None
    program: str | None = None
    problem: str = ""

    @property
    def is_old(self) -> bool:
        """Is it known to be one that must not be used? A release candidate comes before its release."""
        match = _VERSION.match(f"version {self.version}") if self.version else None
        if match is None:
            return False
        numbers = tuple(int(match[place]) for place in (2, 3, 4))
        return numbers < NEEDED or (numbers == NEEDED and match["before"] is not None)


def toolkit(environ: Mapping[str, str]) -> Toolkit:
    """Ask the toolkit's programs, one after the other; never an error."""
    if away := elsewhere(environ):
        return Toolkit(problem=f"the engine is at {away}, whose toolkit can't be asked from here")
    silent = []
    for program in PROGRAMS:
        said = ask_tool(program, environ, seconds=ASK_SECONDS)
        match = None if isinstance(said, str) else _VERSION.search(" ".join(said[:1]))
        if match is not None:
            return Toolkit(match["text"], program[0])
        silent.append(said if isinstance(said, str) else f"{program[0]} names no version")
    return Toolkit(problem="; ".join(silent))


def refuse_old(found: Toolkit) -> None:
    """Raise `UserError` for a version that lets a container take over its host."""
    if found.is_old:
        raise UserError(
            f"NVIDIA container toolkit {found.version} (says {found.program}) lets an image take over the host when a "
            f"container gets a GPU (CVE-2025-23266). Runs with --gpus need {NEEDED_TEXT} or newer: {UPGRADE}"
        )
