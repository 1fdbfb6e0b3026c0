"""A plan on bundled data, and the tools of a run without a container."""

from pathlib import Path

import pytest

from harness.data.prepare import prepare
from harness.gateway.budget import Budget
from harness.gateway.providers import provider_for
from harness.machine.images import ImageRef
from harness.results.layout import HostRecord, Results
from harness.runs import promptset
from harness.runs.plan import RunPlan
from harness.runs.presets import preset
from harness.runs.run import RunTools
from harness.sandbox.base import GIB, Limits
from harness.specs import competition
from harness.specs.descriptions import Description
from harness.watch.events import Nobody
from tests.harness.runs.host_sandbox import HostSandbox

HOST = HostRecord(cpu_model="a test's", cpus=1, memory_bytes=GIB, kernel="6", engine="none")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, real_settings):
    """The smallest bundled competition, prepared once."""
    item = competition.load("breast-cancer-wisconsin", real_settings.competitions)
    return item, prepare(item, data_home=tmp_path_factory.mktemp("data"))


@pytest.fixture
def plan(prepared, settings):
    """Make plans of one group."""

    def make(seed=0, steps=2, wall_seconds=120.0):
        item, data = prepared
        chosen = preset("aide")
        return RunPlan(
            group="group",
            competition=item,
            prepared=data,
            preset=chosen,
            model="offline",
            seed=seed,
            steps=steps,
            wall_seconds=wall_seconds,
            candidate_timeout_seconds=60.0,
            limits=Limits(wall_seconds=wall_seconds, memory_bytes=2 * GIB, cpus=2),
            gpus=None,
            gpus_text="",
            prompts=promptset.find("aide", settings.prompts),
            image=ImageRef("cpu", "tag", "sha256:test", {}),
            description=Description("own", item.description.read_text()),
            budget_usd=None,
        )

    return make


@pytest.fixture
def group(settings):
    """The results folder of the plans' group."""
    return Results(settings.results).group("group")


@pytest.fixture
def tools(tmp_path):
    """Make a run's tools; `agent` is the source of a program in the agent's place."""
    made = []

    def make(
        agent=None,
        stop=lambda: False,
        end=lambda: False,
        sandbox=HostSandbox,
        on_event=lambda plan, stored: None,
        provider=lambda plan: provider_for(plan.model, {}, seed=plan.seed),
        watch=None,
    ):
        def make_sandbox(spec):
            made.append(sandbox(spec, Path(tmp_path) / f"box{len(made)}", agent=agent))
            return made[-1]

        return RunTools(
            make_sandbox=make_sandbox,
            make_provider=provider,
            make_budget=lambda plan: Budget(),
            on_event=on_event,
            should_stop=stop,
            should_end=end,
            host=HOST,
            watch=watch or Nobody(),
        )

    make.sandboxes = made
    return make
