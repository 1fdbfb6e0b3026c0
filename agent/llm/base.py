"""The seam to the models: one method, the same for every provider.

Clients raise `BudgetExhausted` and `ModelUnavailable` (ends of the run) or `RequestRefused` (this one request can't be
answered; others can). They neither wait nor retry on rate limits and server errors: that is the gateway's work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Stop = Literal["done", "cut_off", "declined", "failed"]


@dataclass(frozen=True)
class Message:
    """One turn of the conversation. Its first `stable_chars` characters are the same in many of a run's requests."""

    role: Literal["system", "user", "assistant"]
    text: str
    stable_chars: int = 0


@dataclass(frozen=True)
class Tool:
    """A function that the model is made to call, with its arguments as a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Usage:
    """Tokens as the provider counted them."""

    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens)


@dataclass(frozen=True)
class Request:
    """What is asked. `seed` reaches the providers that know one; `label` tells the gateway whose call it is."""

    messages: tuple[Message, ...]
    seed: int
    tool: Tool | None = None
    label: str = ""


@dataclass(frozen=True)
class Reply:
    """What came back; a model that ignores the tool answers in `text`.

    `stop`: why it ends. It may have run into the token limit (`cut_off`), have been declined by the model or a filter
    (`declined`), or hold the provider's failure in place of an answer (`failed`); `why` has the provider's words.
    """

    text: str
    usage: Usage
    model: str
    tool_arguments: dict[str, Any] | None = None
    stop: Stop = "done"
    why: str = ""


class RequestRefused(Exception):
    """The provider will not answer this request: too long, or against its rules."""


class LLM(Protocol):
    """A model that completes a conversation."""

    @property
    def name(self) -> str:
        """What the run calls it; the provider may serve it under a longer name."""
        ...

    def complete(self, request: Request) -> Reply:
        """Answer the request."""
        ...
