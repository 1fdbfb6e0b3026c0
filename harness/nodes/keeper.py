"""Keeps one run on a node for a coordinator elsewhere: starts its process, tells how it goes, hands out the results.

Its methods are called over a network, and take and give nothing but bytes and text: JSON, pieces of logs, pieces of a
parcel. It lives in the cluster's worker process; the run does not (`child.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from harness import config
from harness.gateway.held import NAME as HELD_NAME
from harness.nodes import addresses, news, parcel, samecode
from harness.nodes.child import LENGTH, RUN
from harness.sandbox.owner import is_alive, me

FOLDER = "nodes"  # below PODIUM_HOME
OWNER_NAME = "owner"
PARCEL = "parcel.tar.gz"
# What grows while a run goes on, and is kept at the coordinator at once: a lost node takes no finished node along.
MIRRORED = ("journal.jsonl", "llm.jsonl", "checks.jsonl", "scores.jsonl")
MOST_SAID = 200
END_SECONDS = 120.0
DESERTED_SECONDS = 180.0  # a run that no coordinator asks after for so long is ended
WATCH_SECONDS = 1.0


class Keeper:
    """One run's keeper. The methods may be called from several threads."""

    def __init__(self, deserted_seconds: float = DESERTED_SECONDS) -> None:
        self._deserted_seconds = deserted_seconds
        self._asked_at = time.monotonic()
        self._labels = {"podium.group": "", "podium.run": ""}
        self._settings = config.load(os.environ)
        self._said: deque[str] = deque(maxlen=MOST_SAID)
        self._state: dict[str, object] = {}
        self._refused: news.Refused = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch: Path | None = None
        self._over = threading.Event()
        self._once = threading.Lock()  # a caller that heard nothing asks again

    def hello(self) -> str:
        """Who this is, before anything is sent here."""
        told = {
            "hostname": socket.gethostname(),
            "pid": os.getpid(),
            "code_sha256": samecode.sha256(self._settings.root),
            "addresses": addresses.own(),
        }
        return json.dumps(told)

    def start(self, job: bytes, group: str, run_id: str, gpus: str = "") -> None:
        """Start the run's process with a pickled `Job`. `gpus` are the ids that the cluster gave this run."""
        with self._once:
            if self._process is None:
                self._labels = {"podium.group": group, "podium.run": run_id}
                self._start(job, gpus)

    def _start(self, job: bytes, gpus: str) -> None:
        home = self._settings.home / FOLDER
        remove_left_over(home)
        home.mkdir(parents=True, exist_ok=True)
        self._scratch = Path(tempfile.mkdtemp(prefix="run-", dir=home))
        (self._scratch / OWNER_NAME).write_text(me())
        log = (self._scratch / "stderr.log").open("wb")
        with log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "harness.nodes.child", str(self._scratch), gpus],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self._settings.root,
                env={name: value for name, value in self._settings.environ.items() if not name.startswith("RAY_")},
            )
        assert self._process.stdin is not None
        threading.Thread(target=self._listen, name="child", daemon=True).start()
        threading.Thread(target=self._end_when_deserted, name="deserted", daemon=True).start()
        self._process.stdin.write(LENGTH.pack(len(job)) + job)
        self._process.stdin.flush()

    def poll(self) -> str:
        """How it goes, as JSON: what the process told, what it said since the last call, the record as it stands."""
        self._asked_at = time.monotonic()
        said = [self._said.popleft() for _ in range(len(self._said))]
        over = self._over.is_set()  # asked first: what is told after it is told whole
        record, sizes = "", {}
        if self._scratch is not None:
            run = self._scratch / RUN
            with contextlib.suppress(OSError):
                record = (run / "run.json").read_text(encoding="utf-8")
            sizes = {name: _size(run / name) for name in MIRRORED}
        told = {**self._state, "refused": news.as_ages(self._refused)}
        return json.dumps({**told, "over": over, "said": said, "record": record, "sizes": sizes})

    def read(self, name: str, offset: int, most: int) -> bytes:
        """A piece of a log that is mirrored, or what is known of calls in flight."""
        if name not in (*MIRRORED, HELD_NAME) or self._scratch is None:
            return b""
        return _piece(self._scratch / RUN / name, offset, most)

    def stop(self) -> None:
        """Let the agent finish its node."""
        self._wish(b"stop\n")

    def end(self) -> None:
        """End the run now; its record says so."""
        self._wish(b"end\n")

    def heed(self, line: bytes) -> None:
        """Pass on what is new of the providers' accounts."""
        self._wish(line + b"\n")

    def pack(self) -> int:
        """Pack what came of the run; the parcel's size in bytes."""
        assert self._scratch is not None
        packed = self._scratch / PARCEL
        with self._once:
            if not packed.is_file():
                half = packed.with_suffix(".half")
                parcel.pack(self._scratch / RUN, half)
                half.replace(packed)
        return packed.stat().st_size

    def piece(self, offset: int, most: int) -> bytes:
        """A piece of the parcel."""
        assert self._scratch is not None
        return _piece(self._scratch / PARCEL, offset, most)

    def discard(self) -> None:
        """End what still runs, and remove everything of the run from this node."""
        self.end()
        self._over.wait(END_SECONDS)
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _end_when_deserted(self) -> None:
        """Nobody will fetch what a run comes to whose coordinator is gone, and its machine is wanted."""
        self._asked_at = time.monotonic()
        while not self._over.wait(WATCH_SECONDS):
            if time.monotonic() - self._asked_at > self._deserted_seconds:
                self.end()

    def _wish(self, line: bytes) -> None:
        if self._process is None or self._process.stdin is None:
            return
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "said" in told:
                self._said.append(str(told["said"]))
            elif "refused" in told:
                self._refused = told["refused"]
            else:
                self._state |= told
        self._process.wait()
        self._remove_orphans()
        self._over.set()

    def _remove_orphans(self) -> None:
        """A process that was killed left its container."""
        if {"ended", "failed"} & set(self._state):
            return
        self._state["failed"] = "infrastructure"
        self._state["reason"] = f"the run's process on {socket.gethostname()} was killed: {self._last_words()}"
        with contextlib.suppress(Exception):  # the next run here, or `podium clean`, removes it too
            remove_orphans(self._settings, self._labels)

    def _last_words(self) -> str:
        assert self._scratch is not None
        lines = (self._scratch / "stderr.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "no word of why"


def remove_orphans(settings: config.Settings, labels: Mapping[str, str]) -> None:
    """Remove what dead owners left in this machine's engine of one run."""
    from harness.machine.engine import connect
    from harness.sandbox import reap

    client = connect(settings.environ)
    for orphan in reap.find(client):
        if labels.items() <= orphan.labels.items():
            reap.remove(client, orphan)


def remove_left_over(home: Path) -> None:
    """Remove the folders of keepers that are gone."""
    for owner in home.glob(f"run-*/{OWNER_NAME}"):
        with contextlib.suppress(OSError):
            if not is_alive(owner.read_text()):
                shutil.rmtree(owner.parent, ignore_errors=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _piece(path: Path, offset: int, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(most)
    except FileNotFoundError:
        return b""
