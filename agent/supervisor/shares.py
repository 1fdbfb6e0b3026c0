"""How the devices of a box are divided among its slots. Advisory: a candidate may take what it is asked to leave."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

GPU = re.compile(r"nvidia\d+")


def shares(devices: tuple[int, ...], count: int) -> list[tuple[int, ...]]:
    """Divide devices into `count` parts of neighbours; where there are too few, some have the same one."""
    if len(devices) < count:
        return [devices[place % len(devices) :][:1] if devices else () for place in range(count)]
    ends = [len(devices) * place // count for place in range(count + 1)]
    return [devices[start:end] for start, end in itertools.pairwise(ends)]


def gpus_of(number: int, slots: int, devices: Path = Path("/dev")) -> tuple[int, ...] | None:
    """The GPUs that the candidate of a slot is asked to stay on, as CUDA counts them; None where all are its own."""
    found = sum(GPU.fullmatch(path.name) is not None for path in devices.iterdir())
    return shares(tuple(range(found)), slots)[number] if found and slots > 1 else None
