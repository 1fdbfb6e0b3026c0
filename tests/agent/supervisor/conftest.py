"""Boxes for the tests: hardened containers that start once a session, with the driver in the agent's place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.interpreter import Execution
from harness.machine.images import ImageRef
from tests.agent.interpreter_contract import SAMPLE_CSV, TRAIN_CSV, limits
from tests.agent.supervisor.box import Box, BoxInterpreter, opened

Run = Callable[..., Execution]
READY_SECONDS = 90


@pytest.fixture(scope="session")
def public_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("public")
    (folder / "train.csv").write_text(TRAIN_CSV)
    folder.chmod(0o755)
    (folder / "train.csv").chmod(0o644)
    return folder


@pytest.fixture(scope="session")
def box(engine: Any, image: ImageRef, public_data: Path) -> Iterator[Box]:
    """Two slots and a fork server that is ready."""
    with opened(engine, image.tag, public_data, "--slots", "2") as box:
        wait_until_warm(box)
        make_sample(box)
        yield box


@pytest.fixture(scope="session")
def cold_box(engine: Any, image: ImageRef, public_data: Path) -> Iterator[Box]:
    """One slot, no fork server."""
    with opened(engine, image.tag, public_data, "--no-warm") as box:
        make_sample(box)
        yield box


@pytest.fixture
def run(box: Box, tmp_path: Path) -> Run:
    """Run a script in slot 0."""
    return lambda code, **changes: BoxInterpreter(box).run(code, tmp_path / "node", limits(**changes))


def make_sample(box: Box) -> None:
    """Fill the folder of the agent's sample, as the agent does."""
    box.agent(f"open('/home/sample/train.csv', 'w').write({SAMPLE_CSV!r}); answer = None")


def wait_until_warm(box: Box) -> None:
    """A fork server imports for seconds, or for many on a busy machine; scripts start plainly meanwhile."""
    give_up = time.monotonic() + READY_SECONDS
    while time.monotonic() < give_up:
        if BoxInterpreter(box).run("pass", Path(box.scratch.name), limits()).warm_start:
            return
        time.sleep(0.1)
    raise AssertionError(f"no warm start in {READY_SECONDS} s: " + "".join(box.log))
