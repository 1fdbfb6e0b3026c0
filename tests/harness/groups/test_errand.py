"""What the coordinator makes of nodes that lie, refuse, break or vanish."""

import contextlib
import io
import json
import pickle
import tarfile
from dataclasses import replace

import orjson
import pytest

from harness.errors import InfrastructureError, Interrupted, UserError
from harness.gateway.held import NAME as HELD_NAME
from harness.gateway.pace import RateLimits
from harness.groups import granted
from harness.groups.budget import spent_in
from harness.groups.coordinator import task_of
from harness.groups.errand import Shared
from harness.groups.executor import Place, WorkerGone
from harness.groups.rates import Rates, Refusal
from harness.nodes import luggage
from harness.nodes.job import Shipping, job
from harness.results.layout import RunFolder, RunStatus
from harness.runs.first_record import first_record
from harness.runs.stopping import StopFlag
from tests.harness.groups.fake_cluster import FakeCluster, FakeKeeper, RayError
from tests.harness.groups.test_budget import CALL


@pytest.fixture
def folder(plan, tmp_path):
    """The run's folder as the coordinator has made it ready."""
    made = RunFolder(tmp_path / "results" / "group" / plan().run_id)
    made.write(first_record(plan(), RunStatus.RUNNING, attempt=2))
    return made


@pytest.fixture
def send(plan, folder):
    """Send the run to a cluster of these keepers; what was said and shown is kept on the function."""

    def errand(*keepers, flag=None, code="sha"):
        errand.said, errand.shown = [], []
        errand.cluster = FakeCluster(*keepers)
        shared = Shared(
            errand.cluster,
            {plan().run_id: errand.plan or plan()},
            lambda plan: job(plan, code, Shipping()),
            errand.said.append,
            lambda plan, stored: errand.shown.append(stored),
            errand.rates,
        )
        task = task_of(plan(), Place(), folder, attempt=2, token=7)
        return shared.carry_out(task, flag or StopFlag())

    errand.plan, errand.rates = None, Rates()
    return errand


def packed(plan, status=RunStatus.COMPLETED, files=(), **changes):
    """A parcel of a run as a node hands it out."""
    record = first_record(plan, status, attempt=1).model_copy(update={"owner": "node/boot/1/1", **changes})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in {"run.json": record.model_dump_json(), **dict(files)}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
    return buffer.getvalue()


def test_what_comes_back_is_of_this_attempt_and_this_coordinator(send, plan, folder):
    handed_in = RunFolder(send(FakeKeeper(packed=packed(plan(), files={"sandbox.log": "hello"}))))
    record = handed_in.read()
    assert (record.status, record.attempt, record.lease_token, record.node) == ("completed", 2, 7, "host-a")
    assert record.owner == folder.read().owner and record.plan_sha256 == plan().sha256()
    assert handed_in.sandbox_log.read_text() == "hello" and handed_in.path != folder.path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda plan: b"no archive", "can't be read"),
        (lambda plan: packed(plan, run_id="another"), "the record of another run"),
        (lambda plan: packed(plan, seed=5), "the record of another run"),
        (lambda plan: packed(plan, files={"grade.json": "{}"}), "coordinator alone writes"),
        (lambda plan: packed(plan, files={"../x": ""}), "a name that no run has"),
        (lambda plan: packed(plan)[:200], "can't be read"),
    ],
)
def test_what_is_not_this_run_is_handed_in_as_failed_with_the_reason(send, plan, folder, make, words):
    record = RunFolder(send(FakeKeeper(packed=make(plan())))).read()
    assert record.status is RunStatus.INFRA_FAILED and words in record.reason
    assert folder.read().status is RunStatus.RUNNING, "the coordinator's own record is its to change"


def test_a_parcel_that_ends_early_is_not_waited_for(send, plan):
    short = FakeKeeper(packed=packed(plan()))
    short.do_pack = lambda: 10_000_000
    assert "broke off after" in RunFolder(send(short)).read().reason


def test_a_node_with_other_code_gets_nothing_and_another_is_asked(send, plan):
    stale = FakeKeeper("stale", code="other")
    record = RunFolder(send(stale, FakeKeeper("good", packed=packed(plan())))).read()
    assert record.node == "host-good" and "start" not in stale.called and stale.killed
    assert send.cluster.excluded == [set(), {"stale"}]
    assert any("host-stale can't carry runs" in line and "same commit" in line for line in send.said)


def test_a_node_that_is_open_to_the_world_gets_nothing(send, plan):
    public = FakeKeeper("public", addresses=["10.0.0.6", "193.99.144.80"])
    assert RunFolder(send(public, FakeKeeper(packed=packed(plan())))).read().node == "host-a"
    assert "start" not in public.called


