"""Runs on a real Ray cluster: what is lost, who ends, and that each run still has exactly one result."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from harness.gateway.journal import read_journal
from harness.gateway.providers.fake import FakeProvider, Hang
from harness.groups.budget import spent_in
from harness.groups.granted import NAME as GRANTED_NAME
from harness.groups.granted import read_granted
from harness.results.layout import RunFolder, RunStatus
from tests.e2e.conftest import KEY, SMALL, says_code, says_review
from tests.e2e.machines import TestCluster, wait_for
from tests.harness.fake_nvidia import PLAIN, SECOND, nvidia_smi

pytestmark = pytest.mark.engine
pytest.importorskip("ray", reason="ray is not installed: .venv/bin/python -m pip install -e '.[ray]'")
COMPETITION = "breast-cancer-wisconsin"
CODE = """
import shutil
shutil.copy("input/sample_submission.csv", "working/submission.csv")
print("validation score: 0.5")
"""
LONG = 600


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two nodes, one with GPUs as far as the cluster and the driver's tool say; the last test here loses them all."""
    tools = tmp_path_factory.mktemp("tools")
    nvidia_smi(tools, PLAIN)
    with TestCluster(nodes=1) as made:
        made.add(gpus=2, tools=tools)
        yield made


@pytest.fixture
def gate():
    """While it is set, the model answers every call; else it answers until a node is finished, then says nothing."""
    return threading.Event()


@pytest.fixture
def mute():
    """While it is set, the model says nothing at all."""
    return threading.Event()


@pytest.fixture
def podium(podium, tmp_path, gate, mute):
    """The command, with a model behind the gate, whose key is on no node."""
    prices = tmp_path / "prices.yaml"
    prices.write_text("fake: {input: 1.0, output: 2.0}\n")

    def answer(received):
        if mute.is_set():
            return Hang(LONG)
        if not gate.is_set() and len([one for one in server.received if not one.body.get("tools")]) % 2 == 0:
            return Hang(LONG)
        return says_review(metric=0.5) if received.body.get("tools") else says_code(CODE)

    with FakeProvider(otherwise=answer) as server:
        podium.environ |= {
            "PODIUM_BASE_URL": server.base_url,
            "PODIUM_API_KEY": KEY,
            "PODIUM_PRICES": str(prices),
        }
        podium.server = server
        yield podium


def all_of(group):
    """What asks for a run in a group that no other test has."""
    asked = (COMPETITION, "--model", "compatible/fake", "--steps", "2", "--group", group)
    return (*asked, "--memory", "2", "--disk", "0.5", "--cpus", "1")


class Command:
    """`podium bench … --executor ray` in a process of its own."""

    def __init__(self, podium, cluster, *arguments):
        environ = {**podium.environment(), **cluster.access}
        command = podium.command("bench", *arguments, "--executor", "ray", "--send-keys")
        self.process = subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )

    def ends(self, expect, seconds=240):
        out, _ = self.process.communicate(timeout=seconds)
        assert self.process.returncode == expect, out
        return out

    def still_runs(self):
        assert self.process.poll() is None, self.process.stdout.read()


@pytest.fixture
def start():
    """Start commands, which are ended with the test."""
    started = []

    def begin(*arguments):
        started.append(Command(*arguments))
        return started[-1]

    yield begin
    for command in started:
        command.process.kill()
        command.process.communicate()


def group_name():
    return f"machines-{secrets.token_hex(4)}"


def run_of(podium, group, seed=0):
    return RunFolder(podium.results / group / f"{COMPETITION}--aide--s{seed}")


def wait_for_a_node(command, folder, attempt=1):
    """Until the coordinator has a finished node of that attempt in its own copy of the journal."""

    def finished():
        command.still_runs()
        record = folder.read() if folder.record_file.is_file() else None
        if record is None or record.attempt != attempt or not folder.journal.is_file():
            return None
        there = read_journal(folder.journal)
        return there if any(stored.event.type == "node" for stored in there) else None

    return wait_for(finished, 180, f"a node in {folder.journal}")


def containers(engine, group):
    return engine.containers.list(all=True, filters={"label": f"podium.group={group}"}, ignore_removed=True)


def nothing_is_left(engine, group):
    wait_for(lambda: not containers(engine, group), 60, f"no container of {group}")
    assert not engine.volumes.list(filters={"label": f"podium.group={group}"})


def nobody_has_the_key(*places):
    found = subprocess.run(["grep", "-rlF", KEY, *map(str, places)], capture_output=True, text=True, check=False)
    assert found.stdout == "", "the key was written down"


def test_a_cluster_that_asks_nobody_for_a_token_is_refused(podium):
    with TestCluster(nodes=0, mode="disabled") as cluster:
        open_to_all = {**cluster.access, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}
        podium.environ |= open_to_all
        refused = podium("bench", COMPETITION, *SMALL, "--executor", "ray", expect=2)
    assert "serves whoever reaches it" in refused.stderr


