"""An agent that says that it has no model is believed only when the provider's last answer says the same."""

import contextlib

import httpx2
import pytest

from harness.gateway.providers.fake import Cut, Drop, Fail, Garbage, Hang, Say
from harness.gateway.providers.offline_wire import OfflineProvider

BODY = {"model": "model-a", "messages": [{"role": "user", "content": "hi"}]}


def call(client, **more):
    with contextlib.suppress(httpx2.TransportError):
        client.post("/v1/chat/completions", json={**BODY, **more})


@pytest.mark.parametrize(
    ("step", "stream"),
    [
        *[(Fail(status), False) for status in (401, 403, 404, 500)],  # 429 and 529 are waited out: test_pacing.py
        (Drop(), False),
        (Garbage(), False),
        (Garbage(), True),
        (Cut(), True),
    ],
)
def test_an_answer_that_no_request_would_change_is_the_providers_fault(bench, fake, upstream, step, stream):
    gateway = bench.gateway(upstream())
    fake.script(*[step] * 100)

    call(bench.http(gateway), stream=stream)

    assert gateway.provider_failed


@pytest.mark.parametrize("status", [400, 413, 422])
def test_an_answer_about_the_request_is_the_agents_own(bench, fake, upstream, status):
    gateway = bench.gateway(upstream())
    fake.script(Fail(status))

    call(bench.http(gateway))

    assert fake.received and not gateway.provider_failed


def test_what_the_gateway_refuses_or_the_deadline_cuts_off_is_not_the_providers_fault(bench, fake, upstream):
    gateway = bench.gateway(upstream(), deadline_seconds=0.3, timing=None)
    client = bench.http(gateway)

    call(client, messages="no list")
    fake.script(Hang(5))
    call(client)

    assert gateway.usage().refused == 1 and gateway.usage().calls == 1
    assert not gateway.provider_failed


def test_only_the_latest_call_counts(bench, fake, upstream):
    gateway = bench.gateway(upstream())
    fake.script(Fail(401), Say())
    client = bench.http(gateway)

    call(client)
    before = gateway.provider_failed
    call(client)

    assert before and not gateway.provider_failed


def test_a_gateway_that_was_never_called_has_no_failed_provider(bench, echo):
    assert not bench.gateway(OfflineProvider(echo)).provider_failed
