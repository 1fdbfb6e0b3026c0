"""Streams arrive as the provider sends them, are accounted for whoever hangs up, and cost no memory."""

import os
import threading
import time
from pathlib import Path

import anthropic
import openai
import pytest

from harness.gateway.budget import Budget
from harness.gateway.forward import CallLimits
from harness.gateway.providers.fake import Cut, Garbage, Raw, Say

USER = [{"role": "user", "content": "hi"}]
BODY = {"model": "model-a", "messages": USER, "stream": True, "max_completion_tokens": 5000}


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_usage_is_asked_for_and_its_chunk_kept_from_clients_that_did_not_ask(bench, fake, upstream, eventually):
    gateway = bench.gateway(upstream())

    chunks = list(bench.openai(gateway).chat.completions.create(model="model-a", messages=USER, stream=True))

    assert fake.received[0].body["stream_options"] == {"include_usage": True}
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert eventually(lambda: gateway.usage().output_tokens == 20)


def test_clients_that_ask_for_usage_get_it(bench, upstream):
    client = bench.openai(bench.gateway(upstream()))

    chunks = list(
        client.chat.completions.create(
            model="model-a", messages=USER, stream=True, stream_options={"include_usage": True}
        )
    )

    assert chunks[-1].usage.completion_tokens == 20 and chunks[-1].choices == []


def test_first_events_arrive_before_the_last_is_sent(bench, fake, upstream):
    fake.script(Say("x" * 4000, pause_seconds=0.1))
    client = bench.openai(bench.gateway(upstream()))
    started = time.monotonic()

    stream = client.chat.completions.create(model="model-a", messages=USER, stream=True)
    next(iter(stream))
    first = time.monotonic() - started

    assert list(stream) and first < (time.monotonic() - started) / 2


CALLS = {
    "chat": ("openai", "/v1/chat/completions", {"messages": USER}),
    "responses": ("openai", "/v1/responses", {"input": "hi"}),
    "messages": ("anthropic", "/v1/messages", {"messages": USER, "max_tokens": 5}),
}


@pytest.mark.parametrize("api", CALLS)
def test_transcript_holds_the_reassembled_message_and_the_exact_text(bench, fake, upstream, records, api):
    kind, path, body = CALLS[api]
    fake.script(*[Say("think" * 200, "submit_review", '{"is_bug": true}')] * 2)
    gateway = bench.gateway(upstream(kind))
    client = bench.http(gateway)

    whole = client.post(path, json={"model": "model-a", **body}).json()
    client.post(path, json={"model": "model-a", "stream": True, **body})

    record = records(gateway)[1]
    assert spoken(api, record.response) == spoken(api, whole)
    assert record.raw.startswith(("data: ", "event: ")) and record.usage.output == 20


def spoken(api, response):
    """What a response says, without fields that only a plain or only a streamed one has."""
    if api == "chat":
        [choice] = response["choices"]
        message = choice["message"]
        return message["content"], message["tool_calls"], choice["finish_reason"], response["id"]
    if api == "responses":
        return response["output"], response["status"], response["id"]
    return response["content"], response["stop_reason"], response["id"]


def test_openai_client_raises_when_the_provider_breaks_off(bench, fake, upstream, records):
    gateway = bench.gateway(upstream())
    fake.script(Cut(Say("x" * 4000), after_events=3))
    stream = bench.openai(gateway).chat.completions.create(model="model-a", messages=USER, stream=True)

    with pytest.raises(openai.APIError, match="broke off"):
        list(stream)

    assert records(gateway)[0].outcome == "cut"
    assert records(gateway)[0].response["choices"][0]["message"]["content"] == "x" * 800


def test_anthropic_client_raises_when_the_provider_breaks_off(bench, fake, upstream):
    fake.script(Cut(Say("x" * 4000), after_events=4))
    client = bench.anthropic(bench.gateway(upstream("anthropic")))

    stream = client.messages.create(model="model-a", max_tokens=5, messages=USER, stream=True)

    with pytest.raises(anthropic.APIError, match="broke off"):
        list(stream)


def test_responses_stream_that_breaks_off_raises(bench, fake, upstream):
    fake.script(Cut(Say("x" * 4000), after_events=4))
    stream = bench.openai(bench.gateway(upstream())).responses.create(model="model-a", input="hi", stream=True)

    with pytest.raises(openai.APIError, match="broke off"):
        list(stream)


def test_garbage_in_a_stream_is_an_error_event(bench, fake, upstream, records):
    gateway = bench.gateway(upstream())
    fake.script(Garbage())
    stream = bench.openai(gateway).chat.completions.create(model="model-a", messages=USER, stream=True)

    with pytest.raises(openai.APIError, match="not JSON"):
        list(stream)

    assert "{garb" in records(gateway)[0].raw


