"""Who holds what of a machine and who waits for whom, in words. Only looks; `lent.py` reads the ledger."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from harness.groups import lent
from harness.groups.lent import Command, Holder, Turn
from harness.groups.reservations import GIB, Reservation, Waiting, cpu_shares, gpus_of

MOST_NAMED = 3


def why_not(waiting: Waiting, others: Sequence[Holder], earlier: Turn | None) -> str:
    """Who holds what the waiting run lacks; or whose turn is first."""
    machine, demand = waiting.machine, waiting.demand
    held = [one.reservation for one in others]
    of_disk = [one for one in held if one.disk == machine.disk]
    no_cpus = cpu_shares(machine, held, demand.cpus) is None
    no_gpus = gpus_of(machine, held, demand) is None
    no_memory = demand.memory_bytes > machine.memory_bytes - sum(one.memory_bytes for one in held)
    no_disk = demand.disk_bytes > machine.disk_bytes - sum(one.disk_bytes for one in of_disk)
    found = []
    for one in others:
        has = one.reservation
        parts = [
            cpus_in_words(sorted(set(has.shares) & set(machine.cpus))) if no_cpus else "",
            _gib(has.memory_bytes, "memory") if no_memory else "",
            _gib(has.disk_bytes, "disk") if no_disk and has.disk == machine.disk else "",
            _gpus(has) if no_gpus else "",
        ]
        if said := [part for part in parts if part]:
            found.append(f"run {has.run_id} of {told(one.command)} holds {', '.join(said)}")
    if found:
        more = f"; and {len(found) - MOST_NAMED} more runs hold some" if len(found) > MOST_NAMED else ""
        return "; ".join(found[:MOST_NAMED]) + more
    if earlier is not None:
        return f"run {earlier.waiting.demand.run_id} of {told(earlier.command)} has waited longer"
    return "what other groups and its own hold together leaves too little"


def waits_for(environ: Mapping[str, str], owner: str) -> str | None:
    """What a command's next run waits for; None where it waits for nobody."""
    for seen in lent.look(environ):
        gone = {one.id for one in seen.gone}
        for turn in seen.turns:
            if turn.command.owner == owner and turn.command.id not in gone and turn.why:
                return f"{turn.waiting.demand.run_id} waits: {turn.why}"
    return None


def lines(environ: Mapping[str, str]) -> list[str]:
    """Everybody who holds something, and everybody who waits."""
    found = []
    for seen in lent.look(environ):
        gone = {one.id for one in seen.gone}
        for one in seen.holders:
            ended = ", WHICH IS GONE: podium clean" if one.command.id in gone else ""
            has = one.reservation
            parts = [
                cpus_in_words(has.cpus),
                _gib(has.memory_bytes, "memory"),
                _gib(has.disk_bytes, "disk"),
                _gpus(has),
            ]
            said = ", ".join(part for part in parts if part)
            found.append(f"run {has.run_id} of {told(one.command)}{ended} holds {said}")
        found += [
            f"run {turn.waiting.demand.run_id} of {told(turn.command)} waits: {turn.why or 'for its own group'}"
            for turn in seen.turns
            if turn.command.id not in gone
        ]
    return found


def told(command: Command) -> str:
    """A command in words: its group, and its process."""
    host, _, rest = command.owner.partition("/")
    pid = rest.split("/")[1] if rest.count("/") == 2 else "?"
    elsewhere = "" if host == os.uname().nodename else f" on {host}"
    return f"group {command.group} (pid {pid}{elsewhere})"


def cpus_in_words(numbers: Sequence[int]) -> str:
    """`CPUs 0-2,5`; empty where there are none."""
    if not numbers:
        return ""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1].append(number)
        else:
            ranges.append([number])
    said = ",".join(str(one[0]) if len(one) == 1 else f"{one[0]}-{one[-1]}" for one in ranges)
    return f"CPU{'s' * (len(numbers) > 1)} {said}"


def _all(has: Reservation) -> str:
    parts = (
        cpus_in_words(has.cpus),
        _gib(has.memory_bytes, "memory"),
        _gib(has.disk_bytes, "disk"),
        _gpus(has),
    )
    return ", ".join(part for part in parts if part)


def _gib(size: int, of: str) -> str:
    return f"{size / GIB:.1f} GiB of {of}" if size else ""


def _gpus(has: Reservation) -> str:
    named = [uuid or "which the engine chose" for uuid in has.gpus]
    return f"GPU {', '.join(named)}" if named else ""
