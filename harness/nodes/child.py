"""The process of one run on a node: makes data and image ready, runs, and ends when whoever asked for it is gone.

It is no child of the cluster's worker process, so nothing that ends that one ends it in the middle of a container's
life: it notices by the end of its standard input, ends the run and removes the container. What it reads there: a
pickled `Job`, its length before it, then `stop` (the agent finishes its node), `end` (now), or news of the providers'
accounts (`news.py`). What it writes: a JSON object a line. Started as `python -m harness.nodes.child FOLDER GPUS`.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness import config
from harness.errors import InfrastructureError, Interrupted, PodiumError, UserError
from harness.gateway.pacing import PACE_FOLDER, Paces
from harness.nodes import gpus, news
from harness.nodes.job import Job, on_this_node
from harness.nodes.luggage import GoesOn
from harness.nodes.place import placed
from harness.results.layout import RunFolder, RunRecord
from harness.runs.plan import RunPlan
from harness.runs.run import RunTools, enter, run_attempt, run_one

if TYPE_CHECKING:
    from harness.machine.gpus import Inventory

LENGTH = struct.Struct(">Q")
RUN = "run"  # the run's folder, below the scratch folder
EARLY_END = 3


class Wishes:
    """What was read from standard input so far."""

    def __init__(self, source: IO[bytes], on_news: Callable[[bytes], None]) -> None:
        self._on_news = on_news
        self.stop = threading.Event()
        self.end = threading.Event()
        self.running = threading.Event()
        self._source = source
        threading.Thread(target=self._listen, name="wishes", daemon=True).start()

    def refuse_when_ended(self) -> None:
        """Raise `Interrupted` where nobody wants the run any more."""
        if self.end.is_set():
            raise Interrupted("ended before it began")

    def _listen(self) -> None:
        for line in self._source:
            if line.strip() == b"stop":
                self.stop.set()
            elif line.strip() == b"end":
                break
            elif line.startswith(b"{"):
                self._on_news(line)
        self.stop.set()
        self.end.set()
        if not self.running.is_set():  # no container yet, and what is being made appears whole or not at all
            os._exit(EARLY_END)


def main() -> None:
    """Leave the worker's process tree, then run."""
    scratch, gpus = Path(sys.argv[1]), sys.argv[2]
    if os.fork():
        os._exit(0)
    os.setsid()
    job = read_job(sys.stdin.buffer)
    settings = config.load({**os.environ, **job.shipping.keys})
    paces = Paces(job.shipping.pace, settings.home / PACE_FOLDER, news.Noted(lambda refused: tell(refused=refused)))
    wishes = Wishes(sys.stdin.buffer, lambda line: news.heed(line, paces, time.monotonic()))
    try:
        run(job, settings, scratch, tuple(filter(None, gpus.split(","))), wishes, paces)
    except BaseException as error:
        tell(failed=_kind(error), reason=str(error) or type(error).__name__, trace=traceback.format_exc())
        raise


def read_job(source: IO[bytes]) -> Job:
    """The job that the coordinator sent."""
    (length,) = LENGTH.unpack(source.read(LENGTH.size))
    job = pickle.loads(source.read(length))  # noqa: S301 - from the coordinator, whom a node obeys in everything
    assert isinstance(job, Job)
    return job


