"""What is asked of a model by its name, and what a user may choose in its place."""

import pytest

from harness.errors import UserError
from harness.runs.models import ModelOptions, refuses_temperature, thinks


@pytest.mark.parametrize(
    ("model", "refused"),
    [
        ("openai/gpt-5", True),
        ("openai/gpt-6.2-sol", True),
        ("openai/o4-mini", True),
        ("openai/gpt-5-chat-latest", False),
        ("openai/gpt-4o", False),
        ("openai/gpt-4.1-mini", False),
        ("anthropic/claude-opus-4-7", True),
        ("anthropic/claude-opus-5-5", True),
        ("anthropic/claude-fable-5", True),
        ("anthropic/claude-opus-4-20250514", False),
        ("anthropic/claude-sonnet-4-5", False),
        ("anthropic/claude-haiku-4-5-20251001", False),
        ("compatible/openai/gpt-5", True),
        ("compatible/meta-llama/llama-3", False),
        ("offline", False),
    ],
)
def test_a_temperature_is_left_out_where_it_is_known_to_be_refused(model, refused):
    assert refuses_temperature(model) is refused
    assert (ModelOptions().code(model, 0.5).temperature is None) is refused


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("openai/gpt-5", 32768),
        ("openai/gpt-4o", 8192),
        ("compatible/deepseek-r1:14b", 32768),
        ("compatible/Qwen/Qwen3-32B", 32768),
        ("compatible/openai/gpt-oss-120b", 32768),
        ("compatible/llama-3", 8192),
    ],
)
def test_a_model_that_thinks_has_room_to_answer_too(model, tokens):
    assert thinks(model) is (tokens == 32768)
    assert ModelOptions().code(model, 0.5).max_output_tokens == tokens


def test_each_provider_is_spoken_to_in_its_own_format():
    apis = {name: ModelOptions().code(name, 0.5).api for name in ("offline", "openai/a", "anthropic/b", "compatible/c")}
    assert apis == {"offline": "chat", "openai/a": "responses", "anthropic/b": "messages", "compatible/c": "chat"}


def test_another_format_is_for_the_models_that_speak_it():
    options = ModelOptions(review="anthropic/b", api="chat")
    assert options.code("openai/gpt-4o", 0.5).api == "chat"
    assert options.reviewer("openai/gpt-4o", 0.5).api == "messages"


def test_choices_are_of_the_model_that_writes_code():
    options = ModelOptions(review="openai/gpt-4o", temperature=1.0, max_output_tokens=5000, reasoning_effort="low")
    code, review = options.code("openai/gpt-5", 0.5), options.reviewer("openai/gpt-5", 0.25)
    assert (code.name, code.temperature, code.max_output_tokens, code.reasoning_effort) == ("gpt-5", 1.0, 5000, "low")
    assert (review.name, review.temperature, review.max_output_tokens, review.reasoning_effort) == (
        "gpt-4o",
        0.25,
        8192,
        None,
    )


def test_an_effort_makes_room_for_thinking():
    assert ModelOptions(reasoning_effort="high").code("anthropic/claude-sonnet-4-5", 0.5).max_output_tokens == 32768
    assert ModelOptions(reasoning_effort="none").code("anthropic/claude-sonnet-4-5", 0.5).max_output_tokens == 8192


def test_only_servers_that_may_be_old_are_asked_by_the_older_name_of_the_limit():
    assert ModelOptions().code("compatible/x", 0.5).older_limit
    assert not ModelOptions().code("openai/x", 0.5).older_limit


def test_every_model_of_a_run_is_named_once():
    options = ModelOptions(review="openai/a", fallback="anthropic/b")
    assert options.names("openai/a") == ("openai/a", "anthropic/b")
    assert ModelOptions().names("offline") == ("offline",)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ModelOptions(temperature=3.0), "between 0 and 2"),
        (ModelOptions(max_output_tokens=10), "at least 256"),
        (ModelOptions(reasoning_effort="enormous"), "there are none, minimal, low"),  # type: ignore[arg-type]
        (ModelOptions(answers="song"), "there are tool, schema, text"),  # type: ignore[arg-type]
        (ModelOptions(api="telepathy"), "there are chat, responses"),  # type: ignore[arg-type]
        (ModelOptions(api="responses"), "does not speak it"),
        (ModelOptions(fallback="offline"), "name another one"),
    ],
)
def test_what_can_not_be_meant_is_refused(options, words):
    with pytest.raises(UserError, match=words):
        options.check("offline")
