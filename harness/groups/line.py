"""The line to a keeper on another machine: calls its methods, and tells a slow machine from one that is gone."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

from harness.groups.cluster import Cluster
from harness.groups.executor import WorkerGone

POLL_SECONDS = 1.0
ANSWER_SECONDS = 20.0
SILENCE_SECONDS = 60.0  # a node that is not heard of for so long is taken for lost


class Line:
    """To one keeper. `check` is called before each try, and raises where nothing is to be waited for any more."""

    def __init__(self, cluster: Cluster, keeper: Any, check: Callable[[], None]) -> None:
        self._cluster = cluster
        self._ray = cluster.ray
        self._keeper = keeper
        self._check = check
        self._heard_at = time.monotonic()
        self.hostname = ""

    def greet(self, still_wanted: Callable[[], None]) -> dict[str, Any]:
        """Wait until the keeper has a place, asking meanwhile; what it says of itself."""
        asked = self._keeper.hello.remote()
        while True:
            self._check()
            still_wanted()
            ready, _ = self._ray.wait([asked], timeout=POLL_SECONDS)
            if ready:
                break
        told: dict[str, Any] = json.loads(self._ray.get(asked))
        self._heard_at = time.monotonic()
        self.hostname = str(told["hostname"])
        return told

    def call(self, name: str, *arguments: Any, wait_seconds: float = ANSWER_SECONDS) -> Any:
        """Call a method. One that is not answered in time is called again for a while, so each bears being repeated."""
        exceptions = self._ray.exceptions
        while True:
            self._check()
            try:
                answer = self._ray.get(getattr(self._keeper, name).remote(*arguments), timeout=wait_seconds)
            except (exceptions.GetTimeoutError, exceptions.ActorUnavailableError) as error:
                if time.monotonic() - self._heard_at > max(SILENCE_SECONDS, wait_seconds):
                    raise WorkerGone(f"{self.hostname} has not answered for {SILENCE_SECONDS:.0f} s") from error
                time.sleep(POLL_SECONDS)
                continue
            self._heard_at = time.monotonic()
            return answer

    def hang_up(self) -> None:
        """End the keeper, which may be gone already; without a head it still hears what is said to it."""
        with contextlib.suppress(Exception):
            if self._cluster.head_is_gone:
                self._ray.get(self._keeper.end.remote(), timeout=ANSWER_SECONDS)
            else:
                self._ray.kill(self._keeper)
