"""What a run takes along from the coordinator's disk: transcripts that answer it, and attempts that it goes on from.

Packed small, unpacked below the node's scratch folder under names that are made here. Too much of it is refused with
the way out, since it crosses the network with every try.
"""

from __future__ import annotations

import shutil
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.gateway.checks import NAME as CHECKS_NAME
from harness.gateway.held import NAME as HELD_NAME
from harness.nodes import parcel
from harness.results.layout import RunFolder

if TYPE_CHECKING:
    from harness.runs.plan import RunPlan

MIB = 1 << 20
MOST_BYTES = 64 * MIB  # of all together, packed
RECORDED = "recorded"


@dataclass(frozen=True)
class Recorded:
    """A transcript that answers, and the journal beside it, which tells in which order."""

    transcript: bytes
    journal: bytes

    def unpack(self, folder: Path) -> Path:
        """Lie in a folder as a run does; the transcript's path."""
        run = RunFolder(folder)
        folder.mkdir(parents=True)
        run.transcript.write_bytes(zlib.decompress(self.transcript))
        run.journal.write_bytes(zlib.decompress(self.journal))
        return run.transcript


@dataclass(frozen=True)
class GoesOn:
    """The number of an attempt that goes on from earlier ones, and these, packed, by number."""

    attempt: int
    earlier: tuple[tuple[int, bytes], ...]

    def unpack(self, run: RunFolder) -> None:
        """Lie where the coordinator has them: in the run's folder."""
        for number, packed in self.earlier:
            parcel.unpack([packed], run.attempt(number).path)


@dataclass(frozen=True)
class Luggage:
    """All that goes with one run."""

    replay: Recorded | None = None
    reuse: tuple[Recorded, ...] = ()
    goes_on: GoesOn | None = None

    def unpack_recorded(self, plan: RunPlan, scratch: Path) -> tuple[RunPlan, list[Path]]:
        """The plan with its replay here, and the transcripts whose answers are used again."""
        if self.replay is not None:
            plan = replace(plan, replay=self.replay.unpack(scratch / RECORDED / "replay"))
        return plan, [one.unpack(scratch / RECORDED / str(number)) for number, one in enumerate(self.reuse)]


def packed(plan: RunPlan, reuse: Sequence[Path], run: RunFolder | None, attempt: int, *, goes_on: bool) -> Luggage:
    """Pack it; raise `UserError` where that is too much."""
    found = Luggage(
        replay=_recorded(plan.replay) if plan.replay is not None else None,
        reuse=tuple(map(_recorded, reuse)),
        goes_on=_goes_on(run, attempt) if goes_on and run is not None else None,
    )
    parts = [*found.reuse, *([found.replay] if found.replay else [])]
    refuse_heavy(plan, "recordings that answer it", sum(len(one.transcript) + len(one.journal) for one in parts))
    earlier = found.goes_on.earlier if found.goes_on else ()
    refuse_heavy(plan, "earlier attempts that it goes on from", sum(len(content) for _, content in earlier))
    return found


def refuse_heavy(plan: RunPlan, what: str, size: int) -> None:
    """Raise `UserError` where that is too much to send."""
    if size > MOST_BYTES:
        raise UserError(
            f"{plan.run_id}: the {what} have {size / MIB:.0f} MiB when packed, and at most {MOST_BYTES // MIB} go to a "
            "node. Run it on this machine: leave --executor out"
        )


def _recorded(transcript: Path) -> Recorded:
    journal = RunFolder(transcript.parent).journal
    content = journal.read_bytes() if journal.is_file() else b""
    return Recorded(zlib.compress(transcript.read_bytes(), 1), zlib.compress(content, 1))


def _goes_on(run: RunFolder, attempt: int) -> GoesOn:
    """The attempt before, and where that was itself killed before it had its past, the one that it went on from."""
    earlier, number = [], attempt - 1
    while True:
        source = run.attempt(number)
        earlier.append((number, _packed(source)))
        record = source.read()
        if record is None or record.resumed_from is None or source.journal.exists():
            return GoesOn(attempt, tuple(earlier))
        number = record.resumed_from


def _packed(source: RunFolder) -> bytes:
    """What `carry_over` reads of an attempt."""
    wanted = (source.record_file, source.journal, source.transcript, source.egress, source.scores)
    with tempfile.TemporaryDirectory(prefix="podium-") as folder:
        staged, packed = Path(folder, "attempt"), Path(folder, "packed")
        staged.mkdir()
        for path in (*wanted, source.path / CHECKS_NAME, source.path / HELD_NAME):
            if path.is_file():
                shutil.copyfile(path, staged / path.name)
        if source.nodes.is_dir():
            shutil.copytree(source.nodes, staged / source.nodes.name, symlinks=True)
        parcel.pack(staged, packed)
        return packed.read_bytes()
