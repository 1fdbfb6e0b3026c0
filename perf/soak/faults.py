"""What strikes a group of runs in the soak, drawn from a seed: each is something that happens to people."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.gateway.providers.fake import Cut, Drop, Fail, Garbage, Hang, Received, Say, Step

SOON = {"retry-after-ms": "1"}
FULL_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 0.6
OFTEN = 0.4  # of the boxes that start


@dataclass
class Commands:
    """The commands that go on, by group; a group's is started anew when it has ended."""

    _now: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, group: str, process: subprocess.Popen[str]) -> None:
        """This is the group's command now."""
        with self._lock:
            self._now[group] = process

    def signal(self, group: str, number: int) -> bool:
        """Send the group's command a signal; return whether there is one."""
        with self._lock:
            process = self._now.get(group)
            if process is None or process.poll() is not None:
                return False
            process.send_signal(number)
            return True


class Faults:
    """Strikes at some of the boxes that start, a moment later; counts what struck."""

    def __init__(self, rng: random.Random, client: Any, commands: Commands, results: Path | None) -> None:
        self._rng = rng
        self._client = client
        self._commands = commands
        self._results = results  # a small disk that may be filled
        self.struck: Counter[str] = Counter()
        self._kinds: dict[str, tuple[int, Callable[[Any], bool]]] = {
            "box killed": (4, self._kill_box),
            "box removed": (3, self._remove_box),
            "agent killed": (3, self._kill_agent),
            "command killed": (3, lambda box: self._commands.signal(_group(box), signal.SIGKILL)),
            "Ctrl-C": (1, lambda box: self._commands.signal(_group(box), signal.SIGINT)),
            **({"results' disk full": (2, self._fill)} if results else {}),
        }

    def at(self, box: str) -> None:
        """A box has started: strike, or don't."""
        if self._rng.random() > OFTEN:
            return
        weights = [weight for weight, _ in self._kinds.values()]
        (kind,) = self._rng.choices(list(self._kinds), weights)
        delay = self._rng.uniform(0, LONGEST_DELAY_SECONDS)
        threading.Thread(target=self._strike, args=(kind, box, delay), daemon=True).start()

    def _strike(self, kind: str, box: str, delay: float) -> None:
        import docker.errors

        time.sleep(delay)
        with contextlib.suppress(docker.errors.APIError, OSError):  # it ended before it was struck
            if self._kinds[kind][1](self._client.containers.get(box)):
                self.struck[kind] += 1

    def _kill_box(self, box: Any) -> bool:
        box.kill()
        return True

    def _remove_box(self, box: Any) -> bool:
        box.remove(force=True)
        return True

    def _kill_agent(self, box: Any) -> bool:
        """`kill -9` of what the box began with, from the host: the engine is not asked."""
        pid = int(box.attrs["State"]["Pid"])
        if pid:
            os.kill(pid, signal.SIGKILL)
        return bool(pid)

    def _fill(self, box: Any) -> bool:
        assert self._results is not None
        ballast = self._results / "ballast"
        try:
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as taken:
                while True:
                    taken.write(bytes(1 << 20))
            time.sleep(FULL_SECONDS)
        finally:
            ballast.unlink(missing_ok=True)
        return True


class Model:
    """What the model API says to the agent that obeys it: work, trouble of its own making, or the provider's."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - a game, no secret
        self.troubles: Counter[str] = Counter()

    def __call__(self, received: Received) -> Step:
        said = received.body["messages"][0]["content"]
        if self._rng.random() < 0.25:
            trouble: Step = self._rng.choice(
                (Fail(503, headers=SOON), Fail(429, headers=SOON), Drop(), Garbage(), Cut(), Hang(0.2))
            )
            self.troubles[f"provider: {type(trouble).__name__.lower()}"] += 1
            return trouble
        if said != "begin":
            return Say(text="done")
        word = self._rng.choice(("submit", "submit", "submit", "sleep 0.5", "exit 5", "fill", "eat"))
        if word in ("exit 5", "fill", "eat"):
            self.troubles[f"agent: {word}"] += 1
        return Say(text=word)


def _group(box: Any) -> str:
    return str(box.labels["podium.group"])
