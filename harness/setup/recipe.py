"""What an image is made of: every input in memory, their hash, and the folder that a build reads.

A build sees a copy of exactly what was hashed: an edit in the middle of it can't end up in an image that claims to be
another one, and nothing else of the checkout (results, data, environments) can slip in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["cpu", "gpu"]
INPUTS_LABEL = "podium.inputs"  # the recipe's hash
BASE_LABEL = "podium.base"  # the id of the base image that it was built on
OTHERS = "podium/others"  # what the images of other agents are called begins so
HASH_CHARACTERS = 16


@dataclass(frozen=True)
class Recipe:
    """One image to build: its name, its Dockerfile's path in the context, and the context's files."""

    repository: str
    dockerfile: str
    files: Mapping[str, bytes]
    arguments: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    executables: frozenset[str] = frozenset()

    @property
    def inputs(self) -> str:
        """A hash of everything that decides the image, but for the base's own content."""
        digests = {path: hashlib.sha256(content).hexdigest() for path, content in self.files.items()}
        parts: list[object] = [self.repository, self.dockerfile, digests, dict(self.arguments), self.target]
        parts += [sorted(self.executables)] if self.executables else []
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:HASH_CHARACTERS]

    @property
    def tag(self) -> str:
        """The image's full name."""
        return f"{self.repository}:{self.inputs}"

    def lay_out(self, folder: Path) -> None:
        """Write the build context; modes are the same everywhere, whatever the umask here."""
        for path, content in self.files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(0o755 if path in self.executables else 0o644)
        for below in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
            below.chmod(0o755)


def base(root: Path, python_image: str) -> Recipe:
    """Python 3.11 on Debian, from a registry or from packages."""
    files = _folder(root / "dockerfiles/base", "dockerfiles/base")
    return Recipe("podium/base", "dockerfiles/base/Dockerfile", files, {"PYTHON_IMAGE": python_image})


def box(root: Path) -> Recipe:
    """Everything of the CPU image but the agent's sources; what the GPU image stands on."""
    files = _folder(root / "dockerfiles/agent-cpu", "dockerfiles/agent-cpu")
    return Recipe("podium/box", "dockerfiles/agent-cpu/Dockerfile", files, target="box")


def agent(kind: Kind, root: Path) -> Recipe:
    """The image that runs the agent and its candidates."""
    below = box(root)
    sources = _folder(root / "agent", "agent")
    if kind == "cpu":
        return Recipe("podium/agent-cpu", below.dockerfile, {**below.files, **sources})
    # The box's files decide the image too; its Dockerfile's own build does not read them.
    files = {**below.files, **_folder(root / "dockerfiles/agent-gpu", "dockerfiles/agent-gpu"), **sources}
    return Recipe("podium/agent-gpu", "dockerfiles/agent-gpu/Dockerfile", files)


def loopback(root: Path, repository: str, below: str, below_id: str) -> Recipe:
    """Another agent's own image `below`, with what every box of one has: a way to the gateway, a user, folders."""
    files = _folder(root / "dockerfiles/loopback", "dockerfiles/loopback")
    files |= {name: (root / name).read_bytes() for name in ("agent/loopback.py", "agent/supervisor/seccomp.py")}
    arguments = {"AGENT": below, "AGENT_ID": below_id}  # a name may come to mean another image; its id decides too
    return Recipe(repository, "dockerfiles/loopback/Dockerfile", files, arguments)


def _folder(folder: Path, name: str) -> dict[str, bytes]:
    return {f"{name}/{path.relative_to(folder)}": path.read_bytes() for path in _sources(folder)}


def _sources(folder: Path) -> Iterator[Path]:
    """All that git would keep, without prompts: those are mounted, so that two sets share one image."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        skipped = any(part.startswith(".") or part in ("__pycache__", "prompts") for part in parts)
        if path.is_file() and not skipped and path.suffix != ".pyc":
            yield path
