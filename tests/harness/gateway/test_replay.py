"""A recorded transcript answers exactly what was recorded, in order, and says what differs when it can't."""

import openai
import orjson
import pytest

from harness.errors import UserError
from harness.gateway.providers import replay_of
from harness.gateway.providers.difference import first_difference
from harness.gateway.providers.fake import Cut, Fail, Say

USER = [{"role": "user", "content": "hi"}]
CHAT = "/v1/chat/completions"


def ask(text, **more):
    return {"model": "model-a", "messages": [{"role": "user", "content": text}], **more}


@pytest.fixture
def recorded(bench, fake, upstream):
    """Records calls against scripted steps; gives the transcript's path and the live answers."""

    def record(*calls):
        gateway = bench.gateway(upstream())
        client = bench.http(gateway)
        answers = []
        for path, body, step in calls:
            fake.script(step)
            answers.append(client.post(path, json=body))
        gateway.__exit__(None, None, None)
        return gateway.folder / "llm.jsonl", answers

    return record


def test_answers_are_the_recorded_bytes_plain_and_streamed(bench, recorded):
    calls = [
        (CHAT, ask("one"), Say("first")),
        (CHAT, ask("two", stream=True), Say("second" * 200)),
        ("/v1/responses", {"model": "model-a", "input": "three", "stream": True}, Say("third")),
        ("/v1/messages", ask("four", max_tokens=5), Say("fourth")),
        (CHAT, ask("five"), Fail(400, message="refused by the provider")),
    ]
    path, live = recorded(*calls)
    client = bench.http(bench.gateway(replay_of(path)))

    replayed = [client.post(route, json=body) for route, body, _ in calls]

    assert [answer.content for answer in replayed] == [answer.content for answer in live]
    assert [answer.status_code for answer in replayed] == [200, 200, 200, 200, 400]
    assert replayed[1].headers["content-type"].startswith("text/event-stream")


def test_the_same_request_gets_the_recorded_answers_in_order(bench, recorded):
    path, _ = recorded((CHAT, ask("same"), Say("first")), (CHAT, ask("same"), Say("second")))
    client = bench.http(bench.gateway(replay_of(path)))

    texts = [client.post(CHAT, json=ask("same")).json()["choices"][0]["message"]["content"] for _ in range(2)]

    assert texts == ["first", "second"]


def test_one_more_than_recorded_is_a_miss(bench, recorded):
    path, _ = recorded((CHAT, ask("same"), Say("first")))
    client = bench.http(bench.gateway(replay_of(path)))
    client.post(CHAT, json=ask("same"))

    answer = client.post(CHAT, json=ask("same"))

    assert answer.status_code == 404 and answer.json()["error"]["code"] == "replay_miss"
    assert "recorded 1 times" in answer.json()["error"]["message"]


def test_what_varies_between_runs_does_not_matter(bench, recorded):
    prompt = "fit took {} s at {}, wrote {}\n<!-- volatile -->time left: {} s<!-- /volatile -->"
    first = prompt.format("12.5", "10:00:01", "/tmp/abc/working/x.csv", 3600)
    second = prompt.format("3.25", "23:59:59", "/tmp/q7/working/x.csv", 1800)
    path, _ = recorded((CHAT, ask(first), Say("found")))

    answer = bench.http(bench.gateway(replay_of(path))).post(CHAT, json=ask(second))

    assert answer.json()["choices"][0]["message"]["content"] == "found"


def test_a_miss_names_the_first_difference_to_the_nearest_request(bench, recorded, fake):
    long = "the data has 14 columns and " * 20
    path, _ = recorded((CHAT, ask("something else"), Say()), (CHAT, ask(long + "8693 rows"), Say()))
    before = len(fake.received)
    client = bench.openai(bench.gateway(replay_of(path)))

    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(**ask(long + "100 rows"))

    assert raised.value.code == "replay_miss" and "nearest is call 2" in str(raised.value)
    assert "messages[0].content, character 560" in str(raised.value) and "8693 rows" in str(raised.value)
    assert len(fake.received) == before


def test_a_miss_is_not_tried_again_and_anthropics_client_understands_it(bench, recorded):
    import anthropic

    path, _ = recorded(("/v1/messages", ask("one", max_tokens=5), Say()))
    gateway = bench.gateway(replay_of(path))

    with pytest.raises(anthropic.NotFoundError, match="first differ at messages") as raised:
        bench.anthropic(gateway).messages.create(**ask("two", max_tokens=5))

    assert raised.value.body["error"]["type"] == "replay_miss" and bench.waits.slept == []


