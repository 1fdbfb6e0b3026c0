"""Submissions are scored once a node and within the run's cap, and nothing is told but the rounded search score."""

import json
from typing import NamedTuple

import pytest

from harness.errors import InvalidSubmission
from harness.gateway.providers.offline_wire import OfflineProvider
from harness.gateway.scores import LINES_A_SCORE, Scoring, read_scores

CSV = b"id,target\n1,0\n"


class Fixed(NamedTuple):
    search: float
    pick: float
    told: float


def scorer(path):
    text = path.read_text()
    if "bad" in text:
        raise InvalidSubmission("column 'target', row 1: bad")
    return Fixed(0.123456789, 0.987654321, 0.12346)


@pytest.fixture
def gateway(bench, echo):
    return lambda most=3, scorer=scorer: bench.gateway(OfflineProvider(echo), scoring=Scoring(scorer, most))


@pytest.fixture
def score(bench):
    clients = {}

    def ask(gateway, node="n0001", content=CSV, path="score"):
        client = clients.setdefault(gateway, bench.http(gateway))
        return client.post(f"/podium/{path}?node={node}", content=content)

    return ask


def test_the_answer_holds_the_rounded_search_score_and_nothing_else(gateway, score):
    host = gateway()
    assert score(host).json() == {"valid": True, "reason": None, "score": 0.12346}
    assert (host.folder / "nodes/n0001/submission.csv").read_bytes() == CSV
    (line,) = read_scores(host.folder / "scores.jsonl")
    assert (line.search, line.pick, line.told) == (0.123456789, 0.987654321, 0.12346)


def test_the_format_comes_first_and_an_invalid_file_uses_no_score_up(gateway, score):
    host = gateway(most=1)
    assert score(host, content=b"bad").json() == {
        "valid": False,
        "reason": "column 'target', row 1: bad",
        "score": None,
    }
    assert score(host).json()["score"] == 0.12346


def test_a_node_is_scored_once_and_a_run_as_often_as_it_has_steps(gateway, score):
    host = gateway(most=2)
    assert score(host).status_code == 200
    assert score(host, content=CSV + b"2,0\n").status_code == 409
    assert score(host, "n0002").status_code == 200
    refused = score(host, "n0003")
    assert refused.status_code == 429 and "at most 2 scores" in refused.json()["error"]
    assert [line.outcome for line in read_scores(host.folder / "scores.jsonl")] == [
        *("scored", "refused", "scored", "refused")
    ]


def test_the_same_file_again_gets_the_same_answer_also_beyond_the_cap(gateway, score):
    host = gateway(most=1)
    assert score(host).json() == score(host).json()
    assert [line.outcome for line in read_scores(host.folder / "scores.jsonl")] == ["scored", "repeated"]


def test_a_scored_file_is_not_replaced_by_a_later_check(gateway, score):
    host = gateway()
    score(host)
    assert score(host, content=b"other", path="check").json()["valid"] is True
    assert (host.folder / "nodes/n0001/submission.csv").read_bytes() == CSV


def test_calls_without_end_do_not_fill_the_disk(gateway, score):
    host = gateway(most=1)
    for number in range(3 * LINES_A_SCORE):
        score(host, f"n{number}")
    assert len((host.folder / "scores.jsonl").read_bytes().splitlines()) == LINES_A_SCORE


def test_a_fault_of_the_scorer_is_500_without_its_text(gateway, score, caplog):
    def broken(path):
        raise KeyError("secret label 42")

    host = gateway(scorer=broken)
    answer = score(host)
    assert answer.status_code == 500 and "secret" not in answer.text and "secret label 42" in caplog.text
    assert host.failure is None


def test_a_run_that_validates_itself_has_no_scorer(bench, echo, score):
    host = bench.gateway(OfflineProvider(echo))
    assert score(host).status_code == 404
    assert not (host.folder / "scores.jsonl").exists()


@pytest.mark.parametrize("node", ["", "..", "../../etc", "N0001", "n" * 33])
def test_node_ids_that_are_no_folder_names_are_refused(gateway, score, node):
    assert score(gateway(), node).status_code == 400


def test_a_torn_last_line_is_left_out(tmp_path):
    path = tmp_path / "scores.jsonl"
    line = {"sequence": 1, "received_at": "", "node": "n0001", "outcome": "invalid"}
    path.write_text(json.dumps(line) + "\n" + json.dumps(line)[:20])
    assert [one.node for one in read_scores(path)] == ["n0001"]
