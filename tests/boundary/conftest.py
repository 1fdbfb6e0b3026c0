"""The boundary suite's boxes, started once, and its count at the end."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import config
from harness.agents import image as other_images
from harness.agents.spec import AgentLimits, find
from harness.gateway.providers.fake import FakeProvider, Say
from harness.machine.engine import connect
from harness.results.layout import Results
from tests.boundary import boxes
from tests.boundary.inside.base import AGENT, FOREIGN
from tests.boundary.inside.main import PUBLISHED
from tests.boundary.outside import handed_in
from tests.boundary.outside.base import Desk
from tests.boundary.registry import counted
from tests.e2e.promises.conftest import keep_secrets, labelled, plan_of

__all__ = ["labelled"]


@pytest.fixture(scope="session")
def ground(labelled: Any, engine: Any) -> Iterator[boxes.Ground]:
    """Listeners and a process on the host, whose marks are this session's alone."""
    bridge = engine.networks.get("bridge").attrs["IPAM"]["Config"][0].get("Gateway", "127.0.0.1")
    found = boxes.Ground(labelled[1].private, bridge, uuid.uuid4().hex[:12])
    process = subprocess.Popen([found.marks["host process"], "600"], executable="/bin/sleep")
    try:
        with found.listening():
            yield found
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def guesses(labelled: Any) -> list[str]:
    """Predictions of one form, which differ in what they guess."""
    header, *rows = labelled[1].sample.read_text().splitlines()
    ids = [row.split(",")[0] for row in rows]
    return ["\n".join([header, *(f"{id},{guess}" for id in ids)]) + "\n" for guess in ("0", "1")]


@pytest.fixture(scope="session")
def hardened(
    labelled: Any,
    ground: boxes.Ground,
    guesses: list[str],
    engine: Any,
    image: Any,
    real_settings: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[boxes.Batch]:
    """Every probe in the boxes that runs really have, on a host with secrets."""
    folder: Path = tmp_path_factory.mktemp("boundary")
    settings = config.load(
        {**real_settings.environ, "PODIUM_HOME": str(folder / "home"), "PODIUM_RESULTS": str(folder / "results")}
    )
    nop = find("nop", settings.root / "dockerfiles")
    assert nop is not None
    limits = AgentLimits(processes=boxes.LIMITS.pids)
    nop = replace(nop, spec=nop.spec.model_copy(update={"limits": limits}))
    other_image = other_images.ensure(nop, settings, print)
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        FakeProvider(otherwise=lambda received: Say(f"you sent {json.dumps(received.headers)}")) as provider,
    ):
        keep_secrets(folder / "docker", monkeypatch)
        (answers,) = labelled[1].private.glob("*.csv")
        plan = replace(plan_of(*labelled, settings, image), limits=boxes.LIMITS, wall_seconds=boxes.LIMITS.wall_seconds)
        rig = boxes.Rig(
            plan=plan,
            other=nop,
            other_image=other_image,
            client=connect(settings.environ),
            group=Results(settings.results).group("group"),
            workspaces=folder / "workspaces",
            ground=ground,
            provider_url=provider.base_url,
            guesses=guesses,
            hand_in={AGENT: [f"os.symlink({str(answers)!r}, {PUBLISHED!r})"], FOREIGN: handed_in.made(str(answers))},
            wanted={FOREIGN: handed_in.wanted()},
            scripts=(),
        )
        yield rig.run()


@pytest.fixture
def desk(hardened: boxes.Batch, labelled: Any, tmp_path: Path) -> Desk:
    """What comes out of the boxes, to be read, graded and shown."""
    group = hardened.runs[FOREIGN].folder.path.parent
    return Desk(hardened, *labelled, tmp_path, group.parent)


@pytest.fixture(scope="session")
def open_box(
    hardened: boxes.Batch,
    ground: boxes.Ground,
    guesses: list[str],
    engine: Any,
    image: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> boxes.Batch:
    """Every probe where nothing stands in its way; after the others, whose listeners must not have heard of anybody."""
    return boxes.in_the_open(engine, image.digest, ground, guesses, tmp_path_factory.mktemp("host"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many there are, whenever any was tried."""
    if any("tests/boundary/" in report.nodeid for report in terminalreporter.getreports("passed")):
        terminalreporter.write_line(counted())
