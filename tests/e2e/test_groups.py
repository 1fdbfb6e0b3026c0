"""A group is ended from another terminal or by a signal, leaves nothing running, and is gone on with and extended."""

import json
import signal
import subprocess
import time

import pytest

from harness.gateway.journal import read_journal
from harness.gateway.providers.fake import FakeProvider
from harness.results.layout import RunStatus
from tests.e2e.conftest import SMALL, left_behind, says_code
from tests.e2e.test_kill import COMPETITION, start, wait_for_nodes

pytestmark = pytest.mark.engine
SLOW = "import time\nprint('begun', flush=True)\ntime.sleep(900)\n"


def status_of(podium, group="g"):
    return json.loads(podium("status", group, "--json").stdout)


def test_a_group_that_runs_is_watched_kept_to_itself_and_ended_from_another_terminal(podium, engine):
    before = left_behind(engine)
    process = start(podium, "--seeds", "2", "--runs-per-cpu", "2")
    wait_for_nodes(podium, 1, process)

    seen = status_of(podium)
    (going,) = seen["going"]
    assert going["run_id"] == f"{COMPETITION}--aide--s0" and going["step"] >= 1 and going["steps"] == 40
    assert going["best"] is not None and seen["missing"] == [f"{COMPETITION}--aide--s1"]
    assert str(process.pid) in seen["at_work"]["owner"]

    refused = podium.bench(COMPETITION, "--steps", "40", expect=2)
    assert "another podium is at work" in refused.stderr and "podium stop g" in refused.stderr
    nop = ("breast-cancer-wisconsin", "--agent", "nop", "--runs-per-cpu", "2")
    podium.bench(*nop, group="another", expect=4)  # beside it, in one folder

    asked = podium("stop", "g")
    assert "has ended" in asked.stderr
    assert process.wait(timeout=60) == 3
    folder = podium.group().run(f"{COMPETITION}--aide--s0")
    assert folder.read().status is RunStatus.STOPPED
    events = [stored.event for stored in read_journal(folder.journal)]
    assert events[-1].type == "end" and events[-1].reason == "stopped"
    assert left_behind(engine) <= before
    ended = status_of(podium)
    assert ended["counts"] == {"stopped": 1, "missing": 1} and ended["at_work"] is None
    assert "nobody is at work" in podium("stop", "g", expect=2).stderr


@pytest.fixture
def slow(podium, tmp_path):
    """A model whose script takes a quarter of an hour; the group that runs it, once the script has begun."""
    prices = tmp_path / "prices.yaml"
    prices.write_text("fake: {input: 1.0, output: 2.0}\n")
    with FakeProvider(otherwise=says_code(SLOW)) as server:
        podium.environ |= {"PODIUM_BASE_URL": server.base_url, "PODIUM_API_KEY": "k", "PODIUM_PRICES": str(prices)}
        command = ["bench", COMPETITION, "--model", "compatible/fake", "--steps", "1", "--group", "g", *SMALL]
        process = subprocess.Popen(
            podium.command(*command),
            env=podium.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + 120
        while not _has_proposal(podium):
            assert process.poll() is None and time.monotonic() < until, process.stderr.read()
            time.sleep(0.1)
        yield process
        if process.poll() is None:
            process.kill()
        process.communicate()


def _has_proposal(podium):
    journals = podium.results.glob("g/*/journal.jsonl")
    return any(stored.event.type == "proposal" for path in journals for stored in read_journal(path))


@pytest.mark.parametrize("how", ["sigterm", "stop --now"])
def test_to_end_now_waits_for_no_script_and_leaves_nothing_running(podium, engine, slow, how):
    before = left_behind(engine)
    began = time.monotonic()
    if how == "sigterm":
        slow.send_signal(signal.SIGTERM)
    else:
        podium("stop", "g", "--now")
    assert slow.wait(timeout=120) == 130
    assert time.monotonic() - began < 300  # and the script takes 900
    assert podium.only_run().read().status is RunStatus.STOPPED
    labels = {"label": ["podium.group=g", f"podium.run={COMPETITION}--aide--s0"]}
    assert [one for one in engine.containers.list(all=True, filters=labels) if str(slow.pid) in str(one.labels)] == []
    assert left_behind(engine) <= before


def test_a_file_is_a_group_that_grows_and_whose_own_failures_are_run_again_only_by_name(podium, tmp_path):
    file = tmp_path / "mine.yaml"
    text = "competitions: breast-cancer-wisconsin\nagents: nop\nseeds: {seeds}\noptions: {{memory: 0.5, disk: 0.1}}\n"
    file.write_text(text.format(seeds=1))
    podium("bench", str(file), expect=4)
    file.write_text(text.format(seeds=2))
    grown = podium("bench", str(file), "--jobs", "2", expect=4)
    assert "mine grows: seed 1" in grown.stderr and "s0: finished before" in grown.stderr
    assert [folder.read().attempt for folder in podium.group("mine").runs()] == [1, 1]

    file.write_text(text.format(seeds=2).replace("0.5", "0.6"))
    refused = podium("bench", str(file), expect=2)
    assert "--memory 0.6 (was: 0.5)" in refused.stderr and "--redeclare" in refused.stderr

    assert "nothing in mine is infra" in podium("retry", "mine").stderr
    podium("retry", "mine", "--class", "invalid", expect=4)
    for folder in podium.group("mine").runs():
        assert (folder.read().attempt, folder.attempt(1).read().status) == (2, RunStatus.COMPLETED)
        assert folder.read().lease_token > folder.attempt(1).read().lease_token
