"""Podium with folders of a drill's own, an agent that does what the model says, and an engine that may be killed."""

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from harness import config
from harness.agents.image import REPOSITORY, ensure
from harness.agents.spec import find
from harness.gateway.providers.fake import Say
from harness.results.layout import GroupFolder
from harness.results.verify import Found, verify
from harness.specs.lookup import with_data
from harness.specs.suites import suites_now
from perf.soak.books import left, unbalanced
from tests.e2e.conftest import Podium, model  # noqa: F401 - a fixture
from tests.second_engine import SYSTEM_FOLDERS
from tests.second_engine import second_engine as started

ROOT = Path(__file__).parents[2]
AGENT = ROOT / "perf" / "soak" / "agent"
COMPETITION = "breast-cancer-wisconsin"


@dataclass
class Drill(Podium):
    """Podium, in a group that no other test has."""

    name: str = ""

    def arguments(self, *more):
        return ["bench", COMPETITION, "--agent", str(AGENT), "--model", "compatible/fake", "--group", self.name, *more]

    def bench(self, *more, expect=0):  # the same command each time
        return self(*self.arguments(*more), expect=expect)

    def start(self, *more):
        return subprocess.Popen(
            self.command(*self.arguments(*more)),
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def struck(self, place, what, *more):
        """The same command; where it comes to that place a process is killed, or a command is run."""
        command = [*self.command()[:2], "tests.drills.struck", place, str(what), *self.arguments(*more)]
        return subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, timeout=120, check=False, cwd=ROOT
        )

    def during(self, step, act, *more):
        """The same command; when the model is asked and answers with `step`, `act` with the process."""
        asked = len(self.model.received)
        self.model.script(step)
        process = self.start(*more)
        until = time.monotonic() + 60
        while len(self.model.received) == asked:
            assert process.poll() is None and time.monotonic() < until, process.stderr.read()
            time.sleep(0.02)
        time.sleep(0.3)  # the answer, where there is one, has arrived
        act(process)
        _, said = process.communicate(timeout=60)
        return process.returncode, said

    def group(self, name=""):
        return GroupFolder(self.results / (name or self.name))

    def only_run(self, name=""):
        (folder,) = self.group(name).runs()
        return folder

    def refuse_leftovers(self, client):
        """Nothing of the group's may be left in the engine or on this machine."""
        temporary = Path(self.environ.get("TMPDIR", tempfile.gettempdir()))
        assert not left(client, self.name, self.home / "workspaces", temporary)

    def balance(self, seeds=1):
        """Every run has one final state, and every figure follows from what was kept."""
        group = self.group()
        runs = {f"{COMPETITION}--agent--s{seed}" for seed in range(seeds)}
        assert not unbalanced(group, runs)
        settings = config.load(self.environment())
        different = [
            one
            for one in verify(group, partial(with_data, settings), suites_now(settings))
            if one.found is not Found.SAME
        ]
        assert not different


@pytest.fixture(scope="session")
def drill_image(real_settings, engine):
    """The image of the agent that does what it is told."""
    return ensure(find(str(AGENT), real_settings.root / "dockerfiles"), real_settings, print)


@pytest.fixture
def short():
    """A folder with a short name: a socket's path has little room."""
    with tempfile.TemporaryDirectory(prefix="pd-") as folder:
        yield Path(folder)


@pytest.fixture
def podium(tmp_path, short, drill_image):
    """The drill's command line, with temporary files in a place of its own."""
    return Drill(
        home=tmp_path / "home",
        results=tmp_path / "results",
        environ={"TMPDIR": str(short)},
        name=f"drill-{uuid.uuid4().hex[:8]}",
    )


@pytest.fixture
def drill(podium, model):  # noqa: F811
    """`podium` and `model` in one: what the agent is told when nothing is scripted is to be done."""
    podium.model = model
    model._otherwise = Say(text="done")
    return podium


def tells(*words):
    """What the agent is told, one after the other."""
    return [Say(text=word) for word in words]


@pytest.fixture(scope="session")
def second_engine(drill_image, engine):
    """A second engine that has the agent's image, or a skip with the reason."""
    missing = [tool for tool in ("dockerd", "unshare", "setpriv") if shutil.which(tool, path=SYSTEM_FOLDERS) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"a second container engine needs root and {', '.join(missing) or 'dockerd'}")
    with started() as second:
        take(second, drill_image)
        yield second


def take(second, image):
    """Copy the agent's image, and what it is made of, to the second engine."""
    names = (image.tag, f"{REPOSITORY}-own/agent", "podium/base")
    save = subprocess.Popen(["docker", "save", *names], stdout=subprocess.PIPE)
    load = ["docker", "--host", second.host, "load", "--quiet"]
    subprocess.run(load, stdin=save.stdout, check=True, capture_output=True)
    assert save.wait() == 0


@pytest.fixture
def small_disk(tmp_path):
    """Make file systems of a few MB at a folder of the test's; needs root."""
    if os.geteuid() != 0:
        pytest.skip("a small disk of the test's own needs root")
    mounted = []

    def make(folder, megabytes):
        folder.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def other(second_engine, drill):
    """The second engine, and the drill on it."""
    drill.environ["DOCKER_HOST"] = second_engine.host
    return second_engine
