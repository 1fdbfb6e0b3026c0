"""The client towards the gateway's own endpoints, against a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.contract import BestEvent, CheckReply, StatusReply
from agent.gateway import CheckFailed, GatewayError, SocketGateway
from tests.agent.unix_server import Answer, UnixServer

STATUS = {"spent_fraction": 0.25, "elapsed_seconds": 10, "deadline_seconds": 100.0, "stop": False}


@contextmanager
def connected(folder: Path, *answers: Answer) -> Iterator[tuple[SocketGateway, UnixServer]]:
    with UnixServer(folder / "gateway.sock", answers) as server:
        gateway = SocketGateway(server.path, timeout_seconds=5)
        try:
            yield gateway, server
        finally:
            gateway.close()


def test_events_go_out_as_json(tmp_path: Path) -> None:
    with connected(tmp_path, Answer(status=204)) as (gateway, server):
        gateway.report(BestEvent("n0001", 0.5))
    assert server.asked[0].path == "/podium/events"
    assert server.asked[0].json == {"type": "best", "node": "n0001", "score": 0.5}


def test_status_is_read(tmp_path: Path) -> None:
    with connected(tmp_path, Answer(STATUS)) as (gateway, _):
        assert gateway.status() == StatusReply(0.25, 10.0, 100.0, stop=False)


def test_submissions_are_streamed_under_their_nodes_name(tmp_path: Path) -> None:
    submission = tmp_path / "submission.csv"
    submission.write_bytes(b"id,y\n" + b"1,0\n" * 100_000)
    with connected(tmp_path, Answer({"valid": False, "reason": "row 3: no id"})) as (gateway, server):
        assert gateway.check("n0007", submission) == CheckReply(False, "row 3: no id")
    assert server.asked[0].path == "/podium/check?node=n0007"
    assert server.asked[0].body == submission.read_bytes()


def test_a_submission_too_large_for_the_gateway_is_invalid(tmp_path: Path) -> None:
    submission = tmp_path / "submission.csv"
    submission.write_text("id\n")
    with connected(tmp_path, Answer({"error": "too large"}, status=413)) as (gateway, _):
        assert gateway.check("n0001", submission) == CheckReply(False, "too large")


def test_a_broken_check_says_nothing_of_the_submission(tmp_path: Path) -> None:
    submission = tmp_path / "submission.csv"
    submission.write_text("id\n")
    with connected(tmp_path, Answer({"error": "oops"}, status=500)) as (gateway, _), pytest.raises(CheckFailed):
        gateway.check("n0001", submission)


def test_one_connection_serves_many_calls(tmp_path: Path) -> None:
    with connected(tmp_path, *[Answer(STATUS)] * 5) as (gateway, server):
        for _ in range(5):
            gateway.status()
    assert server.connections == 1


def test_a_connection_closed_between_calls_is_opened_again(tmp_path: Path) -> None:
    with connected(tmp_path, Answer(STATUS, then_close=True), Answer(STATUS)) as (gateway, server):
        gateway.status()
        gateway.status()
    assert server.connections == 2


def test_an_event_whose_answer_was_lost_is_not_an_error_when_it_had_arrived(tmp_path: Path) -> None:
    known = Answer({"error": "node n0001 was reported before"}, status=409)
    with connected(tmp_path, Answer(hang_up=True), known) as (gateway, server):
        gateway.report(BestEvent("n0001", 0.5))
    assert len(server.asked) == 2


def test_a_second_report_of_a_node_is_an_error(tmp_path: Path) -> None:
    known = Answer({"error": "node n0001 was reported before"}, status=409)
    with connected(tmp_path, known) as (gateway, _), pytest.raises(GatewayError, match="reported before"):
        gateway.report(BestEvent("n0001", 0.5))


def test_a_refused_event_says_why(tmp_path: Path) -> None:
    refused = Answer({"error": "at most 20000 events"}, status=413)
    with connected(tmp_path, refused) as (gateway, _), pytest.raises(GatewayError, match="413: at most 20000 events"):
        gateway.report(BestEvent("n0001", 0.5))


def test_a_gateway_that_is_gone_is_an_error_that_names_the_call(tmp_path: Path) -> None:
    gateway = SocketGateway(tmp_path / "nobody.sock", timeout_seconds=1)
    with pytest.raises(GatewayError, match="GET /podium/status failed"):
        gateway.status()


@pytest.mark.parametrize("body", [b"<html>", b"[1]"])
def test_an_answer_that_is_no_object_is_an_error(tmp_path: Path, body: bytes) -> None:
    with connected(tmp_path, Answer(body)) as (gateway, _), pytest.raises(GatewayError, match="was answered with"):
        gateway.status()
