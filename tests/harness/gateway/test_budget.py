"""The ceiling on money, tokens and calls holds, also for calls in flight, and the SDKs understand its end."""

import threading

import anthropic
import openai
import pytest

from harness.errors import UserError
from harness.gateway.budget import Budget, BudgetExhausted, Ledger
from harness.gateway.prices import FreePrices, KnownPrices, StatedPrice, StatedPrices, TokenUsage
from harness.gateway.providers.fake import Fail, Hang, Say
from harness.gateway.wire.estimate import PICTURE_TOKENS, most_input_tokens

USER = [{"role": "user", "content": "hi"}]


class NoPrices:
    """Knows no model."""

    def cost_usd(self, model, tokens):
        return None


def dollars(input_usd=1.0, output_usd=10.0, cached_input=None):
    """Prices of model-a per million tokens."""
    return StatedPrices(
        {"model-a": StatedPrice(input=input_usd, output=output_usd, cached_input=cached_input)}, NoPrices()
    )


def chat(client, **more):
    return client.chat.completions.create(model="model-a", messages=USER, **more)


def test_reservations_hold_what_calls_in_flight_may_use():
    ledger = Ledger(Budget(tokens=100))
    ledger.reserve(TokenUsage(input=40, output=30), 0.0)

    with pytest.raises(BudgetExhausted, match="70 of 100 tokens"):
        ledger.reserve(TokenUsage(input=20, output=20), 0.0)


def test_settling_gives_back_what_was_not_used():
    ledger = Ledger(Budget(tokens=100, usd=1.0))
    held = ledger.reserve(TokenUsage(input=40, output=60), 1.0)

    ledger.settle(held, TokenUsage(input=10, output=5), 0.2, seconds=1.0)

    assert ledger.usage.cost_usd == 0.2 and ledger.spent_fraction() == 0.2
    ledger.reserve(TokenUsage(input=40, output=45), 0.8)


def test_calls_in_flight_count_against_the_number_of_calls():
    ledger = Ledger(Budget(calls=2))
    ledger.reserve(TokenUsage(), 0.0)
    ledger.reserve(TokenUsage(), 0.0)

    with pytest.raises(BudgetExhausted, match="2 of 2 calls"):
        ledger.reserve(TokenUsage(), 0.0)


def test_usage_is_what_the_provider_reports(bench, fake, upstream):
    gateway = bench.gateway(upstream(prices=dollars(cached_input=0.1)), budget=Budget(usd=1.0))
    fake.script(Say(input_tokens=1000, output_tokens=200, cached_input_tokens=400))

    chat(bench.openai(gateway))

    used = gateway.usage()
    assert (used.calls, used.input_tokens, used.output_tokens, used.cached_input_tokens) == (1, 1000, 200, 400)
    assert used.cost_usd == pytest.approx((600 * 1.0 + 400 * 0.1 + 200 * 10.0) / 1e6)


@pytest.mark.parametrize("stream", [False, True])
def test_anthropics_cached_tokens_are_part_of_the_input(bench, fake, upstream, stream):
    gateway = bench.gateway(upstream("anthropic"))
    fake.script(Say(input_tokens=1000, output_tokens=200, cached_input_tokens=400))

    made = bench.anthropic(gateway).messages.create(model="model-a", max_tokens=300, messages=USER, stream=stream)
    _ = list(made) if stream else None

    used = gateway.usage()
    assert (used.input_tokens, used.output_tokens, used.cached_input_tokens) == (1000, 200, 400)


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_written_to_anthropics_cache_is_counted_and_has_its_own_price(bench, fake, upstream, stream):
    prices = StatedPrices(
        {"model-a": StatedPrice(input=1.0, output=10.0, cached_input=0.1, cache_write=1.25)}, NoPrices()
    )
    gateway = bench.gateway(upstream("anthropic", prices=prices), budget=Budget(usd=1.0))
    fake.script(Say(input_tokens=1000, output_tokens=200, cached_input_tokens=400, cache_write_tokens=300))
    kept = {"type": "text", "text": "The task.", "cache_control": {"type": "ephemeral"}}
    messages = [{"role": "user", "content": [kept, {"type": "text", "text": "Draft."}]}]

    made = bench.anthropic(gateway).messages.create(model="model-a", max_tokens=300, messages=messages, stream=stream)
    _ = list(made) if stream else None

    used = gateway.usage()
    assert (used.input_tokens, used.cached_input_tokens, used.cache_write_tokens) == (1000, 400, 300)
    assert used.cost_usd == pytest.approx((300 * 1.0 + 400 * 0.1 + 300 * 1.25 + 200 * 10.0) / 1e6)
    assert fake.received[-1].body["messages"] == messages, "the mark reaches the provider as it was set"


def test_what_does_not_fit_is_402_for_openai_and_is_not_retried(bench, fake, upstream):
    gateway = bench.gateway(upstream(), budget=Budget(calls=1))
    client = bench.openai(gateway).with_options(max_retries=2)
    chat(client)

    with pytest.raises(openai.APIStatusError, match="budget is exhausted") as raised:
        chat(client)

    assert raised.value.status_code == 402 and raised.value.code == raised.value.type == "budget_exhausted"
    assert len(fake.received) == 1 and gateway.usage().refused == 1


def test_what_does_not_fit_is_402_for_anthropic_and_is_not_retried(bench, fake, upstream):
    gateway = bench.gateway(upstream("anthropic"), budget=Budget(calls=0))
    client = bench.anthropic(gateway).with_options(max_retries=2)

    with pytest.raises(anthropic.APIStatusError, match="budget is exhausted") as raised:
        client.messages.create(model="model-a", max_tokens=5, messages=USER)

    assert raised.value.status_code == 402 and raised.value.body["error"]["type"] == "budget_exhausted"
    assert not fake.received and gateway.usage().refused == 1


