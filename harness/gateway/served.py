"""Who really answered a run's calls, and with which parameters: what was sent, and what the provider says it did.

A name such as `gpt-5` stands for whatever a provider serves under it that day; the record of a run keeps what was
served. Both sides of a call are others' words, so only known fields are kept, short, and not too many kinds of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson

from harness.gateway.wire.base import Json, child

MOST_KINDS = 50
_LONGEST = 300

_SENT = (
    "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "max_output_tokens", "seed", "n",
    "reasoning_effort", "reasoning", "thinking", "verbosity", "stream",
)  # fmt: skip
_REPORTED = ("temperature", "top_p", "max_output_tokens", "reasoning", "seed")


@dataclass(frozen=True)
class Served:
    """Calls that were alike in all of this. `asked` is the name in the request, `served` the one in the answer."""

    asked: str
    provider: str
    served: str
    system_fingerprint: str | None
    service_tier: str | None
    sent: dict[str, Any]
    reported: dict[str, Any]
    calls: int = 1


class ServedModels:
    """Counts the answered calls of a run by kind. Used from one event loop; `all` may be read after its end."""

    def __init__(self) -> None:
        self._kinds: dict[bytes, Served] = {}

    def note(self, asked: str, provider: str, sent: Json, response: Json) -> None:
        """Take in a call that was answered."""
        found = Served(
            asked=asked[:_LONGEST],
            provider=provider,
            served=str(response.get("model") or "")[:_LONGEST],
            system_fingerprint=_text(response.get("system_fingerprint")),
            service_tier=_text(response.get("service_tier") or child(response, "usage").get("service_tier")),
            sent=_sent(sent),
            reported=_chosen(response, _REPORTED),
        )
        key = orjson.dumps(found, option=orjson.OPT_SORT_KEYS)
        known = self._kinds.get(key)
        if known is not None:
            self._kinds[key] = replace(known, calls=known.calls + 1)
        elif len(self._kinds) < MOST_KINDS:
            self._kinds[key] = found

    def all(self) -> tuple[Served, ...]:
        """Each kind, in the order of its first call."""
        return tuple(self._kinds.values())


def _sent(body: Json) -> dict[str, Any]:
    sent = _chosen(body, _SENT)
    if effort := child(body, "output_config").get("effort"):
        sent["effort"] = _short(effort)
    if body.get("tools"):
        choice = body.get("tool_choice")
        sent["answers"] = "forced tool" if choice not in (None, "auto", "none") else "offered tool"
    elif _schema_asked(body):
        sent["answers"] = "schema"
    return sent


def _schema_asked(body: Json) -> bool:
    if body.get("response_format"):
        return True
    return any(child(body, name).get("format") for name in ("text", "output_config"))


def _chosen(value: Json, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _short(value[name]) for name in names if value.get(name) is not None}


def _short(value: Any) -> Any:
    text = orjson.dumps(value)
    return value if len(text) <= _LONGEST else f"{len(text)} bytes"


def _text(value: object) -> str | None:
    return value[:_LONGEST] if isinstance(value, str) else None
