"""The order of a recorded run, for a replay: when it proposed and when nodes came in, without what they were.

With several workers that order hangs on how long models and scripts took. It lies in the journal beside the transcript;
without one, or for a run of a single worker, the order follows by itself.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.contract import ORDER_NAME
from harness.errors import UserError
from harness.results.layout import RunFolder


def lay_out(transcript: Path, door: Path) -> None:
    """Put the order of the run whose transcript is replayed where the agent finds it."""
    entries = list(_entries(RunFolder(transcript.parent)))
    if entries:
        file = door / ORDER_NAME
        file.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
        file.chmod(0o644)


def refuse_other_workers(transcript: Path, workers: int) -> None:
    """Raise `UserError` where a replay could not do as the recorded run did."""
    record = None
    with contextlib.suppress(UserError):  # of another version: what it says of workers is not known
        record = RunFolder(transcript.parent).read()
    if record is not None and record.request.workers != workers:
        then = record.request.workers
        raise UserError(f"--replay {transcript}: that run had {then} workers, not {workers}. Try: --workers {then}")


def _entries(recorded: RunFolder) -> Iterator[dict[str, Any]]:
    for event in recorded.events():
        if event["type"] == "proposal":
            told = event["progress"]
            yield {
                "kind": "proposal",
                "node": event["node"],
                "step": event["step"],
                "elapsed_fraction": told.get("elapsed_fraction", 0.0),
                "spent_fraction": told.get("spent_fraction", 0.0),
            }
        elif event["type"] == "node":
            original = event.get("duplicate_of")
            yield {"kind": "node", "node": event["node"], "step": event["step"], "duplicate_of": original}
