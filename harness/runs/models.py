"""Which models a run calls, and what is asked of each: the user's choices, else what is known of a model by its name.

What is known here only saves a refused call and a reply that is cut off: the agent gives up whatever a model refuses,
and the transcript shows each attempt. A name that nobody knows is treated as a plain chat model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from harness.contract import ANSWERS, EFFORTS, Answers, Effort, ModelSettings
from harness.errors import UserError

Api = Literal["chat", "responses", "messages"]
_APIS: dict[str, tuple[Api, ...]] = {  # the first is what is spoken unless told otherwise
    "openai": ("responses", "chat"),
    "anthropic": ("messages",),
    "compatible": ("chat", "responses"),
}
PLAIN_OUTPUT_TOKENS = 8192
REASONING_OUTPUT_TOKENS = 32768  # thinking counts as output

_OPENAI_REASONING = re.compile(r"(?:o\d|gpt-(?:[5-9]|\d\d)|codex)(?!.*chat)")
_ANTHROPIC_WITHOUT_SAMPLING = re.compile(  # from opus 4.7 on
    r"claude-(?:opus-4-(?:[7-9]|\d\d(?!\d))|(?:opus|sonnet|haiku)-(?:[5-9]|\d\d(?!\d))|fable|mythos)"
)
_OPEN_REASONING = re.compile(
    r"deepseek-(?:r\d|reasoner|v[4-9])|qwq|qwen-?3|gpt-oss|glm-(?:4\.[5-9]|[5-9])|kimi-k2-thinking|magistral|minimax-m"
    r"|thinking|reason",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ModelOptions:
    """The choices of a run's models beside the coding model itself; None means what is known of the model.

    `temperature`, `max_output_tokens` and `reasoning_effort` are of the model that writes code and of its fallback;
    `answers` is how the reviewing model is asked for its findings.
    """

    review: str | None = None
    fallback: str | None = None
    temperature: float | None = None
    max_output_tokens: int | None = None
    reasoning_effort: Effort | None = None
    answers: Answers = "tool"
    api: Api | None = None

    def names(self, model: str) -> tuple[str, ...]:
        """All models of a run whose code is written by `model`, each once."""
        return tuple(dict.fromkeys(name for name in (model, self.review, self.fallback) if name is not None))

    def check(self, model: str) -> None:
        """Refuse what can't be meant; raise `UserError`."""
        if self.temperature is not None and not 0 <= self.temperature <= 2:
            raise UserError(f"--temperature {self.temperature:g}: it lies between 0 and 2")
        if self.max_output_tokens is not None and self.max_output_tokens < 256:
            raise UserError(f"--max-output-tokens {self.max_output_tokens}: no script fits; at least 256")
        for flag, value, known in (
            ("--reasoning-effort", self.reasoning_effort, EFFORTS),
            ("--answers", self.answers, ANSWERS),
            ("--api", self.api, ("chat", "responses")),
        ):
            if value is not None and value not in known:
                raise UserError(f"{flag} {value}: there are {', '.join(known)}")
        if self.fallback == model:
            raise UserError(f"--fallback-model {self.fallback} is the model itself: name another one")
        if self.api is not None and not any(self.api in _apis(name) for name in self.names(model)):
            raise UserError(f"--api {self.api}: {model} does not speak it; it is for openai/… and compatible/…")

    def code(self, model: str, temperature: float | None) -> ModelSettings:
        """How the model that writes code is called, or the fallback; `temperature` is the preset's."""
        thinking = REASONING_OUTPUT_TOKENS if self.reasoning_effort not in (None, "none") else None
        chosen = {
            "temperature": self.temperature,
            "max_output_tokens": self.max_output_tokens or thinking,
            "reasoning_effort": self.reasoning_effort,
        }
        known = self._settings(model, temperature)
        return known.model_copy(update={name: value for name, value in chosen.items() if value is not None})

    def reviewer(self, model: str, temperature: float | None) -> ModelSettings:
        """How the model that reviews executions is called."""
        return self._settings(self.review or model, temperature)

    def _settings(self, model: str, temperature: float | None) -> ModelSettings:
        provider, _, name = model.partition("/")
        spoken = _apis(model)
        return ModelSettings(
            name=name or provider,
            api=self.api if self.api in spoken else spoken[0],
            temperature=None if refuses_temperature(model) else temperature,
            max_output_tokens=REASONING_OUTPUT_TOKENS if thinks(model) else PLAIN_OUTPUT_TOKENS,
            older_limit=provider == "compatible",
            answers=self.answers,
        )


def refuses_temperature(model: str) -> bool:
    """Whether a model is known to take no temperature."""
    provider, _, name = model.partition("/")
    if provider == "anthropic":
        return _ANTHROPIC_WITHOUT_SAMPLING.match(name) is not None
    return _OPENAI_REASONING.match(name.rpartition("/")[2]) is not None


def thinks(model: str) -> bool:
    """Whether a model is known to think before it answers, so that a small limit leaves no room for the answer."""
    return refuses_temperature(model) or (model.startswith("compatible/") and _OPEN_REASONING.search(model) is not None)


def _apis(model: str) -> tuple[Api, ...]:
    return _APIS.get(model.partition("/")[0], ("chat",))
