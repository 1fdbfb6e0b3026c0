"""Streams are cut into events without losing, adding or changing a byte, however they arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gateway.wire.sse import EventTooLong, SseSplitter, data_of

EVENTS = st.lists(st.binary(max_size=30).map(lambda data: data.replace(b"\n", b"").replace(b"\r", b"")), max_size=8)


@given(EVENTS, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.data())
def test_any_chunking_gives_the_same_events(lines, newline, data):
    stream = b"".join(b"data: " + line + newline * 2 for line in lines)
    splitter, found, rest = SseSplitter(), [], stream
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        found += splitter.feed(rest[:size])
        rest = rest[size:]

    assert b"".join(found) + splitter.rest() == stream
    assert [data_of(event) for event in found] == [line.lstrip(b" ") for line in lines]


def test_an_event_over_the_limit_raises():
    splitter = SseSplitter(limit_bytes=100)

    with pytest.raises(EventTooLong):
        splitter.feed(b"data: " + b"x" * 101)


def test_data_lines_of_one_event_are_joined_and_comments_have_none():
    assert data_of(b"event: e\ndata: a\ndata:b\n\n") == b"a\nb"
    assert data_of(b": ping\n\n") == b""
