"""Small competitions of the tests' own, and the shipped ones prepared."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.config import Settings
from harness.data.manifest import Prepared
from harness.data.prepare import prepare
from harness.specs import competition as competitions
from harness.specs.competition import Competition

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DEMO_SPEC = """\
schema_version: 1
id: demo
title: A demo
category: tabular
suites: [demo/small]
source: {kind: kaggle, slug: demo}
raw: [train.csv]
metric: {name: accuracy, direction: maximize}
submission:
  id: key
  columns:
    key: {type: text}
    y: {type: boolean, sample: false}
answers: {file: answers.csv}
default_edition: v1
editions:
  v1:
    split: {recipe: random_rows, target: y, test: 0.25, seed: 0}
  fixed:
    mends: groups stay together
    split: {recipe: grouped_rows, group: key, pattern: '(k\\d+)', target: y, test: 0.25, seed: 0}
leaderboard: {teams: 1000, gold: 0.9, silver: 0.8, bronze: 0.7, median: 0.6, quantiles: quantiles.json, source: made up}
stand_in:
  files:
    train.csv:
      rows: 40
      columns:
        key: {kind: grouped, format: "k{group}_{member}", mean_size: 2}
        x: {kind: number, missing: 0.1}
        y: {kind: target, classes: [false, true], weights: {x: 1}}
"""


@pytest.fixture
def write_demo(tmp_path: Path) -> Callable[..., Path]:
    """Write the demo competition, with some text of its spec replaced; return the folder of competitions."""

    def write(*replaced: tuple[str, str]) -> Path:
        text = DEMO_SPEC
        for old, new in replaced:
            assert old in text, f"the demo spec has no {old!r}"
            text = text.replace(old, new)
        folder = tmp_path / "competitions" / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "competition.yaml").write_text(text, encoding="utf-8")
        (folder / "description.md").write_text("# Demo\n", encoding="utf-8")
        (folder / "quantiles.json").write_text(str([1 - place / 100 for place in range(101)]), encoding="utf-8")
        return folder.parent

    return write


@pytest.fixture
def demo(write_demo: Callable[..., Path]) -> Competition:
    return competitions.load("demo", write_demo())


@pytest.fixture
def demo_raw(tmp_path: Path) -> Path:
    """Raw data of the demo that is not its stand-in: 16 rows, true when x is odd."""
    folder = tmp_path / "raw"
    folder.mkdir()
    rows = "".join(f"k{number // 2}_{number % 2},{number},{number % 2 == 1}\n" for number in range(16))
    (folder / "train.csv").write_text("key,x,y\n" + rows, encoding="utf-8")
    return folder


@pytest.fixture
def demo_data(demo: Competition, demo_raw: Path, tmp_path: Path) -> Prepared:
    return prepare(demo, data_home=tmp_path / "data", raw=demo_raw)


@pytest.fixture
def podium(settings: Settings) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `podium` as a process of its own, `expect` its exit code, and return what it printed."""

    def run(*arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            capture_output=True,
            text=True,
            env={**settings.environ, "COLUMNS": "200"},
            timeout=120,
            check=False,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done

    return run


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium, driven by its path; a skip where there is none."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # No sandbox of its own: as root it has none, and what is opened here is ours.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
