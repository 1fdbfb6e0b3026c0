"""What it costs the harness to watch a run: CPU time of a look at a real container, as a share of a core.

A run is looked at once a second. Each look reads the container's control group, of version 1 also its processes, and
writes a line; CPU time is counted, so that other work on the machine does not matter.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness.sandbox.base import MIB, Limits, SandboxSpec
from harness.sandbox.docker import DockerSandbox
from harness.sandbox.owner import OWNER_LABEL, me
from harness.watch.sampler import Sampler

LOOKS = 2000
PROCESSES = 40  # a search with four workers has about as many
AIM_PERCENT = 1.0
SLEEPERS = "import subprocess,time; [subprocess.Popen(['/bin/sleep','600']) for _ in range({})]; time.sleep(600)"


class Sleeping(DockerSandbox):
    """A box that does nothing, with many processes."""

    def options(self) -> dict[str, object]:
        command = ["/opt/agent/bin/python", "-I", "-c", SLEEPERS.format(PROCESSES)]
        return super().options() | {"entrypoint": command}


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print."""
    from harness import config
    from harness.machine.engine import connect
    from harness.machine.images import ensure_image

    settings = config.load(os.environ)
    image, client = ensure_image("cpu", settings, lambda line: None), connect(settings.environ)
    limits = Limits(wall_seconds=600, memory_bytes=512 * MIB, cpus=1, workspace_bytes=64 * MIB)
    spec = SandboxSpec(f"podium-perf-{time.time_ns()}", image.digest, limits, labels={OWNER_LABEL: me()})
    box = Sleeping(client, spec, workspace_folder=settings.workspaces, environ=settings.environ)
    with tempfile.TemporaryDirectory(prefix="podium-sampling-") as folder:
        file = Path(folder) / "resources.jsonl"
        try:
            box.start()
            box.effective()
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and (use := box.resources()) and (use.processes or 0) < PROCESSES:
                time.sleep(0.2)
            sampler = Sampler(file, box.resources)
            began = time.process_time()
            for second in range(LOOKS):
                sampler.tick(float(second))
            each = (time.process_time() - began) / LOOKS
            record = sampler.close()
        finally:
            box.remove()
        size = file.stat().st_size
    say(f"a look at {use.processes if use else '?'} processes: {each * 1e6:.0f} µs of CPU time,")
    say(f"    {each * 100:.3f} % of a core at one a second (at most {AIM_PERCENT:.0f});")
    say(f"    {record.samples} lines, {size >> 10} KiB")
