"""What a call costs: known models by genai-prices, others by a file that the user writes.

Prices are needed for one thing, the budget in money, so an unknown price is `None` and never a guess.

The file is YAML, in USD per million tokens, one entry a model:

    gpt-oss-120b: {input: 0.15, output: 0.6}
    my-tuned-model: {input: 3, cached_input: 0.3, cache_write: 3.75, output: 12}
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from harness.errors import InvalidSpec, UserError

_MILLION = 1_000_000


@dataclass(frozen=True)
class TokenUsage:
    """Tokens of one call. `input` is all of them: `cached_input` and the two kinds of `cache_write` are parts of it."""

    input: int = 0
    output: int = 0
    cached_input: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0

    @property
    def total(self) -> int:
        return self.input + self.output


class Prices(Protocol):
    """Turns tokens into money."""

    def cost_usd(self, model: str, tokens: TokenUsage) -> float | None:
        """Price of the call in USD, or None when the model's price is not known."""


class FreePrices:
    """Nothing costs anything: the offline coder and a replayed transcript."""

    def cost_usd(self, model: str, tokens: TokenUsage) -> float | None:
        return 0.0


class StatedPrice(BaseModel):
    """One model's prices as the user states them, in USD per million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    input: float = Field(ge=0)
    output: float = Field(default=0.0, ge=0)
    cached_input: float | None = Field(default=None, ge=0, description="the input price when left out")
    cache_write: float | None = Field(default=None, ge=0, description="the input price when left out")

    def cost_usd(self, tokens: TokenUsage) -> float:
        """Price of a call; what is read from or written to the cache is not charged again as plain input."""
        written = tokens.cache_write + tokens.cache_write_1h
        plain = max(0, tokens.input - tokens.cached_input - written)
        read_price = self.input if self.cached_input is None else self.cached_input
        write_price = self.input if self.cache_write is None else self.cache_write
        spent = plain * self.input + tokens.cached_input * read_price + written * write_price
        return (spent + tokens.output * self.output) / _MILLION


_STATED = TypeAdapter(dict[str, StatedPrice])


@dataclass(frozen=True)
class StatedPrices:
    """Prices from the user's file first, then those of `others`."""

    stated: Mapping[str, StatedPrice]
    others: Prices

    def cost_usd(self, model: str, tokens: TokenUsage) -> float | None:
        price = self.stated.get(model)
        return price.cost_usd(tokens) if price else self.others.cost_usd(model, tokens)


@dataclass(frozen=True)
class KnownPrices:
    """Prices that genai-prices knows of a provider's models; `provider_id` and `api_url` as that package names them."""

    provider_id: str | None = None
    api_url: str | None = None

    def cost_usd(self, model: str, tokens: TokenUsage) -> float | None:
        from genai_prices import data_snapshot  # 0.5 s, which a run without paid calls never pays

        usage = _genai_usage(tokens)
        try:
            found = data_snapshot.get_snapshot().calc(usage, model, self.provider_id, self.api_url, None)
        except LookupError:
            return None
        cost = float(found.total_price)
        return cost if math.isfinite(cost) else None


def _genai_usage(tokens: TokenUsage) -> object:
    """The same tokens in genai-prices' words; its validation rejects parts that exceed their whole."""
    from genai_prices import Usage

    written = tokens.cache_write + tokens.cache_write_1h
    return Usage(
        input_tokens=max(tokens.input, tokens.cached_input + written),
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cached_input or None,
        cache_write_tokens=written or None,
        cache_write_1h_tokens=tokens.cache_write_1h or None,
    )


def read_prices(path: Path) -> dict[str, StatedPrice]:
    """Read the user's price file; what does not validate raises InvalidSpec with the field."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidSpec(f"The prices file {path} can't be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise InvalidSpec(f"The prices file {path} is not YAML: {error}") from error
    try:
        return _STATED.validate_python(raw or {})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidSpec(
            f"The prices file {path} is wrong at {field or 'its top'}: {first['msg']}. "
            "It holds one line a model, in USD per million tokens: `NAME: {input: 0.15, output: 0.6}`."
        ) from error


def unpriced(model: str) -> str:
    """Why a model without a price can't be called under a budget in money, and what to do."""
    return (
        f"The price of the model '{model}' is not known, and this run has a budget in money. State the price in a YAML "
        f"file, in USD per million tokens, as `{model}: {{input: 0.15, output: 0.6}}`, and name that file in "
        "PODIUM_PRICES or with --prices."
    )


def refuse_unpriced(prices: Prices, models: Iterable[str]) -> None:
    """Raise `UserError` when a run with a budget in money names a model whose price is not known."""
    for model in sorted(models):
        if prices.cost_usd(model, TokenUsage(input=1, output=1)) is None:
            raise UserError(unpriced(model))
