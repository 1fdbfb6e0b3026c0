"""What the clients of all providers share: the way through the gateway's socket, and what an error means.

The SDKs' own retries are off and their timeout is long: the gateway waits and retries, and knows the run's deadline.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.contract import LABEL_HEADER
from agent.ends import BudgetExhausted, ModelUnavailable
from agent.llm.base import Message, Request, RequestRefused

if TYPE_CHECKING:
    import httpx2

API_KEY = "podium"  # a dummy: the gateway replaces it on the host
BASE_URL = "http://podium"
TIMEOUT_SECONDS = 6 * 3600.0
_STATUS = re.compile(r"^Error code: \d+ - ")


def http_client(socket: Path) -> httpx2.Client:
    """Return an HTTP client whose every connection goes to the gateway's socket."""
    import httpx2

    # A bare TLS context: none is ever used on a Unix socket, and reading the system's certificates takes 0.2 s.
    transport = httpx2.HTTPTransport(uds=str(socket), verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
    return httpx2.Client(transport=transport, timeout=TIMEOUT_SECONDS, trust_env=False)


@dataclass(frozen=True)
class ApiError(Exception):
    """A provider's error, the same for every SDK; `status` is None when nothing answered.

    `parameter` is the one that the provider names beside its message.
    """

    status: int | None
    kind: str
    message: str
    parameter: str = ""


def words_of(body: object, otherwise: str) -> str:
    """A provider's own message, without what an SDK puts before it: the status is a number as well."""
    inner = body.get("error", body) if isinstance(body, dict) else None
    message = inner.get("message") if isinstance(inner, dict) else inner
    return message if isinstance(message, str) and message else _STATUS.sub("", otherwise)


def end_of(error: ApiError) -> Exception:
    """Say what an error means for the run.

    402 is the gateway's refusal to spend. 400, 413 and 422 are about this one request. Everything else stays wrong on
    the next call too (a wrong name or key), or has outlasted the gateway's retries.
    """
    if error.status == 402 or error.kind == "budget_exhausted":
        return BudgetExhausted(error.message)
    if error.status in (400, 413, 422):
        return RequestRefused(error.message)
    return ModelUnavailable(f"{error.status or 'no answer'}: {error.message}")


def hinted(messages: Sequence[Message], hint: str) -> list[Message]:
    """Put what is asked in words of a model that takes no tool after the last turn, which is the user's."""
    if not hint:
        return list(messages)
    *earlier, last = messages
    return [*earlier, replace(last, text=last.text + hint)]


def labelled(request: Request) -> dict[str, str]:
    """Return the headers that tell the gateway whose call it is; it passes them on to nobody."""
    return {LABEL_HEADER: request.label} if request.label else {}


def text_of(content: Any) -> str:
    """Read a message's content: text, a list of parts as some servers send it, or nothing."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def arguments_of(raw: Any) -> dict[str, Any] | None:
    """Read a tool call's arguments, which are JSON in a string, or an object where a server is generous."""
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except ValueError:
            return None
    return raw if isinstance(raw, dict) else None
