"""The head of a proxy request: read one way only, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.egress.request import Refused, read_head


def test_a_plain_request_goes_on_with_the_host_of_its_address_alone():
    asked = read_head(
        b"GET http://Files.Test./a/b?c=d HTTP/1.1\r\nHost: other.test\r\nProxy-Connection: keep-alive\r\n"
        b"Proxy-Authorization: Basic eA==\r\nConnection: keep-alive, x-mine\r\nAccept: */*"
    )
    assert (asked.method, asked.host, asked.port, asked.body_bytes) == ("GET", "files.test", 80, 0)
    assert asked.head == b"GET /a/b?c=d HTTP/1.1\r\nhost: files.test\r\nconnection: close\r\naccept: */*\r\n\r\n"


def test_a_body_is_as_long_as_it_says():
    asked = read_head(b"POST http://files.test:81 HTTP/1.1\r\nContent-Length: 12")
    assert asked.body_bytes == 12 and asked.port == 81
    assert b"POST / HTTP/1.1\r\nhost: files.test:81\r\n" in asked.head and b"content-length: 12" in asked.head


def test_a_tunnel_names_host_and_port():
    asked = read_head(b"CONNECT pypi.org:443 HTTP/1.1\r\nHost: pypi.org:443")
    assert asked.is_tunnel and (asked.host, asked.port) == ("pypi.org", 443)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /v1/models HTTP/1.1\r\nHost: podium", 400),
        (b"POST /podium/events HTTP/1.1", 400),
        (b"OPTIONS * HTTP/1.1", 400),
        (b"GET https://files.test/ HTTP/1.1", 400),
        (b"GET ftp://files.test/ HTTP/1.1", 400),
        (b"GET http://user:word@files.test/ HTTP/1.1", 400),
        (b"GET http://files.test/#part HTTP/1.1", 400),
        (b"GET http://127.0.0.1/ HTTP/1.1", 403),
        (b"GET http://[::1]/ HTTP/1.1", 403),
        (b"GET http://2130706433/ HTTP/1.1", 403),
        (b"CONNECT 169.254.169.254:80 HTTP/1.1", 403),
        (b"CONNECT files.test HTTP/1.1", 400),
        (b"CONNECT files.test:0 HTTP/1.1", 400),
        (b"CONNECT files.test:99999 HTTP/1.1", 400),
        (b"TRACE http://files.test/ HTTP/1.1", 405),
        (b"GET http://files.test/ HTTP/2", 400),
        (b"GET  http://files.test/ HTTP/1.1", 400),
        (b"get http://files.test/ HTTP/1.1", 400),
        (b"POST http://files.test/ HTTP/1.1\r\nTransfer-Encoding: chunked", 411),
        (b"POST http://files.test/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked", 411),
        (b"POST http://files.test/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", 400),
        (b"POST http://files.test/ HTTP/1.1\r\nContent-Length: +1", 400),
        (b"GET http://files.test/ HTTP/1.1\r\nHost : a", 400),
        (b"GET http://files.test/ HTTP/1.1\r\n folded", 400),
        (b"GET http://files.test/ HTTP/1.1\r\nA: b\nGET http://other.test/ HTTP/1.1", 400),
        (b"", 400),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(head, status):
    with pytest.raises(Refused) as caught:
        read_head(head)
    assert caught.value.status == status


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(data):
    for head in (data, b"GET http://a.test/ HTTP/1.1\r\nx: " + data, b"GET http://" + data + b" HTTP/1.1"):
        try:
            asked = read_head(head)
        except Refused:
            continue
        assert asked.host and b"\n" not in asked.head.replace(b"\r\n", b"")
