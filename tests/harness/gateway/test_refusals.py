"""What may not pass to a provider, and how the refusal looks to the SDK that asked."""

import anthropic
import openai
import pytest

from harness.gateway.forward import CallLimits
from harness.gateway.providers.fake import Say
from harness.gateway.wire import WIRES
from harness.gateway.wire.base import BadRequest

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
USER = [{"role": "user", "content": "hi"}]


def said(*parts):
    return [{"role": "user", "content": list(parts)}]


def image(url):
    return said({"type": "image_url", "image_url": {"url": url}})


REFUSED = [
    (CHAT, {"messages": USER, "tools": [{"type": "web_search"}]}, "web_search"),
    (CHAT, {"messages": USER, "web_search_options": {}}, "web_search_options"),
    (CHAT, {"messages": USER, "plugins": [{"id": "web"}]}, "plugins"),
    (CHAT, {"messages": USER, "service_tier": "priority"}, "service_tier"),
    (CHAT, {"messages": USER, "store": True}, "store"),
    (CHAT, {"messages": image("https://example.com/a.png")}, "data: URL"),
    (CHAT, {"messages": image("HTTP://example.com/a.png")}, "data: URL"),
    (CHAT, {"messages": image("file:///etc/passwd")}, "data: URL"),
    (CHAT, {"messages": said({"type": "image_url", "image_url": "https://example.com/a.png"})}, "data: URL"),
    (CHAT, {"messages": said({"type": "file", "file": {"file_id": "file-1"}})}, "file_id"),
    (CHAT, {"messages": said({"type": "video_url", "video_url": {"url": "https://example.com"}})}, "video_url"),
    (CHAT, {"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]}, "audio"),
    (CHAT, {"messages": "hi"}, "must be a list"),
    (CHAT, {"messages": ["hi"]}, "must be an object"),
    (CHAT, {"messages": USER, "max_tokens": -5}, "at least 1"),
    (CHAT, {"messages": USER, "n": 100_000}, "at most"),
    (RESPONSES, {"input": "hi", "tools": [{"type": "web_search_preview"}]}, "web_search_preview"),
    (RESPONSES, {"input": "hi", "tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}, "code_inter"),
    (RESPONSES, {"input": "hi", "tools": [{"type": "file_search", "vector_store_ids": ["v"]}]}, "file_search"),
    (RESPONSES, {"input": "hi", "tools": [{"type": "computer_use_preview"}]}, "computer_use"),
    (RESPONSES, {"input": "hi", "tools": [{"type": "mcp", "server_url": "https://example.com"}]}, "mcp"),
    (RESPONSES, {"input": "hi", "tools": [{"type": "image_generation"}]}, "image_generation"),
    (RESPONSES, {"input": "hi", "previous_response_id": "resp_1"}, "previous_response_id"),
    (RESPONSES, {"input": "hi", "conversation": "conv_1"}, "conversation"),
    (RESPONSES, {"input": "hi", "background": True}, "background"),
    (RESPONSES, {"input": "hi", "store": True}, "store"),
    (RESPONSES, {"input": "hi", "prompt": {"id": "pmpt_1"}}, "prompt"),
    (RESPONSES, {"input": "hi", "include": ["file_search_call.results"]}, "include"),
    (RESPONSES, {"input": [{"type": "item_reference", "id": "msg_1"}]}, "item_reference"),
    (RESPONSES, {"input": said({"type": "input_image", "image_url": "https://example.com/a.png"})}, "data: URL"),
    (RESPONSES, {"input": said({"type": "input_image", "file_id": "file-1"})}, "file_id"),
    (RESPONSES, {"input": said({"type": "input_file", "file_url": "https://example.com/a.pdf"})}, "file_url"),
    (
        RESPONSES,
        {
            "input": [
                {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_file", "file_id": "f"}]}
            ]
        },
        "file_id",
    ),
    (MESSAGES, {"messages": USER, "tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "web_search"),
    (MESSAGES, {"messages": USER, "tools": [{"type": "code_execution_20250522", "name": "x"}]}, "code_execution"),
    (MESSAGES, {"messages": USER, "tools": [{"type": "computer_20250124", "name": "computer"}]}, "computer"),
    (MESSAGES, {"messages": USER, "mcp_servers": [{"type": "url", "url": "https://example.com"}]}, "mcp_servers"),
    (MESSAGES, {"messages": USER, "container": "container_1"}, "container"),
    (MESSAGES, {"messages": USER, "speed": "fast"}, "speed"),
    (MESSAGES, {"messages": said({"type": "image", "source": {"type": "url", "url": "https://example.com"}})}, "url"),
    (MESSAGES, {"messages": said({"type": "document", "source": {"type": "url", "url": "https://a.b"}})}, "url"),
    (MESSAGES, {"messages": said({"type": "image", "source": {"type": "file", "file_id": "file_1"}})}, "file"),
    (MESSAGES, {"messages": said({"type": "container_upload", "file_id": "file_1"})}, "container_upload"),
    (
        MESSAGES,
        {
            "messages": said(
                {
                    "type": "tool_result",
                    "tool_use_id": "t",
                    "content": [{"type": "image", "source": {"type": "url", "url": "https://a.b"}}],
                }
            )
        },
        "url",
    ),
    (
        MESSAGES,
        {
            "messages": said(
                {
                    "type": "document",
                    "source": {
                        "type": "content",
                        "content": [{"type": "image", "source": {"type": "url", "url": "https://a.b"}}],
                    },
                }
            )
        },
        "url",
    ),
    ("/v1/embeddings", {"input": {"file": 1}}, "text or a list"),
]

PASSED = [
    (CHAT, {"messages": image("data:image/png;base64,AAAA")}),
    (CHAT, {"messages": USER, "tools": [{"type": "function", "function": {"name": "f"}}], "store": False}),
    (CHAT, {"messages": USER, "tools": None, "response_format": {"type": "json_object"}, "seed": 1}),
    (RESPONSES, {"input": said({"type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "low"})}),
    (RESPONSES, {"input": "hi", "include": ["reasoning.encrypted_content"], "background": False}),
    (RESPONSES, {"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}]}),
    (MESSAGES, {"messages": said({"type": "image", "source": {"type": "base64", "data": "AA", "media_type": "a/b"}})}),
    (MESSAGES, {"messages": USER, "tools": [{"type": "custom", "name": "f", "input_schema": {}}], "system": "s"}),
    (MESSAGES, {"messages": said({"type": "tool_result", "tool_use_id": "t", "content": "text"})}),
    ("/v1/embeddings", {"input": [1, 2, 3]}),
]


@pytest.mark.parametrize(("path", "body", "reason"), REFUSED)
def test_what_reaches_outside_is_refused_with_its_reason(path, body, reason):
    def accept():
        WIRES[path].check({"model": "m", **body})
        WIRES[path].most_output_tokens(body)

    with pytest.raises(BadRequest, match=reason):
        accept()


@pytest.mark.parametrize(("path", "body"), PASSED)
def test_text_inline_data_and_own_functions_pass(path, body):
    WIRES[path].check({"model": "m", **body})


def test_refusals_reach_openais_sdk_and_nothing_leaves(bench, fake, upstream, records):
    gateway = bench.gateway(upstream())

    with pytest.raises(openai.BadRequestError, match="web_search"):
        bench.openai(gateway).responses.create(model="model-a", input="hi", tools=[{"type": "web_search"}])

    assert not fake.received and gateway.usage().refused == 1 and gateway.usage().calls == 0
    assert [(record.outcome, record.status) for record in records(gateway)] == [("refused", 400)]


def test_refusals_reach_anthropics_sdk_and_nothing_leaves(bench, fake, upstream):
    client = bench.anthropic(bench.gateway(upstream("anthropic")))

    with pytest.raises(anthropic.BadRequestError, match="web_search"):
        client.messages.create(
            model="model-a", max_tokens=5, messages=USER, tools=[{"type": "web_search_20250305", "name": "web_search"}]
        )

    assert not fake.received


def test_a_model_is_known_by_the_name_of_the_command_line_too(bench, fake, upstream, records):
    fake.script(Say("hello"))
    gateway = bench.gateway(upstream())
    client = bench.openai(gateway)
    assert client.chat.completions.create(model="openai/model-a", messages=USER).choices[0].message.content == "hello"
    assert [record.model for record in records(gateway)] == ["model-a"] and fake.received[0].body["model"] == "model-a"
    for other in ("openai/model-b", "elsewhere/model-a"):
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model=other, messages=USER)


def test_models_of_other_runs_are_not_found(bench, fake, upstream):
    with pytest.raises(openai.NotFoundError, match="model-a") as raised:
        bench.openai(bench.gateway(upstream())).chat.completions.create(model="model-a:online", messages=USER)

    assert raised.value.code == "model_not_found" and not fake.received


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b"[1]", "JSON object"),
        (b'{"model": 3}', "must name a model"),
        (b'{"model": "m", "messages": [{"role": "user", "content": NaN}]}', "not JSON"),
        (b"[" * 5000, "not JSON"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "nested deeper"),
        (b"\xff\xfe", "not JSON"),
    ],
)
def test_malformed_bodies_get_a_400_in_the_apis_shape(bench, upstream, body, reason):
    client = bench.http(bench.gateway(upstream()))

    to_chat, to_messages = client.post(CHAT, content=body), client.post(MESSAGES, content=body)

    assert to_chat.status_code == to_messages.status_code == 400
    assert reason in to_chat.json()["error"]["message"]
    assert to_messages.json()["type"] == "error" and reason in to_messages.json()["error"]["message"]


def test_bodies_over_the_cap_are_not_read(bench, fake, upstream):
    client = bench.http(bench.gateway(upstream(), limits=CallLimits(body_bytes=10_000)))

    answer = client.post(CHAT, json={"model": "model-a", "messages": [{"role": "user", "content": "x" * 20_000}]})

    assert answer.status_code == 413 and not fake.received


def test_bodies_in_flight_share_a_cap_that_is_given_back(bench, upstream):
    client = bench.http(bench.gateway(upstream(), limits=CallLimits(bodies_bytes=30_000)))
    body = {"model": "model-a", "messages": [{"role": "user", "content": "x" * 20_000}]}

    assert [client.post(CHAT, json=body).status_code for _ in range(4)] == [200] * 4
    assert client.post(CHAT, json={**body, "user": "x" * 20_000}).status_code == 413


def test_responses_are_never_stored(bench, fake, upstream):
    bench.openai(bench.gateway(upstream())).responses.create(model="model-a", input="hi")

    assert fake.received[0].body["store"] is False


def test_unknown_paths_say_what_is_served(bench, upstream):
    client = bench.http(bench.gateway(upstream()))

    answers = [client.get("/v1/files"), client.post("/v1/batches", json={}), client.delete("/v1/models/model-a")]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert "/v1/chat/completions" in answers[0].json()["error"]["message"]
