"""What all plans of one command stand on: an engine and its machine, each competition's data, what runs may fetch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.runs import before_runs

if TYPE_CHECKING:
    from harness.config import Settings
    from harness.data.manifest import Prepared
    from harness.egress.cache import CacheView
    from harness.egress.choice import Egress
    from harness.machine.gpus import Inventory
    from harness.machine.images import ImageRef
    from harness.results.layout import HostRecord
    from harness.results.record import CodeRecord
    from harness.sandbox.base import Limits
    from harness.sandbox.placing import Boxes
    from harness.verbs.choices import BenchOptions
    from harness.verbs.progress import Say


@dataclass
class Ground:
    """Found out once a command, however many agents, models and prompt sets it has."""

    client: Any = None
    boxes: Boxes | None = None
    host: HostRecord | None = None
    code: CodeRecord | None = None
    gpus: Inventory | None = None
    data: dict[str, Prepared] = field(default_factory=dict)
    reached: tuple[Egress, CacheView | None] | None = None

    def connect(self, settings: Settings, options: BenchOptions, say: Say) -> None:
        """Have an engine, and know its machine and this code; refuse sizes that it can't have."""
        from harness.machine import hardware, provenance
        from harness.machine.engine import connect, ensure_engine
        from harness.machine.gpus import inventory
        from harness.sandbox.placing import Boxes

        engine = ensure_engine(settings, say)
        self.client = connect(settings.environ)
        self.gpus = inventory(settings.environ)
        self.host = hardware.host(f"{engine.version} at {engine.host}", settings.environ, self.gpus)
        self.code = provenance.code(settings.root, settings.environ)
        if options.where.is_here:
            before_runs.refuse_cpus(self.client, options.cpus)
            before_runs.refuse_runtime(self.client, options.runtime)
            before_runs.refuse_memory(self.client, options.memory_bytes)
        self.boxes = Boxes(
            self.client,
            workspace_folder=settings.workspaces,
            environ=settings.environ,
            relay=settings.root / "agent" / "relay.py",
        )

    def fitting(
        self, options: BenchOptions, image: ImageRef, limits: Limits, say: Say
    ) -> tuple[Limits, tuple[int, ...] | None]:
        """Limits and CPU numbers of the engine's machine where that is not this one; and what is to be known of it."""
        from harness.machine import hardware

        assert self.boxes is not None
        if not options.where.is_here:
            return limits, None  # each node has an engine of its own
        traits = self.boxes.traits(image.digest)
        if not self.boxes.told:
            self.boxes.told = True
            before_runs.point_out_engine(traits, say)
            self.host = self.host and hardware.on(self.host, traits)
        if traits.sees_host:
            return limits, None
        memory = options.memory_bytes or traits.memory_bytes * 3 // 4 // max(1, options.jobs)
        cpus = options.cpus or float(max(1, traits.cpus // max(1, options.jobs)))
        return replace(limits, memory_bytes=memory, cpus=cpus), tuple(range(traits.cpus))

    def reach(self, settings: Settings, options: BenchOptions, say: Say) -> tuple[Egress, CacheView | None]:
        """What runs may fetch, and what lies ready for those that may fetch nothing."""
        from harness.egress.cache import Cache
        from harness.egress.choice import parse

        if self.reached is not None:
            return self.reached
        egress = parse(options.egress)
        if egress.mode == "open":
            say(
                "--egress open: the box has the engine's NETWORK. What this machine can reach, a model's scripts can: "
                "other machines, a cloud's metadata, published answers. Every table marks such runs"
            )
        elif egress.mode == "allowlist":
            hosts = ", ".join(map(str, egress.rules))
            say(f"hosts that scripts may fetch from: {hosts}. Every table marks such runs")
        cache = Cache(settings.cache).view() if options.cache and egress.mode == "none" else None
        if cache is not None:
            say(f"{len(cache.told)} packages and models lie ready: podium cache list; not for this run: --no-cache")
        self.reached = egress, cache
        return self.reached
