"""Errors in OpenAI's shape, shared by its three APIs."""

from __future__ import annotations

import orjson

from harness.gateway.wire.base import Json

_KIND = {401: "authentication_error", 404: "invalid_request_error", 429: "rate_limit_error"}


def openai_error(status: int, code: str, message: str) -> Json:
    """A body that the openai SDK turns into an APIStatusError with this code."""
    plain = "invalid_request_error" if status < 500 else "server_error"
    kind = code if status == 402 else _KIND.get(status, plain)
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def openai_stream_error(code: str, message: str) -> bytes:
    """The event that the openai SDK raises as an APIError in the middle of a stream."""
    return b"data: " + orjson.dumps(openai_error(502, code, message)) + b"\n\n"