def test_a_node_without_the_data_is_passed_over_for_that_competition(send, plan):
    lacking = FakeKeeper("lacking", state={"failed": "infrastructure", "reason": "no data"})
    send(lacking, FakeKeeper(packed=packed(plan())))
    assert any(f"can't carry runs on {plan().competition.id}" in line for line in send.said)


def test_where_no_node_is_left_the_run_failed_for_the_reasons_told(send):
    record = RunFolder(send(FakeKeeper(state={"failed": "infrastructure", "reason": "no engine here"}))).read()
    assert record.status is RunStatus.INFRA_FAILED
    assert "no node is left" in record.reason and "host-a: no engine here" in record.reason


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        ({"failed": "user", "reason": "openai/… needs a key"}, UserError, "on host-a: openai/… needs a key"),
        ({"failed": "bug", "reason": "1/0", "trace": "line 7"}, RuntimeError, "line 7"),
        (
            {"failed": "infrastructure", "started": True, "reason": "was killed"},
            WorkerGone,
            "lost on host-a: was killed",
        ),
        ({"failed": "interrupted", "started": True, "reason": "stopped"}, WorkerGone, "lost on host-a"),
    ],
)
def test_whose_fault_an_end_was_is_kept_apart(send, state, error, words):
    with pytest.raises(error, match=words):
        send(FakeKeeper(state=state))


def test_a_node_that_dies_is_gone_and_what_it_wrote_so_far_is_kept(send, folder, monkeypatch):
    from harness.groups import errand

    monkeypatch.setattr(errand, "POLL_SECONDS", 0)
    dying = FakeKeeper(state={"over": False}, logs={"journal.jsonl": b"half a line", "llm.jsonl": b"{}\n"})
    polls = []

    def poll():
        polls.append(1)
        if len(polls) > 2:
            raise RayError("The actor died because its node has died.")
        return FakeKeeper.do_poll(dying)

    dying.do_poll = poll
    with pytest.raises(WorkerGone, match="lost on host-a: The actor died"):
        send(dying)
    assert folder.journal.read_bytes() == b"half a line" and folder.transcript.read_bytes() == b"{}\n"
    assert folder.read().node == "host-a"


CALL_OF_THREE = orjson.dumps({**CALL, "cost_usd": 3.0}) + b"\n"
IN_FLIGHT = b'{"schema_version": 1, "cost_usd": 0.5, "tokens": 9}  '


@pytest.fixture
def paid(send, plan):
    """A run that may spend 5 USD, and has spent 3 when something happens."""
    send.plan = replace(plan(), budget_usd=5.0)
    return {"llm.jsonl": CALL_OF_THREE, HELD_NAME: IN_FLIGHT}


def test_what_a_lost_node_spent_is_taken_for_all_that_it_was_granted(send, folder, paid, monkeypatch):
    from harness.groups import errand

    monkeypatch.setattr(errand, "POLL_SECONDS", 0)
    dying = FakeKeeper(state={"over": False}, logs=paid)
    polls = []

    def poll():
        assert granted.read_granted(folder.path).cost_usd == 5.0, "it is said before anything can be spent"
        polls.append(1)
        if len(polls) > 2:
            raise RayError("The actor died because its node has died.")
        return FakeKeeper.do_poll(dying)

    dying.do_poll = poll
    with pytest.raises(WorkerGone):
        send(dying)
    assert folder.transcript.read_bytes() == CALL_OF_THREE and spent_in(folder).usd == 5.0


@pytest.mark.parametrize("sent", [b"", b"no archive"])
def test_of_a_process_that_was_killed_on_its_node_the_bill_is_known(send, folder, paid, sent):
    killed = {"failed": "infrastructure", "started": True, "reason": "was killed"} if not sent else {}
    with contextlib.suppress(WorkerGone):
        folder = RunFolder(send(FakeKeeper(state=killed, logs=paid, packed=sent)))
    assert spent_in(folder).usd == 3.5 and not (folder.path / granted.NAME).exists()


def test_a_log_that_is_too_long_to_follow_leaves_the_bill_open_until_the_run_is_handed_in(
    send, plan, folder, paid, monkeypatch
):
    from harness.groups import errand

    monkeypatch.setattr(errand, "MOST_MIRRORED_BYTES", 5)
    killed = {"failed": "infrastructure", "started": True, "reason": "was killed"}
    with pytest.raises(WorkerGone):
        send(FakeKeeper(state=killed, logs=paid))
    assert spent_in(folder).usd == 5.0
    send(FakeKeeper(logs=paid, packed=packed(plan())))
    assert not (folder.path / granted.NAME).exists()


