"""Where the runs of a command are carried out: what the user chose, checked, and the executor that comes of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from harness.errors import UserError
from harness.gateway.pace import RateLimits
from harness.groups import gpu_nodes
from harness.groups.executor import Executor, Work
from harness.groups.local import LocalExecutor

if TYPE_CHECKING:
    from harness.config import Settings
    from harness.gateway.journal import StoredEvent
    from harness.runs.plan import RunPlan
    from harness.setup.steps import Say
    from harness.verbs.choices import BenchOptions

ExecutorName = Literal["local", "ray"]
MakeExecutor = Callable[[Work], Executor]


@dataclass(frozen=True)
class Where:
    """The choices of where runs are carried out; they decide nothing of what comes out of one."""

    executor: ExecutorName = "local"
    ray_address: str | None = None
    data_url: str | None = None
    registry: str | None = None
    send_keys: bool = False

    @property
    def is_here(self) -> bool:
        """Are runs carried out on this machine?"""
        return self.executor == "local"

    def check(self, options: BenchOptions) -> None:
        """Refuse what can't be meant; raise `UserError`."""
        if self.is_here:
            given = {
                "--ray-address": self.ray_address,
                "--data-url": self.data_url,
                "--registry": self.registry,
                "--send-keys": self.send_keys,
            }
            if chosen := next((flag for flag, value in given.items() if value), None):
                raise UserError(f"{chosen} is for runs on other machines: --executor ray")
            return
        missing = [flag for flag, value in (("--cpus", options.cpus), ("--memory", options.memory_bytes)) if not value]
        if missing:
            raise UserError(
                f"--executor ray needs {' and '.join(missing)}: machines differ, and a run must not depend on where it "
                "is placed. As in: --cpus 4 --memory 16"
            )
        gpu_nodes.refuse_places(options.gpus)
        crowded = {"--runs-per-cpu": options.runs_per_cpu, "--runs-per-gpu": options.runs_per_gpu}
        if chosen := next((flag for flag, value in crowded.items() if value > 1), None):
            raise UserError(
                f"{chosen}: on other machines a CPU or GPU is one run's own. Leave that out, or --executor ray"
            )


def parse_executor(text: str) -> ExecutorName:
    """`--executor`: local, or ray."""
    if text not in get_args(ExecutorName):
        raise UserError(f"--executor {text!r}: choose one of {', '.join(get_args(ExecutorName))}")
    return cast(ExecutorName, text)


@contextlib.contextmanager
def executor_of(
    where: Where,
    plans: Sequence[RunPlan],
    settings: Settings,
    *,
    prices: Path | None = None,
    pace: RateLimits,
    say: Say,
    on_event: Callable[[RunPlan, StoredEvent], None],
    recorded: Callable[[RunPlan], Sequence[Path]],
) -> Iterator[MakeExecutor]:
    """What makes the executor; a cluster is left in the end. `PodiumError` says what is amiss."""
    if where.is_here:
        yield LocalExecutor
        return
    from harness.gateway.providers import PRICES_VARIABLE, variables_of
    from harness.groups import cluster
    from harness.groups.errand import Shared
    from harness.groups.rates import Rates
    from harness.nodes import samecode
    from harness.nodes.job import Shipping, job, refuse

    for plan in plans:
        refuse(plan)
    models = dict.fromkeys(model for plan in plans for model in plan.models)
    keys = variables_of(models, settings.environ) if where.send_keys else {}
    stated = settings.environ.get(PRICES_VARIABLE)
    prices = prices or (Path(stated) if stated else None)
    code = samecode.sha256(settings.root)
    with cluster.connected(where.ray_address, settings.environ) as joined:
        machines = joined.machines()
        say(f"cluster at {joined.address}: {', '.join(map(str, machines))}")
        shipping = Shipping(where.data_url, where.registry, keys=keys)
        make_job = partial(job, code_sha256=code, shipping=shipping, prices=prices)
        shared = Shared(joined, {plan.run_id: plan for plan in plans}, make_job, say, on_event, Rates(pace), recorded)
        yield lambda _: LocalExecutor(shared.carry_out)
