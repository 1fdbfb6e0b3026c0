"""The openai SDK behind the gateway's socket, and its errors in our terms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from agent.llm.sdk import API_KEY, BASE_URL, TIMEOUT_SECONDS, ApiError, http_client, words_of

if TYPE_CHECKING:
    from openai import OpenAI

T = TypeVar("T")


def client_for(socket: Path) -> OpenAI:
    """Return the SDK's client; importing it takes about a second, which only its users pay."""
    from openai import OpenAI

    return OpenAI(
        api_key=API_KEY,
        base_url=f"{BASE_URL}/v1",
        max_retries=0,
        timeout=TIMEOUT_SECONDS,
        http_client=http_client(socket),
    )


def sent(create: Callable[[], object], reply_type: type[T]) -> T:
    """Make a call; raise `ApiError` for whatever the SDK raises, and for an answer that is no such reply."""
    from openai import APIError, APIStatusError

    try:
        reply = create()
    except APIStatusError as error:
        kind = str(error.code or error.type or "")
        raise ApiError(error.status_code, kind, words_of(error.body, error.message), str(error.param or "")) from error
    except (APIError, ValueError) as error:  # ValueError: a body that claims to be JSON and is not
        raise ApiError(None, "", f"{type(error).__name__}: {error}") from error
    if not isinstance(reply, reply_type):
        raise ApiError(None, "", f"the answer is no {reply_type.__name__}: {str(reply)[:200]!r}")
    return reply