def test_the_gateways_own_additions_do_not_matter(bench, recorded, echo):
    from harness.gateway.budget import Budget

    path, _ = recorded((CHAT, ask("one"), Say("found")))

    gateway = bench.gateway(replay_of(path), budget=Budget(default_max_output_tokens=99))

    assert bench.http(gateway).post(CHAT, json=ask("one")).status_code == 200


def test_a_stream_that_was_cut_is_cut_again(bench, recorded):
    path, [live] = recorded((CHAT, ask("one", stream=True), Cut(Say("x" * 4000), after_events=3)))

    again = bench.http(bench.gateway(replay_of(path))).post(CHAT, json=ask("one", stream=True))

    assert again.content.partition(b"broke off")[0] == live.content.partition(b"broke off")[0]
    assert b"broke off" in again.content


def test_a_replay_can_be_replayed(bench, recorded):
    path, [live] = recorded((CHAT, ask("one", stream=True), Say("x" * 900)))
    first = bench.gateway(replay_of(path))
    bench.http(first).post(CHAT, json=ask("one", stream=True))
    first.__exit__(None, None, None)

    again = bench.http(bench.gateway(replay_of(first.folder / "llm.jsonl"))).post(CHAT, json=ask("one", stream=True))

    assert again.content == live.content


def test_replay_costs_nothing_but_counts_tokens(bench, recorded):
    path, _ = recorded((CHAT, ask("one"), Say()))
    gateway = bench.gateway(replay_of(path))
    bench.http(gateway).post(CHAT, json=ask("one"))

    assert gateway.usage().cost_usd == 0.0 and gateway.usage().input_tokens == 100


@pytest.mark.parametrize("content", [None, "", '{"torn'])
def test_a_transcript_without_answers_is_the_users_error(tmp_path, content):
    path = tmp_path / "llm.jsonl"
    if content is not None:
        path.write_text(content)

    with pytest.raises(UserError, match=r"llm\.jsonl"):
        replay_of(path)


@pytest.mark.parametrize(
    ("recorded", "asked", "place"),
    [
        ({"a": 1}, {"a": 2}, "a"),
        ({"a": [1, 2]}, {"a": [1]}, "a[1]"),
        ({"a": "same text"}, {"a": "same test"}, "a, character 7"),
        ({"a": 1}, {"a": 1, "b": 2}, "b"),
        ({"a": {"b": 1}}, {"a": [1]}, "a"),
        ({"a": "x"}, {"a": "xy"}, "a, character 1"),
    ],
)
def test_first_difference_is_found(recorded, asked, place):
    assert first_difference(recorded, asked).place == place


def test_equal_values_do_not_differ():
    value = orjson.loads(b'{"a": [1, {"b": null}], "c": "text"}')

    assert first_difference(value, orjson.loads(orjson.dumps(value))) is None


def test_who_asks_the_same_at_a_time_gets_its_own_answer_by_its_label(bench, fake, upstream):
    """The order in which workers ask is not the order in which they were answered."""
    gateway = bench.gateway(upstream())
    client = bench.http(gateway)
    for label in ("n0002/code", "n0001/code"):
        fake.script(Say(f"for {label}"))
        client.post(CHAT, json=ask("same"), headers={"x-podium-label": label})
    gateway.__exit__(None, None, None)
    replayed = bench.http(bench.gateway(replay_of(gateway.folder / "llm.jsonl")))

    def asked_by(label):
        answer = replayed.post(CHAT, json=ask("same"), headers={"x-podium-label": label})
        return answer.json()["choices"][0]["message"]["content"]

    assert asked_by("n0001/code") == "for n0001/code"
    assert asked_by("n0009/code") == "for n0002/code", "a label that was not recorded takes what is left"


@pytest.mark.parametrize("label", ["", "A", "a b", "a" * 65, "\u00e9"])
def test_a_label_that_is_none_is_left_out_and_none_reaches_the_provider(bench, fake, upstream, label):
    gateway = bench.gateway(upstream())
    fake.script(Say("first"), Say("second"))
    for header in (label.encode(), b"n0001/code"):
        assert bench.http(gateway).post(CHAT, json=ask("hi"), headers={b"x-podium-label": header}).status_code == 200
    gateway.__exit__(None, None, None)

    records = [orjson.loads(line) for line in (gateway.folder / "llm.jsonl").read_bytes().splitlines()]
    assert [record["label"] for record in records] == [None, "n0001/code"]
    assert not any("x-podium-label" in call.headers for call in fake.received)
