"""What a run tried beyond its bounds is counted by kind, with the first example, and nothing else is."""

import json

import openai
import pytest

from harness.gateway.providers.fake import Say
from harness.gateway.trespasses import KINDS, MEANINGS

CHAT, EVENTS, CHECK = "/v1/chat/completions", "/podium/events", "/podium/check"
USER = [{"role": "user", "content": "hi"}]
END = {"type": "end", "reason": "steps", "message": "", "best": None}
NODE = {
    "type": "node",
    "node": "n1",
    "step": 1,
    "action": "draft",
    "parents": [],
    "plan": "",
    "code": "x",
    "outcome": "ok",
    "exit_code": 0,
    "output": "",
    "score": 0.5,
    "buggy": False,
    "why_buggy": None,
    "analysis": "",
    "reviewed_by": "none",
    "submission_valid": None,
    "warm_start": False,
    "seconds": {},
    "tokens": {},
}


def tried(gateway):
    return {one.kind: (one.times, one.first) for one in gateway.trespasses.all()}


@pytest.mark.parametrize(
    ("kind", "path", "body", "words"),
    [
        ("outside", CHAT, {"messages": USER, "tools": [{"type": "web_search"}]}, "web_search"),
        ("outside", CHAT, {"messages": USER, "store": True}, "store"),
        ("outside", "/v1/responses", {"input": "hi", "previous_response_id": "r"}, "previous_response_id"),
        ("outside", "/v1/messages", {"messages": USER, "tools": [{"type": "web_fetch_20250910"}]}, "web_fetch"),
        ("other_model", CHAT, {"messages": USER, "model": "model-b"}, "model-b"),
        ("endpoint", "/v1/files", {}, "POST /v1/files"),
        ("endpoint", "/podium/score?node=n1", {}, "validation: self"),
        ("path", CHECK + "?node=../x", {}, "../x"),
        ("event", EVENTS, {"type": "grade", "score": 1}, "not an event"),
        ("event", EVENTS, {**NODE, "node": "../x"}, "not an event"),
        ("flood", EVENTS, {**NODE, "output": "x" * 5_000_000}, "an event of"),
        ("network", EVENTS, {**NODE, "output": "a\nOSError: [Errno -3] Temporary failure in name resolution\n"}, "n1"),
    ],
)
def test_what_was_tried_is_counted_with_its_first_example(bench, upstream, kind, path, body, words):
    gateway = bench.gateway(upstream())

    for again in range(2):
        body = {**body, "node": f"n{again + 1}"} if kind == "network" else body
        bench.http(gateway).post(path, json={"model": "model-a", **body} if path.startswith("/v1/") else body)

    assert {kind: times for kind, (times, _) in tried(gateway).items()} == {kind: 2}
    assert words in tried(gateway)[kind][1] and len(tried(gateway)[kind][1]) <= 200


def test_a_node_that_is_reported_twice_is_one(bench, upstream):
    gateway = bench.gateway(upstream())
    assert [bench.http(gateway).post(EVENTS, json=NODE).status_code for _ in range(2)] == [204, 409]
    assert tried(gateway)["event"] == (1, "/podium/events: node n1 was reported before; a node is reported once")


def test_honest_work_and_honest_mistakes_are_none(bench, fake, upstream):
    fake.script(Say("hello"))
    gateway = bench.gateway(upstream())
    client = bench.http(gateway)
    bench.openai(gateway).chat.completions.create(model="model-a", messages=USER)
    with pytest.raises(openai.BadRequestError):
        bench.openai(gateway).chat.completions.create(model="model-a", messages=USER, max_tokens=-5)
    client.post(CHAT, content=b"{")
    client.post(EVENTS, json=NODE | {"output": "ValueError: could not convert string to float"})
    client.post(EVENTS, json=END)
    client.post(CHECK + "?node=n1", content=b"id,y\n")
    assert tried(gateway) == {}


def test_words_of_the_agent_are_kept_as_one_short_line(bench, upstream):
    gateway = bench.gateway(upstream())
    bench.http(gateway).post(CHAT, content=json.dumps({"model": "\x1b[2J\n" + "m" * 999, "messages": USER}).encode())
    (_, first) = tried(gateway)["other_model"]
    assert len(first) <= 200 and first.isprintable()


def test_every_kind_has_a_meaning():
    assert set(MEANINGS) == set(KINDS)
