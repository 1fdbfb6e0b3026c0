"""The run's ceiling on money, tokens and calls, and what was used of it.

Before a call is forwarded the most that it can cost is reserved; when its usage is known the reservation is settled
for what it really cost. So calls in flight at once can't pass the ceiling together. A reservation counts one token a
byte of input, which no tokenizer exceeds: the last part of a budget may stay unspent, but it is never overspent.

Used from one event loop only; `Ledger.usage` may be read from any thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from harness.gateway.prices import TokenUsage


@dataclass(frozen=True)
class Budget:
    """Ceilings of one run; None is no ceiling. `default_max_output_tokens` is set on calls that state no maximum."""

    usd: float | None = None
    tokens: int | None = None
    calls: int | None = None
    default_max_output_tokens: int = 8192


@dataclass(frozen=True)
class Usage:
    """What a run has used so far. `waiting_seconds`: rate limits and outages; `model_seconds`: the calls themselves."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: float = 0.0
    waiting_seconds: float = 0.0
    model_seconds: float = 0.0
    refused: int = 0


class BudgetExhausted(Exception):
    """A call does not fit into what is left; the message is shown to the agent."""


@dataclass(eq=False)
class Reservation:
    """The most that one call in flight can use."""

    tokens: TokenUsage
    cost_usd: float | None


@dataclass
class Ledger:
    """Reserves and settles against one budget."""

    budget: Budget
    usage: Usage = field(default_factory=Usage)
    on_held: Callable[[float, int], None] = lambda usd, tokens: None  # told what calls in flight can cost at most
    _open: set[Reservation] = field(default_factory=set)

    def reserve(self, tokens: TokenUsage, cost_usd: float | None) -> Reservation:
        """Hold the most that a call can use, or raise BudgetExhausted; no cost only where there is no money ceiling."""
        wanted = Reservation(tokens, cost_usd)
        self._refuse_over("calls", self.budget.calls, self.usage.calls + len(self._open), 1)
        self._refuse_over("tokens", self.budget.tokens, self._tokens_held(), tokens.total)
        self._refuse_over("USD", self.budget.usd, self._usd_held(), cost_usd or 0.0)
        self._open.add(wanted)
        self._tell()
        return wanted

    def settle(self, held: Reservation, tokens: TokenUsage, cost_usd: float | None, seconds: float) -> None:
        """Replace a reservation by what the call really used."""
        self._open.discard(held)
        used = self.usage
        self.usage = replace(
            used,
            calls=used.calls + 1,
            input_tokens=used.input_tokens + tokens.input,
            output_tokens=used.output_tokens + tokens.output,
            cached_input_tokens=used.cached_input_tokens + tokens.cached_input,
            cache_write_tokens=used.cache_write_tokens + tokens.cache_write + tokens.cache_write_1h,
            cost_usd=used.cost_usd + (cost_usd or 0.0),
            model_seconds=used.model_seconds + seconds,
        )
        self._tell()

    def _tell(self) -> None:
        self.on_held(sum(one.cost_usd or 0.0 for one in self._open), sum(one.tokens.total for one in self._open))

    def note_refusal(self) -> None:
        self.usage = replace(self.usage, refused=self.usage.refused + 1)

    def note_waiting(self, seconds: float) -> None:
        self.usage = replace(self.usage, waiting_seconds=self.usage.waiting_seconds + seconds)

    def spent_fraction(self) -> float:
        """The largest used share of any ceiling, 0 without one; reservations count, since they may all be spent."""
        pairs = (
            (self.budget.calls, self.usage.calls + len(self._open)),
            (self.budget.tokens, self._tokens_held()),
            (self.budget.usd, self._usd_held()),
        )
        shares = [1.0 if limit <= 0 else held / limit for limit, held in pairs if limit is not None]
        return min(1.0, max(shares, default=0.0))

    def _tokens_held(self) -> int:
        return self.usage.input_tokens + self.usage.output_tokens + sum(one.tokens.total for one in self._open)

    def _usd_held(self) -> float:
        return self.usage.cost_usd + sum(one.cost_usd or 0.0 for one in self._open)

    def _refuse_over(self, unit: str, limit: float | None, held: float, wanted: float) -> None:
        if limit is not None and held + wanted > limit:
            raise BudgetExhausted(
                f"The run's budget is exhausted: {held:.6g} of {limit:.6g} {unit} used or reserved, "
                f"and this call may need {wanted:.6g} more."
            )
