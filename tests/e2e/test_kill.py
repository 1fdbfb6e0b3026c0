"""Whatever is killed, what was finished is kept, what was left is found, and the same command finishes the rest."""

import os
import signal
import subprocess
import time

import pytest

from harness.gateway.journal import read_journal
from harness.results.layout import RunStatus
from tests.e2e.conftest import SMALL, left_behind

pytestmark = pytest.mark.engine
COMPETITION = "digits-8x8"


def start(podium, *arguments):
    return subprocess.Popen(
        podium.command("bench", COMPETITION, "--steps", "40", "--group", "g", *SMALL, *arguments),
        env=podium.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_nodes(podium, count, process, seconds=120):
    """Wait until the journal on the host holds that many finished nodes; return them."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        journals = list(podium.results.glob("g/*/journal.jsonl"))
        nodes = [stored.event for path in journals for stored in read_journal(path) if stored.event.type == "node"]
        if len(nodes) >= count:
            return nodes
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    raise AssertionError(f"no {count} nodes within {seconds} s")


def test_a_killed_harness_loses_no_finished_node_and_leaves_orphans_that_clean_removes(podium, engine):
    before = left_behind(engine)
    process = start(podium)
    seen = wait_for_nodes(podium, 2, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    mine = {name for name in left_behind(engine) - before if COMPETITION in name}
    folder = podium.only_run()
    kept = [stored.event for stored in read_journal(folder.journal) if stored.event.type == "node"]
    assert kept[: len(seen)] == seen
    for node in kept:
        assert (folder.nodes / node.node / "solution.py").read_text() == node.code
    assert folder.read().status is RunStatus.RUNNING
    assert "lost" in podium("aggregate", "g").stdout

    listed = podium("clean").stdout
    assert mine and all(name in listed for name in mine) and "nothing removed" in listed
    podium("clean", "--yes")
    assert not mine & left_behind(engine)

    podium.bench(COMPETITION, "--steps", "1")
    record = podium.only_run().read()
    assert (record.status, record.attempt) == (RunStatus.COMPLETED, 2)
    assert (folder.path / "attempts" / "1" / "journal.jsonl").is_file()


@pytest.mark.parametrize("how", ["by its name", "the same command"])
def test_a_run_whose_harness_was_killed_is_gone_on_with(podium, engine, how):
    before = left_behind(engine)
    process = start(podium, "--steps", "6", "--workers", "2")
    wait_for_nodes(podium, 2, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    folder = podium.only_run()
    kept = [stored.event for stored in read_journal(folder.journal) if stored.event.type == "node"]

    if how == "by its name":
        done = podium("run", "--resume", f"g/{folder.path.name}")
    else:
        done = podium.bench(COMPETITION, "--steps", "6", "--workers", "2")
    record = folder.read()
    assert (record.status, record.attempt, record.resumed_from) == (RunStatus.COMPLETED, 2, 1), record.reason
    assert f"goes on after {len(kept)} nodes" in done.stderr
    nodes = [stored.event for stored in read_journal(folder.journal) if stored.event.type == "node"]
    assert nodes[: len(kept)] == kept
    assert sorted(node.step for node in nodes) == [1, 2, 3, 4, 5, 6]
    assert record.submission_from == "container" and record.earlier_seconds > 0
    assert (folder.path / "attempts" / "1" / "run.json").is_file()
    assert left_behind(engine) <= before

    again = podium("run", "--resume", f"g/{folder.path.name}", expect=2)
    assert "it ended as completed" in again.stderr


def test_the_same_command_after_a_kill_removes_what_the_killed_one_left_of_its_runs(podium, engine):
    before = left_behind(engine)
    process = start(podium)
    wait_for_nodes(podium, 1, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert left_behind(engine) - before
    done = podium.bench(COMPETITION, "--steps", "1")
    assert "killed" in done.stderr
    assert left_behind(engine) <= before
    assert podium.only_run().read().attempt == 2


def test_ctrl_c_once_ends_in_order_with_a_grade(podium, engine):
    before = left_behind(engine)
    process = start(podium)
    wait_for_nodes(podium, 1, process)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 3  # the run is missing: it has no outcome
    folder = podium.only_run()
    record = folder.read()
    assert record.status is RunStatus.STOPPED
    events = [stored.event for stored in read_journal(folder.journal)]
    assert events[-1].type == "end" and events[-1].reason == "stopped"
    assert folder.grade_file.is_file()
    assert left_behind(engine) <= before


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_twice_ends_now_and_leaves_nothing_running(podium, engine, jobs):
    before = left_behind(engine)
    process = start(podium, "--seeds", "3", "--jobs", str(jobs), "--runs-per-cpu", str(jobs))
    wait_for_nodes(podium, jobs, process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "podium aggregate g" in said.splitlines()[-1]
    statuses = [folder.read().status for folder in podium.group().runs()]
    assert statuses == [RunStatus.STOPPED] * jobs + [RunStatus.QUEUED] * (3 - jobs)
    assert left_behind(engine) <= before


def test_ctrl_c_while_data_are_prepared_ends_at_once_and_leaves_nothing_half_made(podium):
    process = start(podium)
    for line in process.stderr:
        if line.startswith("preparing"):
            break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said.strip()) == (130, "podium: interrupted")
    assert not podium.results.exists()
    assert not [path for path in (podium.home / "data").iterdir() if path.name.startswith(".digits")]


def test_a_container_killed_under_a_run_is_recorded_and_its_nodes_are_kept(podium, engine):
    process = start(podium)
    seen = wait_for_nodes(podium, 1, process)
    (container,) = engine.containers.list(filters={"label": [f"podium.run={COMPETITION}--aide--s0", "podium.group=g"]})
    container.kill()
    process.wait(timeout=60)
    folder = podium.only_run()
    record = folder.read()
    assert record.status is RunStatus.INFRA_FAILED and "signal 9" in record.reason  # no agent can do that
    kept = [stored.event for stored in read_journal(folder.journal) if stored.event.type == "node"]
    assert kept[: len(seen)] == seen
