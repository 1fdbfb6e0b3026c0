"""When a call may leave for its provider: rules over what all runs that share an account have sent. Pure.

Three things hold a call back. Limits that the user stated: calls and tokens a minute, evenly spaced, never more than
that in any minute (of tokens: and one call). A pause that the provider asked for: for all runs, whoever was told. And a
slower pace after "too many requests": halved (or where a pause was asked for, a fifth less) once for each refusal of a
call that was itself sent at the pace then in force, and growing by a fifth every ten seconds until nobody is held back.

Turns are fair between runs, not between calls: among those that wait the run goes first that had the fewest turns
lately, so sixteen workers of one run can't crowd out another's one.

Times are seconds of one clock that all who share a state have; the state is plain data, so that it can lie in a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MINUTE = 60.0
SLACK_SECONDS = 1.0  # of this much a late caller may make up, so that sleeping inexactly costs no throughput
GROWTH = 1.2
GROWTH_SECONDS = 10.0
RECOVERED_SECONDS = 300.0  # without a refusal: then nobody is held back any more
LESS = 0.5
LESS_AFTER_A_PAUSE = 0.8
SLOWEST = 1.0  # calls a minute
MODEST = 12.0  # calls a minute: whoever sent fewer is not slowed as if that had been too much
LONGEST_NAP_SECONDS = 1.0  # between two looks of a waiting call
DEAD_AFTER_SECONDS = 5.0  # a waiting call that did not look for so long is gone
FIRST_OUTPUT_TOKENS = 1000.0  # of a reply, until some were seen


@dataclass(frozen=True)
class RateLimits:
    """What the user stated of an account; None: no limit."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None

    def stricter(self, other: RateLimits) -> RateLimits:
        """The lower of each."""
        return RateLimits(
            _lower(self.requests_per_minute, other.requests_per_minute),
            _lower(self.tokens_per_minute, other.tokens_per_minute),
        )

    @property
    def stated(self) -> bool:
        """Is there any?"""
        return self.requests_per_minute is not None or self.tokens_per_minute is not None


@dataclass
class Ticket:
    """A call that waits for its turn: its place in the order, and until when it counts as alive."""

    id: str
    run: str
    place: float
    alive_until: float


@dataclass
class Stated:
    """The limits that one process was given, and when it last said so."""

    requests_per_minute: float | None
    tokens_per_minute: float | None
    seen_at: float


