"""Whatever JSON comes from the container is refused or understood; whatever comes from a provider is survived."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gateway.fingerprint import fingerprint
from harness.gateway.wire import WIRES
from harness.gateway.wire.base import BadRequest
from harness.gateway.wire.estimate import most_usage
from harness.gateway.wire.normal import conversation, text_of


def words(text):
    return st.sampled_from(sorted(text.split()))


KINDS = words(
    "text image image_url input_text input_image file function function_call function_call_output message tool_use "
    "tool_result thinking document custom"
)
NAMES = words(
    "type role content text url image_url source data file_data function name arguments input output id call_id index "
    "tool_calls delta choices usage message response item content_block partial_json finish_reason"
)
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.just(0.5) | KINDS | st.just("data:x")
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)


def objects(**fields):
    """Objects that mostly have the right fields, each of which may hold anything."""
    return st.fixed_dictionaries({}, optional={name: values | VALUES for name, values in fields.items()})


PART = objects(
    type=KINDS,
    text=st.just("t"),
    image_url=st.just("data:x") | st.just({"url": "data:x"}),
    source=st.just({"type": "base64", "data": "x"}),
    content=st.just("t"),
)
ITEM = objects(
    type=KINDS,
    role=words("user assistant system developer tool"),
    content=st.just("t") | st.lists(PART, max_size=3),
    output=st.just("t") | st.lists(PART, max_size=2),
    tool_calls=st.lists(objects(function=objects(name=st.just("f"), arguments=st.just("{}"))), max_size=2),
)
TOOL = objects(type=KINDS, function=objects(name=st.just("f")), name=st.just("f"))
BODY = objects(
    messages=st.lists(ITEM, max_size=3),
    input=st.just("t") | st.lists(ITEM, max_size=3),
    tools=st.lists(TOOL, max_size=2),
    n=st.integers(1, 3),
    max_tokens=st.integers(1, 9),
    max_output_tokens=st.integers(1, 9),
    stream=st.booleans(),
    stream_options=st.just({"include_usage": True}),
    system=st.just("t"),
    instructions=st.just("t"),
    include=st.just([]),
    seed=st.integers(0, 9),
)


@pytest.mark.parametrize("path", WIRES)
@settings(max_examples=80, deadline=None)
@given(body=BODY)
def test_any_body_is_refused_or_understood(path, body):
    wire, body = WIRES[path], {"model": "m", **body}
    try:
        wire.check(body)
        output = wire.most_output_tokens(body) or 10
        wire.additions(body, output)
    except BadRequest:
        return

    most_usage(wire.api, 100, body, output)
    fingerprint(path, body)
    if wire.api != "embeddings":
        assert all(isinstance(text_of(message), str) for message in conversation(wire.api, body).messages)


EVENT = objects(
    type=words("message_start content_block_start content_block_delta message_delta message_stop response.completed"),
    index=st.integers(0, 3),
    choices=st.lists(
        objects(
            index=st.integers(0, 2),
            finish_reason=st.just("stop"),
            delta=objects(content=st.just("t"), tool_calls=st.lists(objects(index=st.integers(0, 2)), max_size=2)),
        ),
        max_size=2,
    ),
    delta=objects(text=st.just("t"), partial_json=st.just("{"), stop_reason=st.just("end_turn")),
    content_block=objects(type=KINDS, text=st.just("")),
    message=objects(usage=objects(input_tokens=st.integers(0, 9))),
    response=objects(output=st.just([])),
    usage=objects(
        prompt_tokens=st.integers(0, 9),
        input_tokens=st.integers(0, 9),
        cache_creation=objects(ephemeral_1h_input_tokens=st.integers(0, 9)),
        prompt_tokens_details=objects(cached_tokens=st.integers(0, 9)),
    ),
)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/messages"])
@settings(max_examples=80, deadline=None)
@given(events=st.lists(EVENT, max_size=5))
def test_any_stream_is_survived_and_counted(path, events):
    wire = WIRES[path]
    assembler = wire.assembler()
    for event in events:
        wire.only_usage(event)
        assembler.feed(event)

    message = assembler.message()
    usage = wire.usage(message) if message else None
    assert isinstance(assembler.complete(), bool)
    assert usage is None or min(usage.input, usage.output, usage.cached_input, usage.cache_write) >= 0
