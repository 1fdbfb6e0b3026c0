"""This machine's NVIDIA GPUs, as the driver's own tool states them: what can be asked for, and by which names.

Only looks. MIG, which cuts a GPU into instances, is left as it is found: instances are listed and can be asked for by
their UUIDs, and none is ever made, changed or removed here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import UserError
from harness.machine.asking import ask_tool, elsewhere
from harness.sandbox.base import Gpus

TOOL = "nvidia-smi"
TOOL_SECONDS = 20  # without persistence mode the driver takes seconds for its first answer
FIELDS = ("index", "uuid", "name", "memory.total", "driver_version", "mig.mode.current")
OLD_FIELDS = FIELDS[:-1]  # drivers before 450 know no MIG, and refuse the whole question
_INSTANCE = re.compile(r"^\s+MIG\s+(?P<profile>\S+)\s+Device\s+\d+:\s+\(UUID:\s+(?P<id>MIG-[^)]+)\)")
_GPU = re.compile(r"^GPU\s+(?P<index>\d+):.*\(UUID:\s+(?P<id>GPU-[^)]+)\)")


@dataclass(frozen=True)
class Instance:
    """A part of a GPU under MIG."""

    id: str
    profile: str


@dataclass(frozen=True)
class Gpu:
    """One GPU; `instances` are what it is cut into where MIG is on, and what can then be asked for in its place."""

    index: int
    id: str
    name: str
    memory: str
    driver: str
    mig: bool = False
    instances: tuple[Instance, ...] = ()


@dataclass(frozen=True)
class Inventory:
    """All GPUs by their index; `problem` says why there are none, or none can be seen."""

    gpus: tuple[Gpu, ...] = ()
    problem: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """What a run can have for itself: whole GPUs, and the instances of those that are cut up."""
        return tuple(id_ for gpu in self.gpus for id_ in ([part.id for part in gpu.instances] if gpu.mig else [gpu.id]))

    def resolve(self, wanted: Gpus) -> tuple[str, ...]:
        """The UUIDs of a request, in its order; of a number the first ones that a run can have for itself.

        Raise `UserError` where they are not here.
        """
        if not wanted.ids:
            count = len(self.ids) if wanted.count == -1 else wanted.count or 0
            if not 0 < count <= len(self.ids):
                asked = "all GPUs are asked for" if wanted.count == -1 else f"--gpus {count}"
                raise UserError(f"{asked}, and this machine has {self._said()}. List them: {TOOL} -L")
            return self.ids[:count]
        found = tuple(self._by_name(name) for name in wanted.ids)
        if len(set(found)) < len(found):
            raise UserError(f"--gpus {','.join(wanted.ids)} names a GPU twice. Name each once: {TOOL} -L")
        return found

    def parent(self, id_: str) -> Gpu | None:
        """The GPU of an id, be it an instance's."""
        return next((gpu for gpu in self.gpus if id_ == gpu.id or id_ in [part.id for part in gpu.instances]), None)

    def _by_name(self, name: str) -> str:
        for gpu in self.gpus:
            if name == str(gpu.index) or gpu.id.startswith(name):
                return _whole(gpu)
            if any(part.id == name for part in gpu.instances):
                return name
        raise UserError(f"--gpus: there is no GPU {name} here; this machine has {self._said()}. List them: {TOOL} -L")

    def _said(self) -> str:
        """All that can be asked for, by the index of its GPU and its UUID."""
        said = [f"{gpu.index} ({part.id})" for gpu in self.gpus for part in (gpu.instances if gpu.mig else (gpu,))]
        return ", ".join(said) or f"none: {self.problem or 'MIG is on, and has no instances'}"


def inventory(environ: Mapping[str, str]) -> Inventory:
    """Look the GPUs up; never an error. Those of an engine on another machine can't be seen from here."""
    if away := elsewhere(environ):
        return Inventory(problem=f"the engine is at {away}, whose GPUs can't be seen from here")
    listed = _ask(environ, f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader")
    if isinstance(listed, str):
        older = _ask(environ, f"--query-gpu={','.join(OLD_FIELDS)}", "--format=csv,noheader")
        listed = listed if isinstance(older, str) else older
    if isinstance(listed, str):
        return Inventory(problem=listed)
    rows = [tuple(cell.strip() for cell in line.split(",")) for line in listed]
    rows = [row for row in rows if len(row) >= len(OLD_FIELDS) and row[0].isdecimal()]
    if not rows:
        return Inventory(problem=f"{TOOL} lists none")
    cut = _instances(environ) if any(_is_on(row) for row in rows) else {}
    return Inventory(
        tuple(
            Gpu(int(row[0]), row[1], row[2], row[3], row[4], _is_on(row), cut.get(row[1], ()))
            for row in sorted(rows, key=lambda row: int(row[0]))
        )
    )


def _whole(gpu: Gpu) -> str:
    if gpu.mig:
        parts = ", ".join(part.id for part in gpu.instances) or "it has none yet"
        raise UserError(
            f"GPU {gpu.index} ({gpu.id}) is cut into MIG instances, and is not handed out as a whole. "
            f"Ask for an instance, or another GPU, by its UUID: {parts} ({TOOL} -L)"
        )
    return gpu.id


def _is_on(row: Sequence[str]) -> bool:
    return row[len(OLD_FIELDS) :] == ("Enabled",)


def _instances(environ: Mapping[str, str]) -> dict[str, tuple[Instance, ...]]:
    """The MIG instances by the UUID of their GPU."""
    listed = _ask(environ, "-L")
    found: dict[str, tuple[Instance, ...]] = {}
    gpu = ""
    for line in () if isinstance(listed, str) else listed:
        if match := _GPU.match(line):
            gpu = match["id"]
        elif match := _INSTANCE.match(line):
            found[gpu] = (*found.get(gpu, ()), Instance(match["id"], match["profile"]))
    return found


def _ask(environ: Mapping[str, str], *arguments: str) -> list[str] | str:
    return ask_tool((TOOL, *arguments), environ, seconds=TOOL_SECONDS)
