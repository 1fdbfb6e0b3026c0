"""How busy this machine's GPUs are, from one `nvidia-smi` that goes on saying it: each start of it costs a lot.

A figure is of a whole GPU, whoever uses it. Of a MIG instance the driver tells nothing this way, so its figures are
unknown. Where there is no such tool, or it fell silent, nothing is known, and samples say nothing of GPUs.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from harness.machine.gpus import TOOL, Inventory
from harness.setup.steps import search_path
from harness.watch.samples import GpuSample

INTERVAL_SECONDS = 2
STALE_SECONDS = 5 * INTERVAL_SECONDS
FIELDS = ("uuid", "utilization.gpu", "memory.used")
MIB = 1 << 20
END_SECONDS = 5.0


class GpuWatch:
    """Asks while its context lasts. `of` may be called from any thread."""

    def __init__(self, environ: Mapping[str, str], inventory: Inventory) -> None:
        self._environ = environ
        self.inventory = inventory
        self._latest: dict[str, tuple[float, GpuSample]] = {}
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def __enter__(self) -> GpuWatch:
        tool = shutil.which(TOOL, path=search_path(self._environ))
        if tool is None or not self.inventory.gpus:
            return self
        command = [tool, f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits"]
        with contextlib.suppress(OSError):
            # When we are killed it ends at its next line: nobody reads it any more.
            self._process = subprocess.Popen(
                [*command, f"--loop={INTERVAL_SECONDS}"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                errors="replace",
                env=dict(self._environ),
                start_new_session=True,  # a Ctrl-C is for us, who let runs end first
            )
            self._reader = threading.Thread(target=self._read, name="podium-gpus", daemon=True)
            self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None or self._reader is None:
            return
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(END_SECONDS)

    def of(self, ids: Sequence[str]) -> tuple[GpuSample, ...]:
        """What is known now of some GPUs or MIG instances; one of which nothing is known has no figures."""
        now = time.monotonic()
        return tuple(self._one(id_, now) for id_ in ids)

    def looking_at(self, ids: Sequence[str]) -> Callable[[], tuple[GpuSample, ...]]:
        """The same for a run's GPUs, to be asked again and again."""
        return lambda: self.of(ids)

    def _one(self, id_: str, now: float) -> GpuSample:
        at, sample = self._latest.get(id_, (float("-inf"), GpuSample(id=id_)))
        return sample if now - at <= STALE_SECONDS else GpuSample(id=id_)

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                sample = parse(line)
                if sample is not None and self.inventory.parent(sample.id) is not None:
                    self._latest[sample.id] = (time.monotonic(), sample)


def parse(line: str) -> GpuSample | None:
    """A line of the tool; `[N/A]` and its other words for what it does not know are None."""
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != len(FIELDS) or not cells[0].startswith("GPU-"):
        return None
    id_, busy, memory = cells
    return GpuSample(
        id=id_,
        memory_bytes=int(memory) * MIB if memory.isdecimal() else None,
        utilization_percent=float(busy) if busy.isdecimal() else None,
    )
