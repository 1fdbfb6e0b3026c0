"""The host that a TLS connection asks for: the server name (SNI) in its first message, which is not encrypted.

A tunnel that was opened for one host must not be used to ask another that lives at the same address. What is asked for
inside the encryption can't be seen from here.
"""

from __future__ import annotations

import struct

MOST_BYTES = 16 * 1024  # of a first message; the largest of today's have some 2,000

_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME, _HOST_NAME = 22, 1, 0, 0


class NotTls(Exception):
    """What came is not the beginning of a TLS connection, or names no server."""


def server_name(data: bytes) -> str | None:
    """The name that the first message asks for; None while more of it is to come. Raise `NotTls`."""
    message = _message(data)
    if message is None:
        return None
    try:
        return _name(message)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise NotTls("its first message is malformed") from error


def _message(data: bytes) -> bytes | None:
    """The handshake message, put together from its records; None while it is not whole."""
    message, place = b"", 0
    while True:
        if len(data) > place and data[place] != _HANDSHAKE:
            raise NotTls("it does not begin as TLS does")
        if len(data) < place + 5:
            return None
        (length,) = struct.unpack_from("!H", data, place + 3)
        if not 0 < length <= MOST_BYTES:
            raise NotTls("it does not begin as TLS does")
        message += data[place + 5 : place + 5 + length]
        if message[0:1] not in (b"", bytes([_CLIENT_HELLO])):
            raise NotTls("its first message is no client's")
        if len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4]):
            return message[4 : 4 + int.from_bytes(message[1:4])]
        if len(data) < place + 5 + length:
            return None
        place += 5 + length


def _name(hello: bytes) -> str:
    place = 2 + 32  # version, random
    place += 1 + hello[place]  # session
    place += 2 + struct.unpack_from("!H", hello, place)[0]  # ciphers
    place += 1 + hello[place]  # compressions
    (length,) = struct.unpack_from("!H", hello, place)
    extensions = hello[place + 2 : place + 2 + length]
    place = 0
    while place + 4 <= len(extensions):
        kind, length = struct.unpack_from("!HH", extensions, place)
        if kind == _SERVER_NAME:
            return _first_host(extensions[place + 4 : place + 4 + length])
        place += 4 + length
    raise NotTls("it names no server (SNI)")


def _first_host(extension: bytes) -> str:
    kind, length = struct.unpack_from("!BH", extension, 2)
    if kind != _HOST_NAME or len(extension) != 5 + length:
        raise NotTls("it names something else than one host")
    return extension[5:].decode("ascii").lower().removesuffix(".")
