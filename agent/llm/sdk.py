"""What the clients of all providers share: the way through the gateway's socket, and what an error means.

The SDKs' own retries are off and their timeout is long: the gateway waits and retries, and knows the run's deadline.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agent.contract import LABEL_HEADER
from agent.ends import BudgetExhausted, ModelUnavailable
from agent.llm.base import Request, RequestRefused

if TYPE_CHECKING:
    import httpx2

API_KEY = "podium"  # a dummy: the gateway replaces it on the host
BASE_URL = "http://podium"
TIMEOUT_SECONDS = 6 * 3600.0

T = TypeVar("T")


def http_client(socket: Path) -> httpx2.Client:
    """Return an HTTP client whose every connection goes to the gateway's socket."""
    import httpx2

    # A bare TLS context: none is ever used on a Unix socket, and reading the system's certificates takes 0.2 s.
    transport = httpx2.HTTPTransport(uds=str(socket), verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
    return httpx2.Client(transport=transport, timeout=TIMEOUT_SECONDS, trust_env=False)


@dataclass(frozen=True)
class ApiError(Exception):
    """A provider's error, the same for every SDK; `status` is None when nothing answered."""

    status: int | None
    kind: str
    message: str


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


@dataclass
class Refusals:
    """The optional parameters that a model turned out not to take; they are left out, or sent by their older name.

    Reasoning models refuse a temperature, older servers the newer names; none says so before it is asked.
    """

    older_names: Mapping[str, str] = field(default_factory=dict)
    _refused: set[str] = field(default_factory=set)

    def accepted(self, optional: Mapping[str, Any]) -> dict[str, Any]:
        """Return what to send of the optional parameters."""
        renamed = {self._name_of(name): value for name, value in optional.items()}
        return {name: value for name, value in renamed.items() if name not in self._refused}

    def learn(self, sent: Iterable[str], message: str) -> bool:
        """Note the parameter that a refusal names; False when it names none that was sent."""
        refused = next((name for name in sent if re.search(rf"\b{name}\b", message)), None)
        if refused is None:
            return False
        self._refused.add(refused)
        return True

    def _name_of(self, name: str) -> str:
        return self.older_names.get(name, name) if name in self._refused else name


def call(refusals: Refusals, optional: Mapping[str, Any], send: Callable[[dict[str, Any]], T]) -> T:
    """Send with the optional parameters that the model takes, finding out which; raise what an error means."""
    while True:
        given = refusals.accepted(optional)
        try:
            return send(given)
        except ApiError as error:
            learned = error.status in (400, 422) and refusals.learn(given, error.message)
            if not learned:
                raise end_of(error) from error


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