def test_a_stream_without_a_last_blank_line_is_whole(bench, fake, upstream, records):
    gateway = bench.gateway(upstream())
    chunk = b'data: {"id": "c", "choices": [{"index": 0, "delta": {"content": "all"}, "finish_reason": "stop"}]}\n\n'
    fake.script(Raw((b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", chunk, b"data: [DONE]")))

    answer = bench.http(gateway).post("/v1/chat/completions", json=BODY)

    assert answer.content == chunk + b"data: [DONE]" and records(gateway)[0].outcome == "answered"


def test_a_stream_that_ends_early_without_an_error_is_cut(bench, fake, upstream, records):
    gateway = bench.gateway(upstream())
    chunk = b'data: {"id": "c", "choices": [{"index": 0, "delta": {"content": "al"}, "finish_reason": null}]}\n\n'
    fake.script(Raw((b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", chunk)))

    answer = bench.http(gateway).post("/v1/chat/completions", json=BODY)

    assert b"before its last event" in answer.content and records(gateway)[0].outcome == "cut"


def test_a_cut_stream_costs_its_reservation(bench, fake, upstream):
    gateway = bench.gateway(upstream(), budget=Budget(tokens=100_000))
    fake.script(Cut(Say("x" * 4000), after_events=3))

    bench.http(gateway).post("/v1/chat/completions", json=BODY)

    assert gateway.usage().output_tokens == 5000


def hang_up(bench, gateway):
    """Open a stream, read its beginning, and close the connection."""
    with bench.http(gateway).stream("POST", "/v1/chat/completions", json=BODY) as stream:
        next(stream.iter_bytes())


def test_usage_is_settled_when_the_client_hangs_up(bench, fake, upstream, records, eventually):
    gateway = bench.gateway(upstream())
    fake.script(Say("x" * 4000, pause_seconds=0.02))

    hang_up(bench, gateway)

    assert eventually(lambda: gateway.usage().calls == 1)
    assert gateway.usage().output_tokens == 20
    assert eventually(lambda: [(one.client_gone, one.outcome) for one in records(gateway)] == [(True, "answered")])


def test_a_long_stream_is_dropped_some_time_after_its_client(bench, fake, upstream, records, eventually):
    gateway = bench.gateway(upstream(), limits=CallLimits(drain_seconds=0.2))
    fake.script(Say("x" * 400_000, pause_seconds=0.05))

    hang_up(bench, gateway)

    assert eventually(lambda: gateway.usage().calls == 1, seconds=5)
    assert gateway.usage().output_tokens == 5000  # the reservation
    assert eventually(lambda: [(one.outcome, one.error) for one in records(gateway)] == [("cut", "the client hung up")])
    assert eventually(lambda: fake.open_streams == 0)


def test_streams_end_with_the_runs_deadline(bench, fake, upstream):
    gateway = bench.gateway(upstream(), deadline_seconds=0.5)
    fake.script(Say("x" * 400_000, pause_seconds=0.05))
    stream = bench.openai(gateway).chat.completions.create(model="model-a", messages=USER, stream=True)

    with pytest.raises(openai.APIError, match="deadline"):
        list(stream)


def test_sixty_four_slow_streams_run_at_once(bench, fake, upstream, eventually):
    gateway = bench.gateway(upstream())
    fake.script(*[Say("x" * 8000, pause_seconds=0.1)] * 64)
    client, texts = bench.openai(gateway), []

    def read():
        stream = client.chat.completions.create(model="model-a", messages=USER, stream=True)
        texts.append("".join(chunk.choices[0].delta.content or "" for chunk in stream))

    threads = [threading.Thread(target=read) for _ in range(64)]
    for thread in threads:
        thread.start()
    assert eventually(lambda: fake.open_streams == 64)
    for thread in threads:
        thread.join()

    assert texts == ["x" * 8000] * 64 and eventually(lambda: gateway.usage().calls == 64)


def test_a_client_that_does_not_read_holds_the_provider_back_and_fills_no_memory(bench, fake, upstream, eventually):
    gateway = bench.gateway(upstream(), limits=CallLimits(drain_seconds=0.0))
    fake.script(Say("x" * 64_000_000, piece=64_000))
    with bench.http(gateway).stream("POST", "/v1/chat/completions", json=BODY) as stream:
        chunks = stream.iter_bytes()
        next(chunks)
        before = resident_bytes()
        time.sleep(1.0)

        assert resident_bytes() - before < 24_000_000 and fake.open_streams == 1

    assert eventually(lambda: gateway.usage().calls == 1)
