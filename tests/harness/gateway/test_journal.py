"""The agent's events are validated, capped, and on the disk before they are acknowledged."""

import json

import pytest

from harness.errors import InvalidSpec
from harness.gateway.journal import EventCaps, EventRefused, JournalWriter, read_journal
from harness.gateway.providers.offline_wire import OfflineProvider

EVENTS = "/podium/events"
BEST = {"type": "best", "node": "n0001", "score": 0.5}


def node(name="n0001", **more):
    event = {
        "type": "node",
        "node": name,
        "step": 0,
        "action": "draft",
        "parents": [],
        "plan": "a plan",
        "code": "print('é')\n",
        "outcome": "ok",
        "exit_code": 0,
        "output": "validation score: 0.5\n",
        "score": 0.5,
        "buggy": False,
        "why_buggy": None,
        "analysis": "",
        "reviewed_by": "score_line",
        "submission_valid": True,
        "warm_start": True,
        "seconds": {"model": 1.0},
        "tokens": {"input": 1, "output": 2},
    }
    return {**event, **more}


@pytest.fixture
def gateway(bench, echo):
    return bench.gateway(OfflineProvider(echo))


def test_events_are_numbered_stamped_and_kept(bench, gateway):
    client = bench.http(gateway)

    answers = [client.post(EVENTS, json=event) for event in (node(), BEST)]

    stored = read_journal(gateway.folder / "journal.jsonl")
    assert [answer.status_code for answer in answers] == [204, 204]
    assert [(one.sequence, one.event.type) for one in stored] == [(1, "node"), (2, "best")]
    assert stored[0].received_at.endswith("+00:00")


def test_nodes_code_and_output_are_files(bench, gateway):
    bench.http(gateway).post(EVENTS, json=node())

    folder = gateway.folder / "nodes" / "n0001"
    assert (folder / "solution.py").read_text() == "print('é')\n"
    assert (folder / "output.txt").read_text() == "validation score: 0.5\n"


def test_several_events_come_as_lines_and_all_or_none_are_taken(bench, gateway):
    client = bench.http(gateway)
    good = "\n".join(json.dumps(event) for event in (node("n0001"), node("n0002")))
    bad = "\n".join(json.dumps(event) for event in (node("n0003"), {"type": "node"}))

    assert client.post(EVENTS, content=good).status_code == 204
    assert client.post(EVENTS, content=bad).status_code == 400
    assert len(read_journal(gateway.folder / "journal.jsonl")) == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no event"),
        (b"{", "not an event"),
        (b'{"type": "unheard"}', "not an event"),
        (json.dumps({**BEST, "extra": 1}).encode(), "extra"),
        (json.dumps(node("../../etc")).encode(), "node"),
        (json.dumps(node("n" * 33)).encode(), "node"),
        (json.dumps(node(step=-1)).encode(), "step"),
        (json.dumps(node(score=float("nan"))).encode(), "score"),
        (b'{"type": "best", "node": "n0001", "score": 1e999}', "score"),
        (json.dumps(node()).replace('"a plan"', '"\\ud800"').encode(), "not an event"),
    ],
)
def test_what_is_no_event_is_refused_with_its_reason(bench, gateway, body, reason):
    answer = bench.http(gateway).post(EVENTS, content=body)

    assert answer.status_code == 400 and reason in answer.json()["error"]
    assert read_journal(gateway.folder / "journal.jsonl") == []
    assert not (gateway.folder / "nodes").exists()


def test_a_node_is_reported_once(bench, gateway):
    client = bench.http(gateway)
    client.post(EVENTS, json=node(code="first"))

    assert client.post(EVENTS, json=node(code="forged")).status_code == 409
    assert client.post(EVENTS, content="\n".join([json.dumps(node("n0002"))] * 2)).status_code == 409
    assert (gateway.folder / "nodes/n0001/solution.py").read_text() == "first"


def test_caps_are_per_event_and_per_run(tmp_path):
    writer = JournalWriter(tmp_path, EventCaps(event_bytes=2000, events=3, run_bytes=3000))
    line = json.dumps(BEST).encode()

    with pytest.raises(EventRefused, match="2000") as too_large:
        writer.append(json.dumps(node(output="x" * 2000)).encode())
    with pytest.raises(EventRefused, match="3 events"):
        writer.append(b"\n".join([line] * 4))
    writer.append(json.dumps(node(output="x" * 1000)).encode())
    with pytest.raises(EventRefused, match="3000 bytes"):
        writer.append(json.dumps(node("n0002", output="x" * 1500)).encode())

    assert too_large.value.status == 413 and len(read_journal(tmp_path / "journal.jsonl")) == 1


def test_body_over_the_cap_is_not_read(bench, echo):
    gateway = bench.gateway(OfflineProvider(echo), caps=EventCaps(event_bytes=1000))

    assert bench.http(gateway).post(EVENTS, content=b"x" * 3000).status_code == 413


def test_listener_hears_events_that_are_already_on_the_disk(bench, echo):
    heard = []

    def listen(stored):
        heard.append((stored.event.type, len(read_journal(gateway.folder / "journal.jsonl"))))

    gateway = bench.gateway(OfflineProvider(echo), on_event=listen)
    bench.http(gateway).post(EVENTS, content=json.dumps(node()) + "\n" + json.dumps(BEST))

    assert heard == [("node", 2), ("best", 2)]


def test_reader_leaves_out_a_torn_last_line(tmp_path):
    writer = JournalWriter(tmp_path, EventCaps())
    writer.append(json.dumps(BEST).encode())
    path = tmp_path / "journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:-20])

    assert len(read_journal(path)) == 1


def test_writer_goes_on_after_a_crash(tmp_path):
    writer = JournalWriter(tmp_path, EventCaps())
    writer.append(json.dumps(node()).encode())
    writer.close()
    with (tmp_path / "journal.jsonl").open("ab") as file:
        file.write(b'{"torn')

    again = JournalWriter(tmp_path, EventCaps())
    again.append(json.dumps(BEST).encode())

    assert [one.sequence for one in read_journal(tmp_path / "journal.jsonl")] == [1, 2]
    with pytest.raises(EventRefused):
        again.append(json.dumps(node()).encode())


def test_reader_names_a_bad_line(tmp_path):
    (tmp_path / "journal.jsonl").write_text('{"sequence": 1}\n')

    with pytest.raises(InvalidSpec, match=r"journal.jsonl, line 1 .*received_at"):
        read_journal(tmp_path / "journal.jsonl")


def test_a_full_disk_ends_the_run_and_the_event_is_not_acknowledged(bench, gateway, fill_disk):
    fill_disk(gateway.folder / "journal.jsonl")

    answer = bench.http(gateway).post(EVENTS, json=BEST)

    assert answer.status_code == 503 and gateway.failure is not None
