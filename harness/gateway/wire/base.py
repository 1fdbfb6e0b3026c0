"""What the gateway needs from a wire format, and the error that a call it will not pass on gets."""

from __future__ import annotations

from typing import Any, Literal, Protocol

from harness.gateway.prices import TokenUsage
from harness.gateway.providers.base import Api

Json = dict[str, Any]
_LONGEST_MESSAGE = 1_000


class BadRequest(Exception):
    """A call that is not passed on. The message says what was found and what to do instead; the agent sees it.

    What was found comes from the call, so a message is cut: it is recorded, and must not be a way to fill the disk.
    """

    trespass: Literal["outside", "other_model"] | None = None  # what it tried beyond the run's bounds, if that

    def __init__(self, message: str, *, status: int = 400, code: str = "invalid_request_error") -> None:
        super().__init__(message if len(message) <= _LONGEST_MESSAGE else message[:_LONGEST_MESSAGE] + " …")
        self.status = status
        self.code = code


class ReachesOutside(BadRequest):
    """It would reach outside the sandbox, or keep state at the provider."""

    trespass = "outside"


class OtherModel(BadRequest):
    """It names a model that is not the run's."""

    trespass = "other_model"


class Assembler(Protocol):
    """Follows one stream and ends with the message that a plain call would have returned."""

    def feed(self, event: Json) -> None:
        """Take the data of the next event."""

    def message(self) -> Json | None:
        """What has arrived so far as one response object; None before the first event."""

    def complete(self) -> bool:
        """Whether the stream reached its own end."""


class Wire(Protocol):
    """One API's format. `body` is the client's JSON object; `response` a whole response, plain or assembled."""

    api: Api

    def check(self, body: Json) -> None:
        """Raise BadRequest for what may not pass: server-side tools, remote files and URLs, stored state."""

    def most_output_tokens(self, body: Json) -> int | None:
        """Output tokens that the call may use, all choices together; None when it states no maximum."""

    def additions(self, body: Json, most_output_tokens: int) -> Json:
        """What the gateway sets on the call: a maximum if there is none, usage in streams, nothing stored."""

    def usage(self, response: Json) -> TokenUsage | None:
        """Tokens as the provider reports them; None when it reports none."""

    def assembler(self) -> Assembler:
        """A new follower for one stream."""

    def only_usage(self, event: Json) -> bool:
        """Whether an event of a stream exists only because the gateway asked for usage."""

    def error(self, status: int, code: str, message: str) -> Json:
        """An error body in this API's shape."""

    def stream_error(self, code: str, message: str) -> bytes:
        """An error as an event in the middle of a stream."""


def count(value: object) -> int:
    """A token count from a provider's JSON; anything that is not a count is 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def child(value: Json, name: str) -> Json:
    """The object under a name, or an empty one."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def children(value: Json, name: str) -> list[Json]:
    """The objects in the list under a name; anything else there is left out."""
    found = value.get(name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