def test_a_lost_head_leaves_what_is_known_and_what_may_have_been_spent(send, folder, paid):
    keeper = FakeKeeper(state={"over": False}, logs=paid)

    def poll():
        send.cluster.head_is_gone = len(keeper.called) > 6
        return FakeKeeper.do_poll(keeper)

    keeper.do_poll = poll
    with pytest.raises(InfrastructureError, match="the same command does the rest"):
        send(keeper)
    assert folder.read().usage.cost_usd == 3.0 and spent_in(folder).usd == 5.0


def test_a_silent_node_is_gone_after_a_while_and_not_before(send, monkeypatch):
    from harness.groups import line

    monkeypatch.setattr(line, "POLL_SECONDS", 0)
    monkeypatch.setattr(line, "SILENCE_SECONDS", 0.2)
    monkeypatch.setattr(line, "ANSWER_SECONDS", 0.2)
    silent = FakeKeeper()

    def poll():
        raise send.cluster.ray.exceptions.ActorUnavailableError("unavailable")

    silent.do_poll = poll
    with pytest.raises(WorkerGone, match="has not answered"):
        send(silent)
    assert silent.called.count("poll") > 1 and silent.killed


def test_a_lost_head_ends_the_wait_and_closes_the_record(send, folder):
    keeper = FakeKeeper(state={"over": False})

    def poll():
        send.cluster.head_is_gone = True
        return FakeKeeper.do_poll(keeper)

    keeper.do_poll = poll
    with pytest.raises(InfrastructureError, match="the same command does the rest"):
        send(keeper)
    assert folder.read().status is RunStatus.LOST and keeper.called[-1] == "end"


def test_wishes_are_passed_on_and_a_run_that_is_ended_keeps_what_it_came_to(send, plan, folder):
    flag = StopFlag()
    keeper = FakeKeeper(
        state={"failed": "interrupted", "started": True},
        packed=packed(plan(), RunStatus.STOPPED, files={"sandbox.log": "x"}),
    )
    keeper.do_start = lambda *_: flag.set(at_once=True)
    with pytest.raises(Interrupted):
        send(keeper, flag=flag)
    assert {"end", "stop"} <= set(keeper.called)
    assert folder.read().status is RunStatus.STOPPED and folder.sandbox_log.read_text() == "x"


def test_a_node_is_told_its_share_and_what_another_was_refused(send, plan):
    send.rates = Rates(RateLimits(requests_per_minute=60))
    send.rates.hear("another", {"openai": Refusal(1.0, 30.0)})
    keeper = FakeKeeper(state={"over": False, "refused": {"anthropic": [0.5, 0.0]}}, packed=packed(plan()))
    heard, started = [], []
    keeper.do_heed = lambda line: heard.append(json.loads(line))
    keeper.do_start = lambda job, *_: started.append(pickle.loads(job).shipping.pace)
    polls = []

    def poll():
        polls.append(1)
        if len(polls) == 1:
            send.rates.join(99, "another")
        keeper.state["over"] = len(polls) > 2
        return FakeKeeper.do_poll(keeper)

    keeper.do_poll = poll
    send(keeper)
    assert started == [RateLimits(requests_per_minute=60)], "alone it may take all"
    told_of, share = heard
    assert told_of["refused"]["openai"][1] == pytest.approx(30, abs=5) and share == {"share": [30.0, None]}
    assert set(send.rates.news("another", 0)[0]) == {"anthropic"}
    assert send.rates.share("another") == RateLimits(60), "what has ended takes no share"


def test_a_run_that_can_not_leave_this_machine_says_so_in_its_record(send, plan, folder, monkeypatch):
    monkeypatch.setattr(luggage, "MOST_BYTES", 5)
    send.plan = replace(plan(), replay=folder.path / "llm.jsonl")
    send.plan.replay.write_text("{}" * 100)
    keeper = FakeKeeper()
    with pytest.raises(UserError, match="leave --executor out"):
        send(keeper)
    assert folder.read().status is RunStatus.INFRA_FAILED and keeper.called == []


def test_a_run_that_has_no_place_yet_is_not_begun_after_a_stop(send, folder):
    flag, keeper = StopFlag(), FakeKeeper()
    flag.set()
    with pytest.raises(Interrupted):
        send(keeper, flag=flag)
    assert folder.read().status is RunStatus.STOPPED and "start" not in keeper.called


def test_what_a_node_says_reaches_the_terminal_as_one_plain_line(send, plan):
    send(FakeKeeper(state={"said": ["\x1b[2Jgone\nand more"]}, packed=packed(plan())))
    assert send.said == ["host-a: [2Jgone and more"]