def run(
    job: Job, settings: config.Settings, scratch: Path, gpu_ids: Sequence[str], wishes: Wishes, paces: Paces
) -> None:
    """Have everything ready and run it; the record is in the folder and says how it ended.

    `gpu_ids` are what the cluster calls the GPUs that it gave this run.
    """
    from harness.groups import machine as machines
    from harness.machine import hardware
    from harness.machine.engine import connect, ensure_engine
    from harness.machine.gpus import Inventory, inventory
    from harness.runs import before_runs
    from harness.watch.gpus import GpuWatch

    tell(pid=os.getpid())
    engine = ensure_engine(settings, say)
    plan, recorded = job.luggage.unpack_recorded(on_this_node(job, settings, scratch, say), scratch)
    client, there = connect(settings.environ), inventory(settings.environ)
    plan = replace(plan, gpus=gpus.given(plan, gpu_ids, there))
    refuse_gpus(plan, client, there, settings)
    before_runs.clear(client, settings, say)
    if job.prices is not None:
        (scratch / "prices.yaml").write_bytes(job.prices)
    watch = GpuWatch(settings.environ, there if plan.gpus else Inventory())
    machine = machines.inventory_of(client, settings.workspaces, there, settings.environ)
    ledger = partial(machines.ledger_of, client, plan.group, settings.environ)
    clear = partial(before_runs.clear, client, settings, say)
    with placed(plan, machine, ledger, clear, say, wishes.refuse_when_ended) as place, watch as looking:
        plan = replace(plan, place=place)
        wishes.running.set()
        wishes.refuse_when_ended()
        tools = replace(
            _tools(settings, client, wishes, scratch, recorded),
            paces=paces,
            host=hardware.host(f"{engine.version} at {engine.host}", settings.environ, there),
            look_at_gpus=lambda plan: looking.of(plan.place.gpus),
        )
        tell(started=True)
        record = carried_out(plan, RunFolder(scratch / RUN), tools, job.luggage.goes_on)
    tell(ended=str(record.status))


def carried_out(plan: RunPlan, folder: RunFolder, tools: RunTools, goes_on: GoesOn | None) -> RunRecord:
    """Run it, from its beginning or from what an earlier attempt left."""
    if goes_on is None:
        return run_one(plan, folder, tools)
    goes_on.unpack(folder)
    return run_attempt(plan, folder, tools, enter(plan, folder, tools, attempt=goes_on.attempt, goes_on=True))


def refuse_gpus(plan: RunPlan, client: Any, there: Inventory, settings: config.Settings) -> None:
    """Try the run's GPUs on its own image; `InfrastructureError`, since another node may have what this one lacks."""
    from harness.machine.gpu_request import refuse_what_cannot_be

    if plan.gpus is None:
        return
    try:
        refuse_what_cannot_be(client, lambda: plan.image.digest, plan.gpus, there, settings.environ, say)
    except UserError as error:
        raise InfrastructureError(str(error)) from error


def _tools(settings: config.Settings, client: Any, wishes: Wishes, scratch: Path, recorded: Sequence[Path]) -> RunTools:
    from harness.gateway.budget import Budget
    from harness.gateway.providers import PRICES_VARIABLE, provider_for, replay_of, reusing
    from harness.machine import provenance
    from harness.sandbox.docker import DockerSandbox
    from harness.setup.host_network import authorities

    prices = scratch / "prices.yaml"
    environ = {**settings.environ, **({PRICES_VARIABLE: str(prices)} if prices.is_file() else {})}
    return RunTools(
        make_sandbox=lambda spec: DockerSandbox(
            client, spec, workspace_folder=settings.workspaces, environ=settings.environ
        ),
        make_provider=lambda plan: (
            replay_of(plan.replay)
            if plan.replay is not None
            else reusing(recorded, provider_for(plan.models, environ, seed=plan.seed))
        ),
        make_budget=lambda plan: Budget(usd=plan.budget_usd, tokens=plan.budget_tokens),
        authorities=partial(authorities, settings.environ, home=Path.home(), prefix=Path(sys.prefix)),
        on_event=lambda plan, stored: None,  # the coordinator reads the journal
        should_stop=wishes.stop.is_set,
        should_end=wishes.end.is_set,
        code=provenance.code(settings.root, settings.environ),
    )


def say(line: str) -> None:
    """A line for the person at the coordinator."""
    tell(said=line)


def tell(**what: object) -> None:
    """One line for the keeper; it may be gone."""
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


def _kind(error: BaseException) -> str:
    if isinstance(error, InfrastructureError):
        return "infrastructure"
    if isinstance(error, (Interrupted, KeyboardInterrupt)):
        return "interrupted"
    return "user" if isinstance(error, UserError) else "infrastructure" if isinstance(error, PodiumError) else "bug"


if __name__ == "__main__":
    main()
