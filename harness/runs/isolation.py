"""Did a test signal reach the agent? Said from the records: the engine's, the gateway's, and the grader's own log.

Nothing is believed here because the design says so: each piece of evidence is something that was written down while it
happened. What no record can show (a hole in the engine or the kernel) is not claimed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harness import contract
from harness.agents.box import SAMPLE
from harness.results.layout import RunFolder, RunRecord
from harness.results.record import Statement

# What a box may have mounted: public data (the text that stands for its description, and for another agent the plain
# sample submission, beside them; a volume holds folders), prompts, door, workspace, the cache of packages and models,
# and the certificates of whom this machine trusts.
MOUNTED = (
    *(contract.HOME, contract.DATA, f"{contract.DATA}/description.md", SAMPLE, SAMPLE.rpartition("/")[0]),
    *(contract.PROMPTS, contract.DOOR, contract.CACHE, contract.AUTHORITIES),
)


def statement(folder: RunFolder, record: RunRecord) -> Statement:
    """Derive the statement from what was kept of a run."""
    final = folder.final.read()
    boxes = [*_box(record), *(_box(final) if final is not None else ())]
    found = [*boxes, *_egress(folder, record), *_grader(folder, record), *_gateway(folder)]
    doubts = tuple(text for good, text in found if not good)
    return Statement(no_test_signal=not doubts, evidence=tuple(text for good, text in found if good), doubts=doubts)


def _box(record: RunRecord) -> Iterator[tuple[bool, str]]:
    if not record.sandbox:
        yield False, "the engine's account of the box is not in the record"
        return
    network = record.sandbox.get("network_mode")
    yield network == "none", f"the engine reports the box's network as {network}"
    mounts: list[dict[str, Any]] = record.sandbox.get("mounts", [])
    other = [one["target"] for one in mounts if one["target"] not in MOUNTED]
    writable = [one["target"] for one in mounts if one["writable"] and one["target"] != contract.HOME]
    if other or writable:
        yield False, f"the box had mounts beside its own, or writable: {', '.join(sorted({*other, *writable}))}"
    else:
        yield True, f"the box had {len(mounts)} mounts: public data, prompts, door, workspace; none holds a label"


def _egress(folder: RunFolder, record: RunRecord) -> Iterator[tuple[bool, str]]:
    """What was fetched can't be looked into: where anything was, nobody can say what it held."""
    if record.egress.mode == "open":
        yield False, "scripts had the engine's network, and nobody wrote down what they fetched"
    if record.egress.mode != "allowlist":
        return
    final = folder.final.read()
    passed = record.egress.passed + (final.egress.passed if final is not None else 0)
    hosts = sorted({line["host"] for part in (folder, folder.final) for line in part.lines(part.egress) if _went(line)})
    if passed or hosts:
        named = ", ".join(hosts[:10]) or "hosts that the log does not name"
        yield False, f"scripts fetched from {named} ({passed} connections), and what that held is not known"
    else:
        yield True, "scripts could fetch from the hosts of an allowlist, and the proxy's log holds no connection"


def _went(line: dict[str, Any]) -> bool:
    return line.get("outcome") in ("passed", "cut")


def _grader(folder: RunFolder, record: RunRecord) -> Iterator[tuple[bool, str]]:
    looked = list(folder.lines(folder.gradings))
    if not looked:
        yield False, "the grader's log of this run is empty"
    elif record.ended_at is None:
        yield False, "the run was graded and has no end"
    else:
        ended = datetime.fromisoformat(record.ended_at)
        doubtful = [line for line in looked if line.get("run_ended_at") != record.ended_at]
        first = min(datetime.fromisoformat(line["at"]) for line in doubtful or looked)
        seconds = (first - ended).total_seconds()
        if not doubtful and seconds < 0:
            yield True, "the answers were first read for this run when it had its end; the clock was set back meanwhile"
            return
        when = f"{abs(seconds):.1f} s {'after' if seconds >= 0 else 'BEFORE'} its end"
        yield seconds >= 0, f"the answers were first read for this run {when}, when the box was gone"


def _gateway(folder: RunFolder) -> Iterator[tuple[bool, str]]:
    checks = sum(1 for _ in folder.lines(folder.checks))
    calls = sum(1 for _ in folder.lines(folder.transcript))
    yield True, f"the gateway's answers: {calls} model calls, {checks} format checks that see no label"
    if folder.scores.is_file():
        scores = sum(1 for _ in folder.lines(folder.scores))
        yield True, f"and {scores} scores on training rows that were held back, which see no label of a test row"
