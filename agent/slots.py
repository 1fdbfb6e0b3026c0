"""The places where scripts run, lent to whoever has one to run; each has its part of the run's CPUs.

A slot that breaks is not lent again, and its script, which was paid for, runs in another. The parts are fixed, so that
a script's time does not depend on how busy its neighbours are.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from agent.contract import CandidateLimits
from agent.interpreter import NO_INPUTS, Execution, Interpreter, InterpreterBroken
from agent.supervisor.shares import shares


class _Slot(NamedTuple):
    interpreter: Interpreter
    cpus: tuple[int, ...]


class Slots:
    """Used by many threads."""

    def __init__(self, interpreters: Sequence[Interpreter], cpus: tuple[int, ...]) -> None:
        parts = shares(cpus, len(interpreters))
        self._free = [_Slot(*pair) for pair in zip(interpreters, parts, strict=True)]
        self._all = tuple(interpreters)
        self._changed = threading.Condition()
        self.count = len(self._free)

    def run(
        self,
        code: str,
        node_dir: Path,
        limits: CandidateLimits,
        inputs: Mapping[str, Path] = NO_INPUTS,
        *,
        sampled: bool = False,
    ) -> Execution:
        """Run in the next free slot; raise `InterpreterBroken` when none works any more."""
        while True:
            slot = self._take()
            works = True
            try:
                own = dataclasses.replace(limits, cpus=slot.cpus)
                return slot.interpreter.run(code, node_dir, own, inputs, sampled=sampled)
            except InterpreterBroken:
                works = False
                if self.count == 1:
                    raise
            finally:
                self._give_back(slot, works=works)

    def close(self) -> None:
        """End whatever still runs."""
        for interpreter in self._all:
            interpreter.close()

    def _take(self) -> _Slot:
        with self._changed:
            self._changed.wait_for(lambda: self._free or not self.count)
            if not self.count:
                raise InterpreterBroken("no slot works any more; see the container's log")
            return self._free.pop(0)

    def _give_back(self, slot: _Slot, *, works: bool) -> None:
        with self._changed:
            if works:
                self._free.append(slot)
            else:
                self.count -= 1
            self._changed.notify_all()