@dataclass
class PaceState:
    """What is known of one account's calls."""

    next_request_at: float = 0.0
    next_token_at: float = 0.0
    paused_until: float = 0.0
    slowed_at: float | None = None
    slowed_rate: float = 0.0  # calls a minute, then
    next_slowed_at: float = 0.0
    turns: dict[str, float] = field(default_factory=dict)  # by run: where in the order its last turn was
    order: float = 0.0  # the place of whoever had the last turn
    waiting: list[Ticket] = field(default_factory=list)
    stated: dict[str, Stated] = field(default_factory=dict)  # by process

    def idle(self, now: float) -> bool:
        """Does nothing hold anybody back?"""
        return now >= self.paused_until and not self.waiting and self.rate(now) is None and not self.limits(now).stated

    def rate(self, now: float) -> float | None:
        """The slower pace in force, in calls a minute; None: none is."""
        if self.slowed_at is None or now - max(self.slowed_at, self.paused_until) > RECOVERED_SECONDS:
            return None
        grown: float = GROWTH ** (max(0.0, now - self.slowed_at) / GROWTH_SECONDS)
        return self.slowed_rate * grown

    def state_limits(self, process: str, limits: RateLimits, now: float) -> None:
        """Have a process's limits hold for all, for as long as it says so."""
        if limits.stated:
            self.stated[process] = Stated(limits.requests_per_minute, limits.tokens_per_minute, now)

    def limits(self, now: float) -> RateLimits:
        """The strictest that anybody stated of late."""
        found = RateLimits()
        for one in self.stated.values():
            if now - one.seen_at <= 2 * MINUTE:
                found = found.stricter(RateLimits(one.requests_per_minute, one.tokens_per_minute))
        return found

    def ask(self, id: str, run: str, tokens: float, now: float) -> float:
        """Take the turn and return 0, or return after how many seconds to ask again."""
        self._forget(now)
        ticket = next((one for one in self.waiting if one.id == id), None)
        if ticket is None:
            ticket = Ticket(id, run, self._place(run), now)
            self.waiting.append(ticket)
        ahead = sum(one.place < ticket.place for one in self.waiting)
        ready_at = self._ready_at(now)
        if ahead == 0 and now >= ready_at:
            self._take(ticket, tokens, now)
            return 0.0
        wait = max(0.0, ready_at - now) + ahead * self._spacing(now)
        nap = max(0.002, self.paused_until - now, min(LONGEST_NAP_SECONDS, wait))
        ticket.alive_until = now + nap + DEAD_AFTER_SECONDS
        return nap

    def give_up(self, id: str) -> None:
        """A waiting call is gone."""
        self.waiting = [one for one in self.waiting if one.id != id]

    def settle(self, expected: float, used: float, now: float) -> None:
        """Correct what a call was taken to need by what it used."""
        if (limit := self.limits(now).tokens_per_minute) is not None:
            self.next_token_at += (used - expected) * MINUTE / limit

    def slow_down(self, sent_at: float, asked_seconds: float | None, seen_rate: float, now: float) -> None:
        """A call that left at `sent_at` was refused; `seen_rate`: calls a minute that were sent before."""
        if asked_seconds is not None:
            self.paused_until = max(self.paused_until, now + asked_seconds)
        if self.slowed_at is not None and sent_at <= self.slowed_at:
            return  # it left before the pace was lowered: no news
        rate = self.rate(now)
        less = LESS if asked_seconds is None else LESS_AFTER_A_PAUSE
        self.slowed_rate = max(SLOWEST, less * (max(MODEST, seen_rate) if rate is None else rate))
        self.slowed_at = now
        soon = min(MINUTE, max(self.slowed_rate, MODEST)) / self.slowed_rate  # the first one: trouble may be short
        self.next_slowed_at = max(self.next_slowed_at, now + soon)

    def _place(self, run: str) -> float:
        """After the run's last turn, and after its own calls that wait already."""
        mine = [one.place for one in self.waiting if one.run == run]
        return max([self.order, self.turns.get(run, 0.0), *mine]) + 1.0

    def _ready_at(self, now: float) -> float:
        limits = self.limits(now)
        return max(
            self.paused_until,
            self.next_request_at if limits.requests_per_minute is not None else 0.0,
            self.next_token_at if limits.tokens_per_minute is not None else 0.0,
            self.next_slowed_at if self.rate(now) is not None else 0.0,
        )

    def _spacing(self, now: float) -> float:
        """Seconds between two turns, as far as known."""
        rates = [rate for rate in (self.limits(now).requests_per_minute, self.rate(now)) if rate is not None]
        return MINUTE / min(rates) if rates else 0.002

    def _take(self, ticket: Ticket, tokens: float, now: float) -> None:
        self.waiting.remove(ticket)
        self.order = max(self.order, ticket.place - 1.0)
        self.turns[ticket.run] = ticket.place
        limits = self.limits(now)
        if (limit := limits.requests_per_minute) is not None:
            slack = min(SLACK_SECONDS, MINUTE / limit)
            self.next_request_at = max(self.next_request_at, now - slack) + (MINUTE + slack) / limit
        if (limit := limits.tokens_per_minute) is not None:
            self.next_token_at = max(self.next_token_at, now) + tokens * MINUTE / limit
        if (rate := self.rate(now)) is not None:
            self.next_slowed_at = max(self.next_slowed_at, now) + MINUTE / rate

    def _forget(self, now: float) -> None:
        """Calls of processes that died, and turns that are no advantage to anybody any more."""
        self.waiting = [one for one in self.waiting if one.alive_until >= now]
        if len(self.turns) > 64:
            self.turns = {run: place for run, place in self.turns.items() if place > self.order}
        self.stated = {process: one for process, one in self.stated.items() if now - one.seen_at <= 2 * MINUTE}


def _lower(one: float | None, other: float | None) -> float | None:
    return min((value for value in (one, other) if value is not None), default=None)
