"""`agent.yaml`: how another agent is built and run. One folder an agent, below `dockerfiles/` or wherever a user likes.

Read by the harness alone, once a command; nothing of it is trusted inside. Building is `image.py`'s.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from harness.errors import UserError
from harness.specs.specfile import read_spec

FILE = "agent.yaml"
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_NAME = 40
MOST_BYTES = 1 << 30
SECRET = re.compile(r"(_KEY|_TOKEN|_SECRET|_PASSWORD)$")

Text = Annotated[str, Field(min_length=1)]


class AgentLimits(BaseModel):
    """What a run may use where the command line does not say."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    wall_minutes: float = Field(default=24 * 60.0, gt=0)
    script_minutes: float = Field(
        default=60.0, gt=0, description="told to the agent; the harness can't see its scripts"
    )
    steps: int = Field(default=20, ge=1, description="told to the agent")
    memory_gib: float | None = Field(default=None, gt=0)
    cpus: float | None = Field(default=None, gt=0)
    disk_gib: float | None = Field(default=None, gt=0)
    processes: int = Field(default=1024, ge=16)


class AgentSpec(BaseModel):
    """`agent.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    title: Text
    image: Text | None = None
    dockerfile: Text | None = None
    command: tuple[Text, ...] = Field(min_length=1)
    environment: Mapping[str, str] = {}
    limits: AgentLimits = AgentLimits()
    answers: bool = Field(
        default=False, description="the answers are mounted at /home/answers: for tests of the harness"
    )

    @model_validator(mode="after")
    def _one_image(self) -> AgentSpec:
        if (self.image is None) == (self.dockerfile is None):
            raise ValueError("it takes one of `image` and `dockerfile`: an image's name, or a file in this folder")
        if self.dockerfile and (self.dockerfile.startswith("/") or ".." in Path(self.dockerfile).parts):
            raise ValueError(f"`dockerfile` must lie in this folder; found {self.dockerfile!r}")
        return self

    @field_validator("environment")
    @classmethod
    def _no_secrets(cls, environment: Mapping[str, str]) -> Mapping[str, str]:
        for name in environment:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise ValueError(f"{name!r} can't name an environment variable")
            if SECRET.search(name.upper()):
                raise ValueError(
                    f"{name} looks like a secret, and no secret enters the box: the gateway adds the model's key on "
                    "the host, and a dummy one is set inside"
                )
        return environment


@dataclass(frozen=True)
class OtherAgent:
    """An agent that is not ours: its name, its folder, what `agent.yaml` says."""

    name: str
    folder: Path
    spec: AgentSpec

    @property
    def sha256(self) -> str:
        """Names what the spec says; the image has a digest of its own."""
        return hashlib.sha256(self.spec.model_dump_json().encode()).hexdigest()

    def files(self) -> dict[str, bytes]:
        """The context of its image: all in the folder but the spec, hidden files and compiled Python."""
        paths = list(_sources(self.folder))
        size = sum(path.stat().st_size for path in paths)
        if size > MOST_BYTES:
            raise UserError(
                f"{self.folder} holds {size >> 20} MiB, all of which its image's build would read (at most "
                f"{MOST_BYTES >> 20}). Move what the image does not need elsewhere"
            )
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}

    def executables(self) -> frozenset[str]:
        """Those of the files that may be run."""
        return frozenset(
            str(path.relative_to(self.folder)) for path in _sources(self.folder) if path.stat().st_mode & 0o100
        )


def find(name_or_folder: str, dockerfiles: Path) -> OtherAgent | None:
    """A shipped agent by its name, or any folder with an `agent.yaml`; None where there is no such thing.

    Raise `UserError` with the field, the value and the reason where the file does not say what it must.
    """
    is_folder = "/" in name_or_folder or name_or_folder in (".", "..")
    folder = Path(name_or_folder).expanduser().resolve() if is_folder else dockerfiles / name_or_folder
    if not (folder / FILE).is_file():
        if is_folder:
            raise UserError(f"{folder} holds no {FILE}. The form: {dockerfiles / 'README.md'}")
        return None
    if not NAME.fullmatch(folder.name) or len(folder.name) > LONGEST_NAME:
        raise UserError(
            f"{folder.name!r}, the folder's name, can't name an agent: up to {LONGEST_NAME} of a-z, 0-9 and '-'. "
            f"Rename it: mv {folder} {folder.with_name('my-agent')}"
        )
    return OtherAgent(folder.name, folder, _read(folder / FILE))


def shipped(dockerfiles: Path) -> list[OtherAgent]:
    """All that ship, by name."""
    found = (find(path.parent.name, dockerfiles) for path in sorted(dockerfiles.glob(f"*/{FILE}")))
    return [agent for agent in found if agent is not None]


def _read(path: Path) -> AgentSpec:
    spec = read_spec(path, AgentSpec)
    if spec.dockerfile and not (path.parent / spec.dockerfile).is_file():
        raise UserError(f"{path} names the Dockerfile {spec.dockerfile!r}, which {path.parent} does not hold")
    return spec


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if path.is_file() and not hidden and path.suffix != ".pyc" and path != folder / FILE:
            yield path