PLACE = """
import json, os, sys
from harness.groups.cluster import connected
from harness.groups.executor import Needs

def keeper(gpus):
    return cluster.keeper(Needs(cpus=0.1, memory_bytes=1 << 28, disk_bytes=1, gpus=gpus))

with connected(None, os.environ) as cluster:
    ray, named = cluster.ray, sys.argv[1]
    (with_gpus,) = [machine.id for machine in cluster.machines() if machine.gpus]
    keepers = [keeper("1"), keeper("1")]
    by_count = ray.get([one.where.remote() for one in keepers], timeout=120)
    certain = keeper(named)
    asked = certain.where.remote()
    waits = not ray.wait([asked], timeout=3)[0]
    for one in keepers:
        ray.kill(one)
    by_uuid = ray.get(asked, timeout=120)
    ray.kill(certain)
    print(json.dumps({"node": with_gpus, "by_count": by_count, "waits": waits, "by_uuid": by_uuid}))
"""


def test_gpus_are_one_runs_own_by_number_and_by_uuid(cluster):
    done = subprocess.run(
        [sys.executable, "-c", PLACE, SECOND],
        env={**os.environ, **cluster.access},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert sorted(told["by_count"]) == [[told["node"], "0"], [told["node"], "1"]]
    assert told["waits"], "a run was given a GPU that another one had"
    assert told["by_uuid"] == [told["node"], "0", "1"]


def test_a_group_survives_the_loss_of_a_node_of_its_command_and_of_the_head(podium, cluster, engine, gate, mute, start):
    """One story, since clusters and commands take their seconds to start."""
    group = group_name()
    folder, second = run_of(podium, group), run_of(podium, group, seed=1)

    # A node is lost in the middle of a run: it is placed again, and has one result.
    command = start(podium, cluster, *all_of(group), "--budget", "1", "--group-budget", "2.5")
    seen = wait_for_a_node(command, folder)
    (lost,) = [node for node in cluster.nodes if node.carries_a_run()]
    (kept,) = [node for node in cluster.nodes if node is not lost]
    assert len(containers(engine, group)) == 1
    gate.set()
    lost.lose()
    out = command.ends(0)
    record, first = folder.read(), folder.attempt(1).read()
    assert (record.status, record.attempt, record.node) == (RunStatus.COMPLETED, 2, socket.gethostname()), out
    assert first.status is RunStatus.LOST and "lost on" in first.reason and first.lease_token < record.lease_token
    assert read_journal(folder.attempt(1).journal)[: len(seen)] == seen, "a finished node was lost with its machine"
    assert folder.attempts() == [1] and (folder.path / "grade.json").is_file()
    assert not (folder.attempt(1).path / "grade.json").exists()
    assert [run.path for run in podium.group(group).runs()] == [folder.path]
    assert [path for path in folder.path.parent.iterdir() if path.name.endswith("~")] == []
    assert len(record.reservation.cpus) == 1, "its box has a CPU of its own"
    assert folder.path.name + ": what its lost attempts spent is not known" in out
    assert read_granted(folder.attempt(1).path).cost_usd == 1.0 and not (folder.path / GRANTED_NAME).exists()
    assert 1.0 < spent_in(folder).usd < 1.5, "the lost attempt counts in full, the other as it was"
    nothing_is_left(engine, group)
    assert list((kept.home / "nodes").iterdir()) == []
    assert podium.server.received and all(KEY in one.headers["authorization"] for one in podium.server.received)
    nobody_has_the_key(podium.results, kept.home, lost.home, cluster.folder)

    # The command is killed while it extends the group: its run ends on the node, what is finished stays.
    finished = folder.record_file.read_bytes()
    gate.clear()
    podium.server.received.clear()
    paid = (*all_of(group), "--seeds", "2", "--budget", "1", "--group-budget", "20")
    command = start(podium, cluster, *paid)
    wait_for_a_node(command, second)
    os.kill(command.process.pid, signal.SIGKILL)
    command.process.wait()
    nothing_is_left(engine, group)

    # The run goes on from what was seen of it, and the head is lost: the command ends, and says how to go on.
    mute.set()
    command = start(podium, cluster, "--resume", f"{group}/{second.path.name}")
    gone_on_with = wait_for_a_node(command, second, attempt=2)
    assert gone_on_with == read_journal(second.attempt(1).journal)[: len(gone_on_with)]
    cluster.head.lose()
    with ExitStack() as held, ThreadPoolExecutor(1) as pool:
        another = pool.submit(held.enter_context, TestCluster(nodes=1))  # until the loss is noticed it has started
        out = command.ends(3)
        assert "the head of the Ray cluster" in out and "the same command does the rest" in out
        assert second.read().status is RunStatus.LOST
        nothing_is_left(engine, group)

        # On another cluster the group's command finishes it, and nothing finished is run twice.
        gate.set()
        mute.clear()
        start(podium, another.result(), *paid).ends(0)
    assert folder.record_file.read_bytes() == finished, "a finished run was run again"
    assert (second.read().status, second.read().attempt) == (RunStatus.COMPLETED, 3)
    assert second.read().resumed_from == 2, "the same command goes on with what was seen of the run"
    lost = [second.attempt(number).read() for number in second.attempts()]
    assert [(one.status, one.resumed_from) for one in lost] == [(RunStatus.LOST, None), (RunStatus.LOST, 1)]
    assert 3.0 < spent_in(second).usd + spent_in(folder).usd < 4.0, "three attempts were lost with their bills"
    nothing_is_left(engine, group)
