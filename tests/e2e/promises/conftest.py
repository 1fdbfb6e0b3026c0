"""Real runs in real boxes, with a program of the test's own in the agent's place: the worst agent there can be."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness.data.manifest import Prepared
from harness.data.prepare import prepare
from harness.gateway.budget import Budget
from harness.gateway.journal import StoredEvent
from harness.gateway.providers import provider_for
from harness.machine.engine import connect
from harness.results.layout import GroupFolder, Results, RunFolder, RunRecord
from harness.runs import promptset
from harness.runs.plan import RunPlan
from harness.runs.presets import preset
from harness.runs.run import RunTools, run_one
from harness.sandbox.base import GIB, MIB, Limits
from harness.sandbox.docker import DockerSandbox
from harness.specs import competition
from harness.specs.competition import Competition
from harness.specs.descriptions import Description

KEY = "sk-canary-of-the-key-51d0"
PROXY_PASSWORD = "canary-of-the-proxy-a8e2"
LABEL = "canary-of-the-labels-7c0e"
PYTHON = ("/opt/agent/bin/python", "-I", "-c")
SMALL = Limits(
    wall_seconds=60,
    memory_bytes=1 * GIB,
    cpus=1,
    pids=128,
    shm_bytes=16 * MIB,
    tmp_bytes=16 * MIB,
    workspace_bytes=128 * MIB,
    submission_bytes=8 * MIB,
    grace_seconds=5,
)
PRELUDE = """
import json, os, pathlib, socket, stat, sys, time
from agent.contract import BestEvent, EndEvent, StartEvent
from agent.gateway import SocketGateway
DOOR = "/run/agent/door"
SOCKET = DOOR + "/gateway.sock"
gateway = SocketGateway(pathlib.Path(SOCKET))
def attempt(action):
    try: return "reached", str(action())[:200]
    except OSError as error: return "refused", type(error).__name__
def end(reason="steps"):
    gateway.report(EndEvent(reason, "", None))
"""


class Watched(DockerSandbox):
    """The real sandbox, with another command; keeps the engine's own account of the box and all that it printed."""

    entrypoint: tuple[str, ...] | None = None
    attrs: dict[str, Any]
    volume: dict[str, Any]
    log = ""

    def options(self) -> dict[str, Any]:
        return super().options() | ({"entrypoint": list(self.entrypoint)} if self.entrypoint else {})

    def effective(self) -> dict[str, Any]:
        self.attrs = self._client.api.inspect_container(self._spec.name)
        self.volume = self._client.api.inspect_volume(self._spec.name)
        return super().effective()

    def remove(self) -> None:
        if self._container is not None and self.log == "":
            self.log = self._container.logs().decode("utf-8", "replace")
        super().remove()

    @property
    def name(self) -> str:
        return self._spec.name


@dataclass
class Run:
    """What is left of one run."""

    folder: RunFolder
    record: RunRecord
    box: Watched

    def said(self) -> Any:
        """The JSON on the last line that the program printed."""
        lines = self.box.log.strip().splitlines()
        assert lines, self.record.reason
        try:
            return json.loads(lines[-1])
        except json.JSONDecodeError:
            raise AssertionError(self.box.log[-4000:]) from None


@dataclass
class Rig:
    """Runs programs as agents, on bundled data whose private half carries a canary."""

    plan: RunPlan
    client: Any
    group: GroupFolder
    workspaces: Path
    provider_url: str = "http://127.0.0.1:9/v1"  # where nobody answers

    def run(
        self,
        agent: str = "",
        *,
        seed: int = 0,
        as_root: str | None = None,
        on_event: Callable[[StoredEvent], None] = lambda stored: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Run:
        """One run: `agent` below the supervisor, or `as_root` in the supervisor's place."""
        plan = replace(self.plan, seed=seed)
        made: list[Watched] = []

        def make_sandbox(spec: Any) -> Watched:
            command = ("--no-warm", "--", *PYTHON, PRELUDE + agent)
            box = Watched(self.client, replace(spec, command=command), workspace_folder=self.workspaces, environ={})
            if as_root is not None:
                box = Watched(self.client, spec, workspace_folder=self.workspaces, environ={})
                box.entrypoint = (*PYTHON, as_root)
            made.append(box)
            return box

        tools = RunTools(
            make_sandbox=make_sandbox,
            make_provider=lambda plan: provider_for(
                plan.model, {"PODIUM_BASE_URL": self.provider_url, "PODIUM_API_KEY": KEY}
            ),
            make_budget=lambda plan: Budget(),
            on_event=lambda plan, stored: on_event(stored),
            should_stop=should_stop,
        )
        folder = self.group.run(plan.run_id)
        record = run_one(plan, folder, tools)
        return Run(folder, record, made[0])


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory, real_settings: Any) -> tuple[Competition, Prepared]:
    """A bundled competition, prepared; its answers carry a canary in a column that no grader reads."""
    item = competition.load("breast-cancer-wisconsin", real_settings.competitions)
    made = prepare(item, data_home=tmp_path_factory.mktemp("data"))
    (answers,) = made.private.glob("*.csv")
    lines = answers.read_text().splitlines()
    answers.write_text("\n".join([f"{lines[0]},canary", *(f"{line},{LABEL}" for line in lines[1:])]) + "\n")
    return item, made


@pytest.fixture
def rig(labelled: Any, settings: Any, engine: Any, image: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A rig on a host with secrets."""
    keep_secrets(tmp_path / "docker", monkeypatch)
    plan = plan_of(*labelled, settings, image)
    return Rig(plan, connect(settings.environ), Results(settings.results).group("group"), tmp_path / "workspaces")


def keep_secrets(docker_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key and a proxy's password in the host's environment, the password in its container client's settings."""
    proxy = f"http://user:{PROXY_PASSWORD}@127.0.0.1:9"
    docker_config.mkdir()
    proxies = {"default": {"httpProxy": proxy, "httpsProxy": proxy}}
    (docker_config / "config.json").write_text(json.dumps({"proxies": proxies}))
    for name, value in {
        "OPENAI_API_KEY": KEY,
        "ANTHROPIC_API_KEY": KEY,
        "PODIUM_API_KEY": KEY,
        "HTTPS_PROXY": proxy,
        "DOCKER_CONFIG": str(docker_config),
    }.items():
        monkeypatch.setenv(name, value)


def plan_of(item: Competition, data: Prepared, settings: Any, image: Any) -> RunPlan:
    """A small run of our own agent."""
    return RunPlan(
        group="group",
        competition=item,
        prepared=data,
        preset=preset("aide"),
        model="compatible/fake",
        seed=0,
        steps=1,
        wall_seconds=SMALL.wall_seconds,
        candidate_timeout_seconds=20.0,
        limits=SMALL,
        gpus=None,
        gpus_text="",
        prompts=promptset.find("aide", settings.prompts),
        image=image,
        description=Description("own", item.description.read_text()),
        budget_usd=None,
    )


@pytest.fixture
def private_copy(labelled: Any) -> Path:
    """The folder that only the grader may read."""
    folder: Path = labelled[1].private
    assert LABEL in next(folder.glob("*.csv")).read_text()
    return folder
