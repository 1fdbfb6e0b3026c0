"""A group's status on a terminal: once, or again and again until it ends."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from harness.groups.holding import cpus_in_words
from harness.untrusted import one_line

if TYPE_CHECKING:
    from harness.groups.status import GroupStatus

MOST_SHOWN = 20
LONGEST = 100


def now() -> datetime.datetime:
    """The time, for how long runs have been going on."""
    return datetime.datetime.now(datetime.UTC)


def show(status: GroupStatus, *, as_json: bool) -> None:
    """Print it once."""
    if as_json:
        _print_json(status)
        return
    from rich.console import Console

    Console().print(_text(status), markup=False, highlight=False, soft_wrap=True)


def follow(read: Callable[[], GroupStatus], seconds: float, *, as_json: bool) -> None:
    """Show it anew until nobody is at work; as JSON, a line each time."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    if as_json:
        while True:
            status = read()
            _print_json(status, indent=None)
            if status.at_work is None:
                return
            time.sleep(seconds)
    status = read()
    with Live(Text(_text(status)), console=Console(), auto_refresh=False) as live:
        while status.at_work is not None:
            time.sleep(seconds)
            status = read()
            live.update(Text(_text(status)), refresh=True)


def _print_json(status: GroupStatus, indent: int | None = 2) -> None:
    import json

    typer.echo(json.dumps({"schema_version": 1, **asdict(status)}, indent=indent))


def _text(status: GroupStatus) -> str:
    lines = [f"{status.group}: {status.declared} runs; {_counts(status)}", _who(status)]
    lines += [status.waits_for] if status.waits_for else []
    lines += [
        f"egress {mode}: scripts of {runs} runs can FETCH from a network" for mode, runs in status.networked.items()
    ]
    if status.going:
        lines += ["", "running", *_lines(status.going, _going)]
    if status.troubles:
        lines += ["", "without a valid result", *_lines(status.troubles, _trouble)]
    if status.missing:
        names = ", ".join(status.missing[:6]) + (" …" if len(status.missing) > 6 else "")
        lines += ["", f"missing ({len(status.missing)}): {names}"]
    return "\n".join([*lines, *_advice(status)])


def _counts(status: GroupStatus) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(status.counts.items())) + f"; {status.graded} graded"


def _who(status: GroupStatus) -> str:
    if status.at_work is None:
        return "nobody is at work on it"
    eta = "no estimate before three runs are finished"
    if status.eta_seconds is not None:
        eta = f"about {_span(status.eta_seconds)} to go, by the mean of {status.eta_from} finished runs"
    return f"{status.at_work.owner} is at work on it, {status.at_work.jobs} at a time; {eta}"


def _lines(items: Any, line: Callable[[Any], str]) -> list[str]:
    more = [f"  … and {len(items) - MOST_SHOWN} more"] if len(items) > MOST_SHOWN else []
    return [*(f"  {line(item)}" for item in items[:MOST_SHOWN]), *more]


def _going(one: Any) -> str:
    best = "no score yet" if one.best is None else f"best {one.best:.5f}"
    attempt = f", attempt {one.attempt}" if one.attempt > 1 else ""
    attempt += f" (goes on from {one.resumed_from})" if one.resumed_from else ""
    place = ", ".join(part for part in (cpus_in_words(one.cpus), "GPU " * bool(one.gpus) + ", ".join(one.gpus)) if part)
    on = f", on {place}" if place else ""
    return f"{one.run_id}: step {one.step} of {one.steps}, {best}, {_span(one.seconds)}{attempt}{on}"


def _trouble(one: Any) -> str:
    attempt = f" (attempt {one.attempt})" if one.attempt > 1 else ""
    kept = f"; {one.nodes} nodes are kept" if one.nodes else ""
    return f"{one.run_id}: {one.status}{attempt}: {one_line(one.reason, LONGEST)}{kept}"


def _advice(status: GroupStatus) -> list[str]:
    if status.at_work is not None:
        return []
    kinds: list[str] = sorted({one.retry for one in status.troubles if one.retry in ("infra", "harness", "stopped")})
    kinds += ["missing"] if status.missing else []
    return ["", f"To run those again: podium retry {status.group} --class {','.join(kinds)}"] if kinds else []


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
