"""What the comparison with the published aideml stands on: fixed replies, one model for both, honest sums."""

import json
import urllib.request

import pytest

from perf.versus import tokens
from perf.versus.provider import Model, review, tokens_of
from perf.versus.scripts import SCRIPTS

REVIEW = {
    "type": "function",
    "function": {"name": "submit_review", "parameters": {"properties": {"metric": {}, "lower_is_better": {}}}},
}


def test_the_twenty_scripts_differ_compile_and_leave_nothing_to_chance():
    assert len(SCRIPTS) == len({script.code for script in SCRIPTS}) == 20
    for script in SCRIPTS:
        compile(script.code, script.title, "exec")
        assert script.reply.count("```") == 2 and "threadpool_limits(1)" in script.code
        chancy = any(word in script.code for word in ("Forest", "Trees", "Boosting", "MLP"))
        assert not chancy or "random_state=" in script.code.split("make_pipeline(SimpleImputer")[1].splitlines()[0]


def ask(base_url, **body):
    request = urllib.request.Request(
        f"{base_url}/chat/completions",
        json.dumps({"model": "fake", **body}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["choices"][0]["message"]


def test_scripts_come_in_order_reviews_between_them_and_steps_hold_both():
    model = Model()
    user = [{"role": "user", "content": "word " * 10}]
    log = [{"role": "user", "content": "validation score: 0.1\nvalidation score: 0.25"}]
    with model.server:
        first = ask(model.server.base_url, messages=user)
        reviewed = ask(model.server.base_url, messages=log, tools=[REVIEW])
        second = ask(model.server.base_url, messages=user)
    assert (first["content"], second["content"]) == (SCRIPTS[0].reply, SCRIPTS[1].reply)
    arguments = json.loads(reviewed["tool_calls"][0]["function"]["arguments"])
    assert arguments == {"metric": 0.25, "lower_is_better": False}
    coding = tokens_of({"messages": user})
    assert model.steps() == [coding + tokens_of({"messages": log, "tools": [REVIEW]}), coding]


def test_a_review_tool_in_anthropics_form_is_called_too():
    said = review({}, [{"name": "r", "input_schema": {"properties": {"is_bug": {}}}}], 1)
    assert (said.tool_name, said.tool_arguments) == ("r", '{"is_bug": false}')


def test_text_is_counted_alike_in_every_wire_format():
    text = "Some words, and code: x = 1"
    assert (
        tokens_of({"messages": [{"role": "system", "content": text}]})
        == tokens_of({"input": [{"role": "user", "content": [{"type": "input_text", "text": text}]}]})
        == tokens_of({"system": text, "messages": []})
        > 5
    )


def test_prompts_that_grow_in_a_line_add_up_to_the_lines_sum():
    steps = [2000 + 100 * number for number in range(20)]
    assert tokens.theirs(steps) == pytest.approx(sum(2000 + 100 * number for number in range(500)), abs=1)