def test_what_does_not_fit_is_402_for_streams_too(bench, fake, upstream):
    client = bench.openai(bench.gateway(upstream(), budget=Budget(tokens=10)))

    with pytest.raises(openai.APIStatusError) as raised:
        chat(client, stream=True)

    assert raised.value.status_code == 402 and not fake.received


def test_money_is_reserved_for_the_maximum_output(bench, fake, upstream):
    gateway = bench.gateway(upstream(prices=dollars()), budget=Budget(usd=0.05))
    client = bench.openai(gateway)

    with pytest.raises(openai.APIStatusError, match="USD"):
        chat(client, max_completion_tokens=5000)
    chat(client, max_completion_tokens=4000)

    assert len(fake.received) == 1


def test_money_is_reserved_for_every_choice(bench, upstream):
    client = bench.openai(bench.gateway(upstream(prices=dollars()), budget=Budget(usd=0.05)))

    with pytest.raises(openai.APIStatusError, match="USD"):
        chat(client, max_completion_tokens=1000, n=6)


def test_calls_at_once_cannot_pass_the_ceiling_together(bench, fake, upstream):
    gateway = bench.gateway(upstream(prices=dollars()), budget=Budget(usd=0.05))
    client = bench.openai(gateway)
    fake.script(*(Hang(0.3) for _ in range(6)))
    refused = []

    def call():
        try:
            chat(client, max_completion_tokens=2000)
        except openai.APIStatusError as error:
            refused.append(error.status_code)

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == [402] * 4 and len(fake.received) == 2


def test_calls_without_a_maximum_get_one(bench, fake, upstream):
    budget = Budget(default_max_output_tokens=1234)
    openai_client = bench.openai(bench.gateway(upstream(), budget=budget))

    chat(openai_client)
    openai_client.responses.create(model="model-a", input="hi")
    chat(openai_client, max_tokens=50)

    bodies = [received.body for received in fake.received]
    assert bodies[0]["max_completion_tokens"] == 1234 and bodies[1]["max_output_tokens"] == 1234
    assert bodies[2]["max_tokens"] == 50 and "max_completion_tokens" not in bodies[2]


def test_answer_without_usage_costs_its_reservation(bench, fake, upstream):
    gateway = bench.gateway(upstream(prices=dollars()), budget=Budget(usd=1.0))
    fake.script(Say(usage=False))

    chat(bench.openai(gateway), max_completion_tokens=1000)

    assert gateway.usage().output_tokens == 1000 and gateway.usage().cost_usd > 0.01


def test_failed_calls_cost_nothing(bench, fake, upstream):
    gateway = bench.gateway(upstream(prices=dollars()), budget=Budget(usd=1.0))
    fake.script(Fail(400))

    with pytest.raises(openai.BadRequestError):
        chat(bench.openai(gateway))

    assert gateway.usage().cost_usd == 0.0 and gateway.usage().calls == 1


def test_unpriced_model_under_a_money_budget_is_refused_before_the_run(bench, upstream):
    with pytest.raises(UserError, match=r"model-a.*PODIUM_PRICES"):
        bench.gateway(upstream(prices=NoPrices()), budget=Budget(usd=5.0))


def test_unpriced_model_is_refused_at_the_call_where_models_are_open(bench, upstream, fake):
    client = bench.openai(bench.gateway(upstream(prices=NoPrices(), models=()), budget=Budget(usd=5.0)))

    with pytest.raises(openai.BadRequestError, match="PODIUM_PRICES") as raised:
        chat(client)

    assert raised.value.code == "model_without_price" and not fake.received


def test_unpriced_model_passes_without_a_money_budget(bench, upstream, records):
    gateway = bench.gateway(upstream(prices=NoPrices()), budget=Budget(tokens=100_000))

    chat(bench.openai(gateway))

    assert gateway.usage().calls == 1 and records(gateway)[0].cost_usd is None


def test_spent_fraction_shows_in_the_status(bench, upstream):
    gateway = bench.gateway(upstream(), budget=Budget(calls=4))
    chat(bench.openai(gateway))

    assert bench.http(gateway).get("/podium/status").json()["spent_fraction"] == 0.25


def test_estimate_is_never_below_the_bytes_of_text():
    body = {"messages": [{"role": "user", "content": "1 2 3 4 ½ ☃"}]}

    assert most_input_tokens(61, body) == 61
    assert most_input_tokens(61, {**body, "tools": [{}]}) > 61


def test_input_that_is_to_be_cached_is_reserved_at_its_higher_price(bench, fake, upstream):
    prices = KnownPrices(provider_id="anthropic")
    text = [{"type": "text", "text": "x" * 100_000, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    needed = prices.cost_usd("claude-opus-4-5", TokenUsage(input=100_000))
    gateway = bench.gateway(
        upstream("anthropic", models=("claude-opus-4-5",), prices=prices), budget=Budget(usd=needed * 1.5)
    )
    client = bench.http(gateway)
    body = {"model": "claude-opus-4-5", "max_tokens": 5, "messages": [{"role": "user", "content": text}]}

    assert client.post("/v1/messages", json=body).status_code == 402
    del text[0]["cache_control"]
    assert client.post("/v1/messages", json=body).status_code == 200


def test_pictures_count_less_than_their_encoding():
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 500_000}}
    body = {"messages": [{"role": "user", "content": [picture]}]}

    assert PICTURE_TOKENS <= most_input_tokens(500_100, body) < 2 * PICTURE_TOKENS


def test_free_prices_cost_nothing():
    assert FreePrices().cost_usd("anything", TokenUsage(input=10**9)) == 0.0
