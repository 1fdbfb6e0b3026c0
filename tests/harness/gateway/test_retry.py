"""Rate limits and outages are waited out by the gateway, counted as waiting, and never turned into endless trying."""

import email.utils
import time

import openai
import pytest

from harness.gateway.prices import FreePrices
from harness.gateway.providers.fake import Body, Cut, Drop, Fail, Garbage, Hang
from harness.gateway.providers.upstream import Account, Upstream
from harness.gateway.retry import RetryPolicy

USER = [{"role": "user", "content": "hi"}]


def chat(client, **more):
    return client.chat.completions.create(model="model-a", messages=USER, **more)


@pytest.mark.parametrize("trouble", [Fail(429), Fail(500), Fail(503), Fail(529), Fail(408), Drop(), Cut(), Garbage()])
def test_what_may_pass_is_tried_again(bench, fake, upstream, records, trouble):
    gateway = bench.gateway(upstream())
    fake.script(trouble, trouble)

    assert chat(bench.openai(gateway)).choices[0].message.content == "hello"
    assert len(fake.received) == 3 and records(gateway)[0].attempts == 3
    assert gateway.usage().calls == 1


def test_an_error_that_came_with_status_200_is_that_error(bench, fake, upstream, records):
    gateway = bench.gateway(upstream())
    fake.script(
        Body({"error": {"message": "overloaded", "code": 502}}),
        Body({"error": {"message": "no such model", "code": 404}, "user_id": "u"}),
    )

    with pytest.raises(openai.NotFoundError, match="no such model"):
        chat(bench.openai(gateway))

    (record,) = records(gateway)
    assert (record.attempts, record.status) == (2, 404) and gateway.usage().cost_usd == 0


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "in words", "code": "server_error"}},
        {"error": {"message": "no status", "code": 7}},
        {"error": {"message": "beside an answer", "code": 502}, "choices": []},
        {"error": None},
        {"error": "text"},
    ],
)
def test_what_is_no_such_error_passes_as_it_is(bench, fake, upstream, body):
    fake.script(Body(body))

    answer = bench.http(bench.gateway(upstream())).post(
        "/v1/chat/completions", json={"model": "model-a", "messages": USER}
    )

    assert (answer.status_code, answer.json(), len(fake.received)) == (200, body, 1)


def test_streams_are_tried_again_before_their_first_byte(bench, fake, upstream):
    fake.script(Fail(529), Drop())

    chunks = list(chat(bench.openai(bench.gateway(upstream())), stream=True))

    assert len(fake.received) == 3 and chunks


def test_waiting_is_counted_apart_from_the_models_time(bench, fake, upstream, records):
    gateway = bench.gateway(upstream())
    fake.script(Fail(429, headers={"retry-after": "30"}))

    chat(bench.openai(gateway))

    assert 30 <= gateway.usage().waiting_seconds <= 34 and gateway.usage().model_seconds < 10
    assert records(gateway)[0].waiting_seconds == gateway.usage().waiting_seconds


@pytest.mark.parametrize("form", ["seconds", "milliseconds", "date"])
def test_providers_own_delay_is_respected(bench, fake, upstream, form):
    date = email.utils.formatdate(time.time() + 100, usegmt=True)
    forms = {
        "seconds": {"retry-after": "100"},
        "milliseconds": {"retry-after-ms": "100000"},
        "date": {"retry-after": date},
    }
    fake.script(Fail(429, headers=forms[form]))

    chat(bench.openai(bench.gateway(upstream())))

    assert len(bench.waits.slept) == 1 and 80 <= bench.waits.slept[0] <= 110


def test_delays_double_up_to_a_limit_with_jitter(bench, fake, upstream):
    policy = RetryPolicy(attempts=8, first_delay_seconds=1, longest_delay_seconds=10)
    fake.script(*[Fail(500)] * 7)

    chat(bench.openai(bench.gateway(upstream(), retry=policy)))

    limits = [1, 2, 4, 8, 10, 10, 10]
    assert all(limit / 2 <= slept <= limit for limit, slept in zip(limits, bench.waits.slept, strict=True))
    assert len(set(bench.waits.slept)) == 7


def test_attempts_end_with_the_providers_own_error(bench, fake, upstream, records):
    gateway = bench.gateway(upstream(), retry=RetryPolicy(attempts=3))
    fake.script(*[Fail(500, message="overloaded")] * 5)

    with pytest.raises(openai.InternalServerError, match="overloaded") as raised:
        chat(bench.openai(gateway).with_options(max_retries=2))

    assert raised.value.status_code == 500 and len(fake.received) == 3
    assert records(gateway)[0].attempts == 3 and gateway.usage().cost_usd == 0


def test_a_delay_past_the_deadline_is_not_waited_for(bench, fake, upstream):
    gateway = bench.gateway(upstream(), deadline_seconds=60.0)
    fake.script(Fail(429, headers={"retry-after": "600"}))

    with pytest.raises(openai.RateLimitError):
        chat(bench.openai(gateway))

    assert bench.waits.slept == []


def test_calls_end_with_the_runs_deadline(bench, fake, upstream):
    gateway = bench.gateway(upstream(), deadline_seconds=0.4)
    fake.script(Hang(20))
    started = time.monotonic()

    with pytest.raises(openai.APIStatusError, match="deadline") as raised:
        chat(bench.openai(gateway))

    assert raised.value.status_code == 502 and time.monotonic() - started < 5
    assert gateway.usage().output_tokens == 8192  # the provider may have done the work


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_not_active"])
def test_used_up_accounts_are_not_tried_again(bench, fake, upstream, code):
    fake.script(Fail(429, code=code))

    with pytest.raises(openai.RateLimitError):
        chat(bench.openai(bench.gateway(upstream())))

    assert len(fake.received) == 1


@pytest.mark.parametrize(
    "trouble", [Fail(401), Fail(400), Fail(404), Fail(501), Fail(500, headers={"x-should-retry": "false"})]
)
def test_what_will_not_pass_goes_straight_back(bench, fake, upstream, trouble):
    fake.script(trouble)

    with pytest.raises(openai.APIStatusError) as raised:
        chat(bench.openai(bench.gateway(upstream())).with_options(max_retries=2))

    assert raised.value.status_code == trouble.status and len(fake.received) == 1


def test_unreachable_provider_is_an_error_that_names_it(bench, records):
    nobody = Upstream(Account("compatible", "http://127.0.0.1:9/v1", "k"), frozenset({"model-a"}), FreePrices())
    gateway = bench.gateway(nobody, retry=RetryPolicy(attempts=2))

    with pytest.raises(openai.InternalServerError, match="compatible after 2 attempts") as raised:
        chat(bench.openai(gateway))

    assert raised.value.code == "provider_unreachable"
    assert records(gateway)[0].outcome == "unreachable" and gateway.usage().cost_usd == 0
