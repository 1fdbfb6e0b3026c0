"""Works out how much disk a preparation takes, so that too little is said before hours of work and not after.

An estimate that errs on the low side: whoever has that much may still run out, whoever has less surely does.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from harness.data import rawdata
from harness.data.manifest import files_below
from harness.errors import UserError
from harness.specs.competition import Competition, KaggleSource
from harness.splits.placing import Placer

TABLES = 1.1  # train, test, answers and sample submission, of the raw table's size
GB = 10**9


def refuse_without(competition: Competition, needed: int, where: Path) -> None:
    """Raise UserError when less is free than that."""
    free = shutil.disk_usage(where).free
    if needed > free:
        raise UserError(
            f"{competition.id}: preparing it takes about {_shown(needed)} in {where}, {_shown(free)} are free; "
            "make room or move PODIUM_HOME"
        )


def to_download(competition: Competition) -> int:
    """Return what the archive takes and what is unpacked of it, as far as the spec knows."""
    stated = competition.source.zip_bytes if isinstance(competition.source, KaggleSource) else None
    raw = int((competition.sizes.raw_mb or 0) * 10**6)
    return (stated or raw) + max(stated or 0, raw)


def to_unpack(archive: Path, wanted: Sequence[str], into: Path) -> int:
    """Return what is still to be unpacked, and the tables made of it; media will share the unpacked files' blocks."""
    sizes = rawdata.sizes_in(archive, wanted)
    missing = sum(size for name, size in sizes.items() if not (into / name).exists())
    return missing + int(TABLES * sum(size for name, size in sizes.items() if "/" not in name))


def to_prepare(inputs: rawdata.Inputs, where: Path) -> int:
    """Return what prepared data will take that do not share their blocks with raw ones."""
    placer, needed = Placer(), 0.0
    for paths in inputs.values():
        for path in paths:
            if path.is_dir():
                needed += sum(file.stat().st_size for file in files_below(path) if not placer.would_share(file, where))
            else:
                needed += TABLES * path.stat().st_size
    return int(needed)


def _shown(size: int) -> str:
    return f"{size / GB:.1f} GB" if size >= GB / 10 else f"{size:,} bytes"
