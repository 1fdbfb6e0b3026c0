"""Format checks of submissions: the agent streams a file in, the run's checker looks at it, the file is kept.

The checker sees no label. Why a submission is invalid is told to the agent; a fault of the checker itself is ours, is
logged here and never described to the agent.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import orjson

from harness.contract import CheckReply
from harness.errors import InvalidSubmission
from harness.gateway.journal import EventRefused, node_folder
from harness.gateway.lines import JsonLines

NAME = "checks.jsonl"
Checker = Callable[[Path], CheckReply]
Reply = TypeVar("Reply")
_GIB = 1024**3
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CheckCaps:
    """Largest submission read, bytes of submissions kept a run, nodes with a folder, checks a run, and at a time."""

    submission_bytes: int = _GIB
    kept_bytes: int = 4 * _GIB
    nodes: int = 20_000
    checks: int = 100_000
    at_once: int = 2


class SubmissionChecks:
    """Runs the checker in worker threads and keeps the files within the run's cap. Used from one event loop."""

    def __init__(self, run_folder: Path, checker: Checker, caps: CheckCaps, executor: Executor) -> None:
        self._folder = run_folder
        self._checker = checker
        self._caps = caps
        self._executor = executor
        self._slots = asyncio.Semaphore(caps.at_once)
        self._kept = {path.parent.name: path.stat().st_size for path in run_folder.glob("nodes/*/submission.csv")}
        self._nodes = set(self._kept)
        self._settled: set[str] = set()
        self._said_full = False
        self._log = JsonLines(run_folder / NAME, durable=False)
        self._count = 0

    def close(self) -> None:
        self._log.close()

    async def check(self, node: str, body: AsyncIterator[bytes]) -> CheckReply:
        """Take the file, ask the checker, keep the file; raise EventRefused(413) when it is too large."""
        reply = await self.take(node, body, self._ask)
        self._write_down(node, reply)
        return reply

    def settle(self, node: str) -> None:
        """Let no later file take the place of the one that is being kept of this node."""
        self._settled.add(node)

    async def take(self, node: str, body: AsyncIterator[bytes], ask: Callable[[Path], Reply]) -> Reply:
        """Take the file, ask about it, keep it; raise EventRefused(413) when it is too large."""
        if node not in self._nodes and len(self._nodes) >= self._caps.nodes:
            raise EventRefused(413, f"a run has submissions of at most {self._caps.nodes} nodes checked", "flood")
        if self._count >= self._caps.checks:
            raise EventRefused(413, f"a run has at most {self._caps.checks} submissions checked", "flood")
        self._nodes.add(node)
        self._count += 1
        async with self._slots:
            arrived = await self._receive(node_folder(self._folder, node), body)
            try:
                settled = node in self._settled
                reply = await asyncio.get_running_loop().run_in_executor(self._executor, ask, arrived)
                if not settled:
                    self._keep(node, arrived)
            finally:
                arrived.unlink(missing_ok=True)
        return reply

    def _write_down(self, node: str, reply: CheckReply) -> None:
        """Keep what the agent was told: it must follow from the file alone, and this lets anybody see that it does."""
        line = {"schema_version": 1, "at": datetime.now(UTC).isoformat(), "node": node, **reply.model_dump()}
        self._log.append(orjson.dumps(line))

    async def _receive(self, folder: Path, body: AsyncIterator[bytes]) -> Path:
        descriptor, name = tempfile.mkstemp(dir=folder, prefix="submission.csv.", suffix=".tmp")
        arrived, size = Path(name), 0
        try:
            with os.fdopen(descriptor, "wb") as file:
                async for chunk in body:
                    size += len(chunk)
                    if size > self._caps.submission_bytes:
                        raise EventRefused(
                            413, f"a submission of more than {self._caps.submission_bytes} bytes is not read"
                        )
                    file.write(chunk)
        except BaseException:
            arrived.unlink(missing_ok=True)
            raise
        return arrived

    def _ask(self, path: Path) -> CheckReply:
        try:
            return self._checker(path)
        except InvalidSubmission as invalid:
            return CheckReply(valid=False, reason=str(invalid))

    def _keep(self, node: str, arrived: Path) -> None:
        """Keep the latest file of a node, unless the run's share of the disk is used up."""
        size = arrived.stat().st_size
        others = sum(self._kept.values()) - self._kept.get(node, 0)
        if others + size > self._caps.kept_bytes:
            if not self._said_full:  # once: how often is the container's choice
                log.warning("from node %s on, submissions are checked but not kept: the run's share is full", node)
            self._said_full = True
            return
        arrived.chmod(0o644)
        arrived.replace(node_folder(self._folder, node) / "submission.csv")
        self._kept[node] = size
