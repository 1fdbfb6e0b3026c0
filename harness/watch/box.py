"""A sandbox that is watched: its start and end are told, and what it uses is sampled while it is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import PodiumError
from harness.untrusted import one_line
from harness.watch.events import BoxEnded, BoxStarted, Sampled
from harness.watch.sampler import Sampler

if TYPE_CHECKING:
    from harness.results.record import ResourcesRecord
    from harness.sandbox.base import Ending, Sandbox
    from harness.sandbox.cgroup import ResourceUse
    from harness.watch.run_watch import RunWatch
    from harness.watch.sampler import LookAtGpus

LONGEST_PROBLEM = 500


class WatchedBox:
    """Follows the `Sandbox` protocol, by asking another."""

    def __init__(self, box: Sandbox, watch: RunWatch, samples: Path, look_at_gpus: LookAtGpus) -> None:
        self._box = box
        self._watch = watch
        self._sampler = Sampler(samples, box.resources, look_at_gpus)
        self._started = 0.0

    def start(self) -> None:
        began = time.monotonic()
        try:
            self._box.start()
        except PodiumError as error:
            self._tell_start(began, one_line(str(error), LONGEST_PROBLEM))
            raise
        self._started = time.monotonic()
        self._tell_start(began)

    def wait(self, tick: Callable[[], float]) -> Ending:
        def look_first() -> float:
            self._look()
            return tick()

        ending = None
        try:
            self._look()
            ending = self._box.wait(look_first)
        finally:
            code, kills = (ending.exit_code, ending.oom_kills) if ending else (None, 0)
            self._watch.note(BoxEnded(self._watch.subject, self._seconds(), code, kills))
        return ending

    def used(self) -> ResourcesRecord:
        """What it used, as far as it was seen; ask once, at the end."""
        return self._sampler.close()

    def fetch(self, path: str, destination: Path) -> bool:
        return self._box.fetch(path, destination)

    def effective(self) -> dict[str, Any]:
        return self._box.effective()

    def resources(self) -> ResourceUse | None:
        return self._box.resources()

    def remove(self) -> None:
        self._box.remove()

    def _look(self) -> None:
        sample = self._sampler.tick(time.monotonic() - self._started)
        if sample is not None:
            self._watch.note(Sampled(self._watch.subject, sample))

    def _seconds(self) -> float:
        return round(time.monotonic() - self._started, 3)

    def _tell_start(self, began: float, problem: str = "") -> None:
        self._watch.note(BoxStarted(self._watch.subject, round(time.monotonic() - began, 3), problem))
