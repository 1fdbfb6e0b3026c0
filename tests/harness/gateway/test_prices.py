"""Prices of known models, prices that a user states, and None, never a guess, for the rest."""

import pytest

from harness.errors import InvalidSpec
from harness.gateway.prices import KnownPrices, StatedPrices, TokenUsage, read_prices

OPENAI, ANTHROPIC = KnownPrices(provider_id="openai"), KnownPrices(provider_id="anthropic")


def test_known_models_have_their_published_price():
    assert OPENAI.cost_usd("gpt-4o", TokenUsage(input=1_000_000)) == pytest.approx(2.5)
    assert OPENAI.cost_usd("gpt-4o", TokenUsage(output=1_000_000)) == pytest.approx(10.0)


def test_cached_input_is_cheaper_and_not_charged_twice():
    plain = OPENAI.cost_usd("gpt-4o", TokenUsage(input=1000))
    cached = OPENAI.cost_usd("gpt-4o", TokenUsage(input=1000, cached_input=1000))

    assert cached == pytest.approx(plain / 2)


def test_cache_writes_cost_more_than_input():
    usage = {"input": 1000, "output": 10}
    plain = ANTHROPIC.cost_usd("claude-sonnet-4-5", TokenUsage(**usage))
    short = ANTHROPIC.cost_usd("claude-sonnet-4-5", TokenUsage(**usage, cache_write=1000))
    long = ANTHROPIC.cost_usd("claude-sonnet-4-5", TokenUsage(**usage, cache_write_1h=1000))

    assert plain < short < long


def test_unknown_models_have_no_price():
    assert OPENAI.cost_usd("a-model-that-never-was", TokenUsage(input=1)) is None
    assert KnownPrices(api_url="http://127.0.0.1:8000/v1").cost_usd("gpt-4o", TokenUsage(input=1)) is None


def test_stated_prices_come_before_known_ones(tmp_path):
    path = tmp_path / "prices.yaml"
    path.write_text("my-model: {input: 3, cached_input: 0.3, cache_write: 3.75, output: 12}\ngpt-4o: {input: 1}\n")
    prices = StatedPrices(read_prices(path), OPENAI)

    tokens = TokenUsage(input=1000, cached_input=300, cache_write=200, output=100)
    assert prices.cost_usd("my-model", tokens) == pytest.approx((500 * 3 + 300 * 0.3 + 200 * 3.75 + 1200) / 1e6)
    assert prices.cost_usd("gpt-4o", TokenUsage(input=1_000_000)) == pytest.approx(1.0)
    assert prices.cost_usd("gpt-4o-mini", TokenUsage(input=1_000_000)) == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("my-model: 3", "my-model"),
        ("my-model: {input: -1}", "my-model.input"),
        ("my-model: {output: 1}", "my-model.input"),
        ("my-model: {input: .nan}", "my-model.input"),
        ("my-model: {input: 1, ouput: 1}", "my-model.ouput"),
        ("[1, 2]", "its top"),
        ("a: b: c", "not YAML"),
    ],
)
def test_a_price_file_that_is_wrong_names_the_field(tmp_path, text, reason):
    path = tmp_path / "prices.yaml"
    path.write_text(text)

    with pytest.raises(InvalidSpec, match=reason):
        read_prices(path)


def test_a_price_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(InvalidSpec, match=r"absent.yaml.*No such file"):
        read_prices(tmp_path / "absent.yaml")
