"""`podium view` listens to this machine only, unless told otherwise, and exports into folders of its own."""

import json
import re
import signal
import subprocess
import sys

import pytest

from tests.harness import records, searches
from tests.harness.view.served import Served


@pytest.fixture
def results(settings):
    group = records.group_at(settings.results / "g")
    searches.run_with_tree(group, 4)
    return settings.results


def test_an_address_that_others_reach_takes_a_flag(podium, results):
    said = podium("view", "--host", "0.0.0.0", expect=2).stderr
    assert "--public" in said and "could read" in said


def test_a_folder_that_is_not_there_is_named(podium, tmp_path):
    assert f"no results folder {tmp_path / 'none'}" in podium("view", str(tmp_path / "none"), expect=2).stderr


@pytest.mark.parametrize("arguments", [[], ["--host", "0.0.0.0", "--public"]])
def test_it_serves_until_it_is_interrupted(settings, results, arguments):
    command = [sys.executable, "-m", "harness", "view", "--port", "0", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, env=settings.environ) as run:
        try:
            port = int(re.search(r":(\d+)/", run.stdout.readline())[1])
            assert "forest-cover--aide--s0" in Served(port).get("/groups/g/index.html").text
            run.send_signal(signal.SIGINT)
            _, said = run.communicate(timeout=30)
        finally:
            run.kill()
    assert ("warning: everybody who can reach 0.0.0.0" in said) == bool(arguments)
    assert "Traceback" not in said


def test_an_export_is_renewed_and_mixes_with_nothing_else(podium, results, tmp_path):
    folder = tmp_path / "pages"
    assert "index.html" in podium("view", "--export", str(folder)).stdout
    (folder / "groups" / "stale.html").write_text("x", encoding="utf-8")
    podium("view", "--export", str(folder))
    assert not (folder / "groups" / "stale.html").exists()
    assert json.loads((folder / "podium-view.json").read_bytes())["pages"] > 10
    own = tmp_path / "own"
    own.mkdir()
    (own / "thesis.tex").write_text("x", encoding="utf-8")
    assert "holds other files" in podium("view", "--export", str(own), expect=2).stderr
    assert (own / "thesis.tex").exists()


def test_only_the_groups_that_are_named_are_exported(podium, results, settings, tmp_path):
    searches.run_with_tree(records.group_at(settings.results / "h"), 2)
    podium("view", "--export", str(tmp_path / "pages"), "--group", "h")
    assert [path.name for path in (tmp_path / "pages" / "groups").iterdir()] == ["h"]
    assert "groups/g/" not in (tmp_path / "pages" / "index.html").read_text(encoding="utf-8")
    assert "no group x" in podium("view", "--export", str(tmp_path / "p"), "--group", "x", expect=2).stderr
