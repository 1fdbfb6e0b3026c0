"""The server name in a TLS connection's first message, whatever is sent in its place."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.egress.hello import MOST_BYTES, NotTls, server_name


def hello(name):
    """The first message of Python's own TLS client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.check_hostname = name is not None
    context.verify_mode = ssl.CERT_REQUIRED if name else ssl.CERT_NONE
    client = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_the_name_is_read_and_any_part_of_the_message_waits_for_the_rest():
    whole = hello("files.test")
    assert server_name(whole) == "files.test" and server_name(whole + b"more") == "files.test"
    assert all(server_name(whole[:length]) is None for length in range(len(whole)))


def test_a_message_in_several_records_is_put_together():
    whole = hello("files.test")
    body, head = whole[5:], whole[:3]
    parts = [body[:1], body[1:10], body[10:]]
    split = b"".join(head + len(part).to_bytes(2) + part for part in parts)
    assert server_name(split) == "files.test" and server_name(split[:-1]) is None


def test_a_client_that_names_no_server_is_found():
    with pytest.raises(NotTls, match="names no server"):
        server_name(hello(None))


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n", b"SSH-2.0-x", b"\x16\x03\x01\x00\x00", b"\x16\x03\x01\xff\xff"]
)
def test_what_is_no_tls_is_found(data):
    with pytest.raises(NotTls):
        server_name(data)


@given(st.binary(max_size=600), st.booleans())
def test_no_bytes_do_more_than_be_refused_or_waited_for(data, framed):
    data = b"\x16\x03\x01" + len(data).to_bytes(2) + b"\x01" + len(data).to_bytes(3) + data if framed else data
    try:
        found = server_name(data[:MOST_BYTES])
    except NotTls:
        return
    assert found is None or isinstance(found, str)
