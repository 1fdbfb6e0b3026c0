"""What goes out to a real API, and what comes back when it fails."""

import anthropic
import openai
import pytest

from harness.errors import UserError
from harness.gateway.prices import FreePrices
from harness.gateway.providers.fake import Fail, Raw, Say
from harness.gateway.providers.upstream import Account, Upstream

USER = [{"role": "user", "content": "hi"}]


def test_key_is_added_and_the_clients_own_is_dropped(bench, fake, upstream, key):
    bench.openai(bench.gateway(upstream("openai"))).chat.completions.create(model="model-a", messages=USER)
    bench.anthropic(bench.gateway(upstream("anthropic"))).messages.create(model="model-a", max_tokens=5, messages=USER)

    to_openai, to_anthropic = (received.headers for received in fake.received)
    assert to_openai["authorization"] == f"Bearer {key}"
    assert to_anthropic["x-api-key"] == key and "authorization" not in to_anthropic
    assert to_anthropic["anthropic-version"]
    assert not any(value in ("podium", "Bearer podium") for value in (to_openai | to_anthropic).values())


def test_only_known_headers_leave(bench, fake, upstream):
    client = bench.http(bench.gateway(upstream()))

    client.post(
        "/v1/chat/completions",
        json={"model": "model-a", "messages": USER},
        headers={"x-secret-channel": "1", "openai-organization": "other", "anthropic-beta": "files-api"},
    )

    sent = fake.received[0].headers
    assert not {"x-secret-channel", "openai-organization", "anthropic-beta"} & set(sent)


def test_server_without_a_key_gets_none(bench, fake, upstream):
    client = bench.openai(bench.gateway(upstream("compatible", key="")))

    client.chat.completions.create(model="model-a", messages=USER)

    assert "authorization" not in fake.received[0].headers


def test_compatible_servers_get_the_gateways_own_limit_by_its_older_name(bench, fake, upstream, records):
    gateway = bench.gateway(upstream("compatible"))

    bench.openai(gateway).chat.completions.create(model="model-a", messages=USER)

    assert fake.received[0].body["max_tokens"] == 8192 and "max_completion_tokens" not in fake.received[0].body
    assert records(gateway)[0].added == {"max_tokens": 8192}


def test_the_limit_that_a_client_states_goes_out_by_the_name_that_it_gave(bench, fake, upstream):
    client = bench.openai(bench.gateway(upstream("compatible")))

    client.chat.completions.create(model="model-a", messages=USER, max_completion_tokens=77)

    assert fake.received[0].body["max_completion_tokens"] == 77 and "max_tokens" not in fake.received[0].body


@pytest.mark.parametrize(
    ("status", "exception"),
    [(400, openai.BadRequestError), (401, openai.AuthenticationError), (404, openai.NotFoundError)],
)
def test_errors_pass_in_openais_shape(bench, fake, upstream, status, exception):
    fake.script(Fail(status, code="the_code", message="what was wrong"))

    with pytest.raises(exception, match="what was wrong") as raised:
        bench.openai(bench.gateway(upstream())).chat.completions.create(model="model-a", messages=USER)

    assert raised.value.code == "the_code" and len(fake.received) == 1


@pytest.mark.parametrize(
    ("status", "exception", "kind"),
    [
        (400, anthropic.BadRequestError, "invalid_request_error"),
        (401, anthropic.AuthenticationError, "authentication_error"),
        (404, anthropic.NotFoundError, "not_found_error"),
    ],
)
def test_errors_pass_in_anthropics_shape(bench, fake, upstream, status, exception, kind):
    fake.script(Fail(status, message="what was wrong"))

    with pytest.raises(exception, match="what was wrong") as raised:
        bench.anthropic(bench.gateway(upstream("anthropic"))).messages.create(
            model="model-a", max_tokens=5, messages=USER
        )

    assert raised.value.body["error"]["type"] == kind and len(fake.received) == 1


def test_key_in_a_providers_answer_never_reaches_the_client_or_the_disk(bench, fake, upstream, key):
    gateway = bench.gateway(upstream())
    client = bench.openai(gateway)
    fake.script(Fail(401, message=f"bad key {key}"), Say(f"your key is {key}"), Say(f"it is {key}, yes"))

    with pytest.raises(openai.AuthenticationError) as raised:
        client.chat.completions.create(model="model-a", messages=USER)
    whole = client.chat.completions.create(model="model-a", messages=USER).choices[0].message.content
    stream = client.chat.completions.create(model="model-a", messages=USER, stream=True)
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    assert "[redacted]" in str(raised.value) and "[redacted]" in whole and "[redacted]" in streamed
    assert key not in str(raised.value) + whole + streamed + (gateway.folder / "llm.jsonl").read_text()


def test_key_that_arrives_in_pieces_never_passes(bench, fake, upstream, key):
    gateway = bench.gateway(upstream())
    event = b'data: {"choices": [{"delta": {"content": "%b"}, "finish_reason": "stop"}]}\n\n' % key.encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
    fake.script(Raw((head, event[:60], event[60:])))

    answer = bench.http(gateway).post(
        "/v1/chat/completions", json={"model": "model-a", "messages": USER, "stream": True}
    )

    assert "[redacted]" in answer.text and key not in answer.text + (gateway.folder / "llm.jsonl").read_text()


def test_redirects_are_not_followed(bench, fake, upstream):
    fake.script(Raw((b"HTTP/1.1 307 Away\r\nlocation: http://127.0.0.1:9/v1\r\ncontent-length: 2\r\n\r\n{}",)))

    answer = bench.http(bench.gateway(upstream())).post(
        "/v1/chat/completions", json={"model": "model-a", "messages": USER}
    )

    assert answer.status_code == 307 and "location" not in answer.headers and len(fake.received) == 1


@pytest.mark.parametrize(
    ("kind", "address", "called"),
    [
        ("openai", "https://api.example.com/v1", "https://api.example.com/v1"),
        ("openai", "https://proxy.example.com/openai/", "https://proxy.example.com/openai"),
        ("anthropic", "https://api.example.com", "https://api.example.com/v1"),
        ("anthropic", "https://proxy.example.com/claude", "https://proxy.example.com/claude/v1"),
        ("anthropic", "https://api.example.com/v1/", "https://api.example.com/v1"),
        ("compatible", "http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
    ],
)
def test_addresses_are_read_as_the_sdks_read_them(kind, address, called):
    assert Upstream(Account(kind, address, "k"), frozenset(), FreePrices())._base == called


@pytest.mark.parametrize("address", ["api.example.com", "ftp://example.com", "https://user:word@example.com/v1"])
def test_addresses_that_cannot_work_are_refused(address):
    with pytest.raises(UserError, match="address"):
        Upstream(Account("openai", address, "k"), frozenset(), FreePrices())
