"""A run on a node ends with whoever asked for it, and leaves nothing there, whatever is killed."""

import json
import os
import pickle
import secrets
import signal
import time
from dataclasses import replace

import pytest

from harness.gateway.journal import read_journal
from harness.gateway.transcript import read_transcript
from harness.nodes import job, keeper, luggage, parcel, samecode
from harness.nodes.job import Shipping
from harness.nodes.keeper import Keeper
from harness.results.layout import RunFolder
from harness.results.record import RunStatus

pytestmark = pytest.mark.engine
SECONDS = 120


@pytest.fixture
def sent(plan, image, tmp_path, monkeypatch):
    """Make jobs of a group that no other test has, for a node with a home of its own."""
    monkeypatch.setenv("PODIUM_HOME", str(tmp_path / "node"))
    monkeypatch.setenv("PODIUM_LENDING", str(tmp_path / "lending"))

    def make(steps=1, **changes):
        made = replace(plan(steps=steps), image=image, group=f"keeper-{secrets.token_hex(4)}")
        return replace(job.job(made, "sha", Shipping()), **changes)

    return make


@pytest.fixture
def start():
    """Start keepers, which are discarded with the test."""
    started = []

    def begin(made, **options):
        started.append(Keeper(**options))
        started[-1].start(pickle.dumps(made), made.plan.group, made.plan.run_id)
        return started[-1]

    yield begin
    for one in started:
        one.discard()


def wait_for(condition, what):
    until = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < until, what
        time.sleep(0.1)
    return found


def containers(engine, made):
    return engine.containers.list(all=True, filters={"label": f"podium.group={made.plan.group}"}, ignore_removed=True)


def test_who_it_is_says_which_code_it_has(settings):
    told = json.loads(Keeper().hello())
    assert told["code_sha256"] == samecode.sha256(settings.root) and "127.0.0.1" in told["addresses"]


def test_a_run_that_could_not_begin_says_why(sent, start):
    made = sent()
    other = replace(made.data, fingerprint="0" * 64, contents={"public/train.csv": "0" * 64})
    one = start(replace(made, data=other))
    state = wait_for(lambda: (told := json.loads(one.poll()))["over"] and told, "it is not over")
    assert (state["failed"], state.get("started")) == ("infrastructure", None)
    assert "this node has not the data of breast-cancer-wisconsin" in state["reason"]
    assert state["record"] == ""


def test_a_killed_process_leaves_no_container_and_is_told(sent, start, engine, tmp_path):
    made = sent()
    one = start(made)
    pid = wait_for(lambda: json.loads(one.poll()).get("pid"), "no process")
    wait_for(lambda: containers(engine, made), "no container")
    os.kill(pid, signal.SIGKILL)
    state = wait_for(lambda: (told := json.loads(one.poll()))["over"] and told, "it is not over")
    assert "was killed" in state["reason"] and state["failed"] == "infrastructure"
    assert containers(engine, made) == []
    one.discard()
    assert list((tmp_path / "node" / "nodes").iterdir()) == []


def come_to(one, target):
    """Unpack what the run came to, as the coordinator would."""
    wait_for(lambda: json.loads(one.poll())["over"], "it is not over")
    parcel.unpack([one.piece(0, one.pack())], target)
    return RunFolder(target)


def tree(folder):
    events = [stored.event for stored in read_journal(folder.journal)]
    return [(node.node, node.action, node.parents, node.code, node.score) for node in events if node.type == "node"]


def test_a_run_goes_on_from_an_attempt_and_answers_from_a_transcript_of_another_machine(sent, start, tmp_path):
    made = sent(steps=3)
    first = start(made)
    wait_for(lambda: b'"node"' in first.read("journal.jsonl", 0, 1 << 20), "no node")
    first.end()
    run = RunFolder(tmp_path / "run")
    begun = come_to(first, run.attempt(1).path)
    assert begun.read().status is RunStatus.STOPPED

    more = luggage.packed(made.plan, (), run, 2, goes_on=True)
    whole = come_to(start(replace(made, luggage=more)), tmp_path / "whole")
    record = whole.read()
    assert (record.status, record.attempt, record.resumed_from) == (RunStatus.COMPLETED, 2, 1)
    assert tree(whole)[: len(tree(begun))] == tree(begun) and len(tree(whole)) == 3
    assert not (whole.path / "attempts").exists()

    plan = replace(made.plan, replay=whole.transcript)
    again = luggage.packed(plan, (), None, 1, goes_on=False)
    replayed = come_to(start(replace(made, plan=plan, luggage=again)), tmp_path / "replayed")
    assert tree(replayed) == tree(whole)
    assert {call.provider for call in read_transcript(replayed.transcript)} == {"replay"}


def test_a_run_that_nobody_asks_after_is_ended_and_says_so(sent, start, engine, monkeypatch):
    monkeypatch.setattr(keeper, "WATCH_SECONDS", 0.1)
    made = sent(steps=500)  # it would go on for minutes
    one = start(made, deserted_seconds=3)

    def seen():
        one.poll()
        return containers(engine, made)

    wait_for(seen, "no container")
    wait_for(lambda: not containers(engine, made), "it was not ended")
    state = wait_for(lambda: (told := json.loads(one.poll()))["over"] and told, "it is not over")
    assert state["failed"] == "interrupted" and json.loads(state["record"])["status"] == "stopped"


def test_folders_of_keepers_that_are_gone_are_removed_and_no_others(tmp_path):
    for name, owner in (("run-dead", "host/boot/1/gone"), ("run-mine", keeper.me())):
        (tmp_path / name).mkdir()
        (tmp_path / name / "owner").write_text(owner.replace("host", keeper.me().partition("/")[0]))
    keeper.remove_left_over(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run-mine"]


def test_only_logs_of_a_run_are_read(sent):
    assert Keeper().read("../../run.json", 0, 10) == b""
