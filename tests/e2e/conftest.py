"""`podium` as a person starts it, with a home and results of the test's own, and a model API on loopback."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.gateway.providers.fake import FakeProvider, Say
from harness.results.layout import GroupFolder
from harness.sandbox import reap

KEY = "sk-canary-4f1d9a77"
SMALL = ["--memory", "2", "--disk", "0.5", "--cpus", "2"]


@dataclass
class Podium:
    """The command line in a process of its own."""

    home: Path
    results: Path
    environ: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments):
        return [sys.executable, "-m", "harness", *arguments]

    def environment(self):
        kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "DOCKER_HOST", "TMPDIR")}
        places = {"PODIUM_HOME": str(self.home), "PODIUM_RESULTS": str(self.results), "COLUMNS": "200"}
        lending = {"PODIUM_LENDING": str(self.results.parent / "lending")}  # of this test's commands alone
        return {**kept, **places, **lending, **self.environ}

    def __call__(self, *arguments, expect=0):
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, env=self.environment(), timeout=300, check=False
        )
        assert done.returncode == expect, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def bench(self, *arguments, group="g", expect=0):
        return self("bench", *SMALL, "--group", group, *arguments, expect=expect)

    def group(self, name="g"):
        return GroupFolder(self.results / name)

    def only_run(self, name="g"):
        (folder,) = self.group(name).runs()
        return folder


@pytest.fixture
def podium(tmp_path, image):
    """The command; the image is made ready first, so that no test waits for its build."""
    return Podium(home=tmp_path / "home", results=tmp_path / "results")


@pytest.fixture
def model(podium, tmp_path):
    """A model API whose answers a test scripts; the command knows it as compatible/fake."""
    prices = tmp_path / "prices.yaml"
    prices.write_text("fake: {input: 1.0, output: 2.0}\n")
    with FakeProvider(otherwise=Say(text="nothing scripted")) as server:
        podium.environ |= {
            "PODIUM_BASE_URL": server.base_url,
            "PODIUM_API_KEY": KEY,
            "PODIUM_PRICES": str(prices),
        }
        yield server


def says_code(code, plan="A plan."):
    """A model's reply with one script."""
    return Say(text=f"{plan}\n\n```python\n{code}\n```\n")


def says_review(is_bug=False, summary="Fine.", metric=None):
    """A model's structured review."""
    arguments = json.dumps({"is_bug": is_bug, "summary": summary, "metric": metric})
    return Say(text="", tool_name="submit_review", tool_arguments=arguments)


def left_behind(engine):
    """Containers and volumes in the engine whose command has ended; those of commands that go on are not meant."""
    return {orphan.name for orphan in reap.find(engine)}
