"""From model names and the environment to a provider, or to the line that says what is missing."""

import pytest

from harness.errors import UserError
from harness.gateway.prices import TokenUsage
from harness.gateway.providers import provider_for

KEYS = {"OPENAI_API_KEY": "sk-o", "ANTHROPIC_API_KEY": "sk-a"}
USER = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    ("model", "environ", "reason"),
    [
        ("openai/gpt-4o", {}, "OPENAI_API_KEY"),
        ("anthropic/claude-sonnet-4-5", {"ANTHROPIC_API_KEY": " "}, "ANTHROPIC_API_KEY"),
        ("compatible/llama", {}, "PODIUM_BASE_URL"),
        ("openai/gpt-4o", {"OPENAI_API_KEY": "sk-one\nsk-two"}, "OPENAI_API_KEY"),
        ("gpt-4o", KEYS, "openai/NAME"),
        ("openai/", KEYS, "openai/NAME"),
        ("google/gemini", KEYS, "Models: offline"),
    ],
)
def test_what_is_missing_is_named(model, environ, reason):
    with pytest.raises(UserError, match=reason):
        provider_for(model, environ)


def test_a_provider_allows_its_models_only_and_hides_its_key():
    provider = provider_for("openai/gpt-4o", KEYS)

    assert provider.traits.models == {"gpt-4o"} and provider.traits.secrets == ("sk-o",) and provider.traits.live


@pytest.mark.parametrize(("key", "secrets"), [("EMPTY", ()), ("x", ()), ("sk-12345", ("sk-12345",))])
def test_what_stands_for_a_key_at_a_server_of_ones_own_is_no_secret(key, secrets):
    """Blacked out, it would turn up in every reply: `x`, `none`."""
    environ = {"PODIUM_BASE_URL": "http://127.0.0.1:1/v1", "PODIUM_API_KEY": key}
    assert provider_for("compatible/llama", environ).traits.secrets == secrets


def test_names_with_slashes_stay_whole():
    provider = provider_for("compatible/meta-llama/llama-3", {"PODIUM_BASE_URL": "http://127.0.0.1:1/v1"})

    assert provider.traits.models == {"meta-llama/llama-3"} and provider.traits.secrets == ()


def test_stated_prices_come_from_the_named_file(tmp_path):
    (tmp_path / "prices.yaml").write_text("llama: {input: 1, output: 2}")
    environ = {"PODIUM_BASE_URL": "http://127.0.0.1:1/v1", "PODIUM_PRICES": str(tmp_path / "prices.yaml")}

    provider = provider_for("compatible/llama", environ)

    assert provider.traits.prices.cost_usd("llama", TokenUsage(input=1_000_000)) == 1.0


def test_code_and_review_may_have_different_providers(bench, fake):
    environ = {**KEYS, "OPENAI_BASE_URL": fake.base_url, "ANTHROPIC_BASE_URL": fake.base_url}
    provider = provider_for(["openai/gpt-4o", "anthropic/claude-opus-4-5"], environ)
    gateway = bench.gateway(provider)

    bench.openai(gateway).chat.completions.create(model="gpt-4o", messages=USER)
    bench.anthropic(gateway).messages.create(model="claude-opus-4-5", max_tokens=5, messages=USER)

    assert provider.name == "openai+anthropic" and set(provider.traits.secrets) == {"sk-o", "sk-a"}
    assert [received.headers.get("authorization") for received in fake.received] == ["Bearer sk-o", None]
    assert gateway.usage().cost_usd > 0


def test_the_offline_coder_may_review_what_a_paid_model_wrote(bench, fake):
    provider = provider_for(["openai/gpt-4o", "offline"], {**KEYS, "OPENAI_BASE_URL": fake.base_url})
    gateway = bench.gateway(provider)
    client = bench.openai(gateway)

    client.chat.completions.create(model="gpt-4o", messages=USER)
    paid = gateway.usage().cost_usd
    client.chat.completions.create(model="offline", messages=USER)

    assert len(fake.received) == 1 and 0 < paid == gateway.usage().cost_usd
    assert [one.provider for one in gateway.served()] == ["openai", "offline"]


def test_one_name_at_two_providers_is_refused():
    with pytest.raises(UserError, match="same-name"):
        provider_for(["openai/same-name", "anthropic/same-name"], KEYS)


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ({"https_proxy": "http://proxy:3128"}, "http://proxy:3128"),
        ({"ALL_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ({"HTTP_PROXY": "http://proxy:3128"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "localhost,.openai.com"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "*"}, None),
        ({"HTTPS_PROXY": "", "ALL_PROXY": ""}, None),
    ],
)
def test_the_usual_proxy_variables_are_followed(environ, proxy):
    assert provider_for("openai/gpt-4o", {**KEYS, **environ})._account.proxy == proxy
