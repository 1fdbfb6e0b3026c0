"""Goes on with a run that was killed or stopped: what of it is carried over, and what can't be gone on with.

The interrupted attempt stays as it was under attempts/<n>; the new one begins with copies of its journal, transcript
and nodes, so that its record is whole. Money, tokens, calls and time that were spent stay spent. What no file tells is
not known: calls that were in flight at a kill, and the time from the last event to it.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.contract import EARLIER_NAME, EARLIER_NODES_NAME, BestEvent, NodeEvent
from harness.errors import InvalidSpec, UserError
from harness.files import write_atomically
from harness.gateway.budget import Usage
from harness.gateway.checks import NAME as CHECKS_NAME
from harness.results.layout import Results, RunFolder, RunRecord, RunStatus
from harness.runs import lost

if TYPE_CHECKING:
    from harness.gateway.journal import StoredEvent
    from harness.runs.plan import RunPlan
    from harness.verbs.choices import BenchOptions

GIB = 1 << 30
LEAST_SECONDS = 1.0  # a run with less time than this left has none
MOST_FILES = 20  # submissions of the best nodes, for whatever builds on them
MOST_BYTES = GIB


@dataclass(frozen=True)
class Earlier:
    """What an interrupted attempt leaves to the next: its nodes, and what it used up."""

    attempt: int
    nodes: tuple[NodeEvent, ...]
    best: str | None
    seconds: float
    working_seconds: float
    usage: Usage


def existing(results: Path, name: str) -> RunFolder:
    """The run's folder, if it can be gone on with by its status; else raise `UserError`."""
    folder = Results(results).existing_run(name)
    record = folder.read()
    assert record is not None
    if folder.path.resolve() != (results / record.group / record.run_id).resolve():
        there = folder.path.resolve().parent.parent
        raise UserError(f"{folder.path} is not below the results folder {results}. Try: PODIUM_RESULTS={there}")
    again = f"Another run: podium run {record.competition} --seed {record.seed + 1}"
    status = lost.as_it_stands(record).status
    if status.is_outcome:
        raise UserError(f"{name} can't be resumed: it ended as {status}, and that stands. {again}")
    if status is RunStatus.RUNNING:
        raise UserError(f"{name} can't be resumed: it is running ({record.owner}). Wait for its end")
    if status is RunStatus.QUEUED:
        raise UserError(f"{name} can't be resumed: it never started. The same command as then runs it")
    if record.candidate_isolation == "none":
        raise UserError(f"{name} can't be resumed: the agent {record.agent} keeps no journal that it could go on from")
    if not record.arguments:
        raise UserError(f"{name} can't be resumed: its record does not say how it was started. {again}")
    return folder


def options_of(record: RunRecord, *, graded: bool) -> BenchOptions:
    """The choices of the command that started the run, for this run alone."""
    from harness.verbs.choices import BenchOptions

    chosen = BenchOptions.of_arguments(record.arguments)
    return replace(
        chosen,
        group=record.group,
        configuration=record.configuration,
        edition=record.data.edition,
        stand_in=record.data.stand_in,
        # What was prepared from them is there, or the data will be seen to differ.
        raw=chosen.raw if chosen.raw is not None and chosen.raw.exists() else None,
        # The defaults depend on the machine and on how many runs went on at a time.
        memory_bytes=record.sandbox.get("memory_bytes", chosen.memory_bytes),
        cpus=record.sandbox.get("cpus", chosen.cpus),
        graded=graded,
        resume=True,
    )


def refuse_other(record: RunRecord, plan: RunPlan) -> None:
    """Raise `UserError` when what would run now is not what ran then; it says what differs."""
    differing = what_differs(record, plan)
    if differing:
        raise UserError(
            f"{record.group}/{record.run_id} can't be resumed: {'; '.join(differing[:4])}. Bring that back, or run "
            f"anew: podium bench {record.competition} --group {record.group}"
        )


def what_differs(record: RunRecord, plan: RunPlan) -> list[str]:
    """In words, the inputs of the plan that are not those of the record."""
    then, now = _inputs(record), _inputs_of_plan(plan)
    names = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    return [f"{name} was {then.get(name)} and is {now.get(name)}" for name in names]


def refuse_used_up(folder: RunFolder, record: RunRecord, deadline_seconds: float) -> None:
    """Raise `UserError` when nothing is left of the run's time."""
    left = seconds_left(folder, record, deadline_seconds)
    if left < LEAST_SECONDS:
        raise UserError(
            f"{record.group}/{record.run_id} can't be resumed: {deadline_seconds - left:.0f} s of its "
            f"{deadline_seconds:.0f} s were used up. Run it anew with a longer --time-limit"
        )


def seconds_left(folder: RunFolder, record: RunRecord, deadline_seconds: float) -> float:
    """How much of the run's time was not used, by the clock that its limit goes by."""
    used = _all_seconds(record, list(_whole_events(folder)))
    if record.time_limit_clock == "working":
        used = _working_seconds(record, used, usage_in(folder.path))
    return deadline_seconds - used


def source_of(folder: RunFolder, record: RunRecord) -> RunFolder | None:
    """Where the journal lies that the run's last attempt leaves; None where there is none.

    An attempt that was itself killed while it was being given its past has no journal; then that past is the source.
    """
    source, of = folder, folder if folder.path.parent.name != "attempts" else RunFolder(folder.path.parent.parent)
    known: RunRecord | None = record
    while known is not None and known.resumed_from is not None and not source.journal.exists():
        source = of.attempt(known.resumed_from)
        known = source.read()
    return None if known is None else source


def events_in(folder: RunFolder) -> list[object]:
    """The events of a journal, up to the first line that is none."""
    return [stored.event for stored in _whole_events(folder)]


def carry_over(folder: RunFolder, attempt: int) -> Earlier:
    """Copy what attempt number `attempt` left into the run's folder, the journal last; return what it comes to."""
    last = folder.attempt(attempt)
    known = last.read()
    source = source_of(last, known) if known else None
    record = source.read() if source else None
    if source is None or record is None:
        raise UserError(f"{last.path} holds no record: there is nothing to go on from. Run it anew: --anew")
    events = list(_whole_events(source))
    nodes = tuple(stored.event for stored in events if isinstance(stored.event, NodeEvent))
    for node in nodes:
        _link_tree(source.nodes / node.node, folder.nodes / node.node)
    for log in (source.transcript, source.path / CHECKS_NAME, source.egress):
        _carry_lines(log, folder.path / log.name)
    _carry_scores(source, folder, {node.node for node in nodes})
    lines = b"".join(stored.model_dump_json().encode() + b"\n" for stored in events)
    write_atomically(folder.journal, lines)
    bests = [stored.event.node for stored in events if isinstance(stored.event, BestEvent)]
    seconds = _all_seconds(record, events)
    # A record of an orderly end knows better: also what calls were billed whose usage nobody reported.
    usage = Usage(**record.usage.model_dump()) if record.ended_at else usage_in(source.path)
    return Earlier(
        attempt=int(source.path.name),
        nodes=nodes,
        best=bests[-1] if bests else None,
        seconds=seconds,
        working_seconds=_working_seconds(record, seconds, usage),
        usage=usage,
    )


def lay_out(earlier: Earlier, folder: RunFolder, door: Path, *, minimize: bool) -> None:
    """Put the nodes, and the submissions of the best ones, where the agent finds them and can change nothing."""
    target = door / EARLIER_NAME
    target.mkdir()
    target.chmod(0o755)
    listed = target / EARLIER_NODES_NAME
    listed.write_bytes(b"".join(node.model_dump_json().encode() + b"\n" for node in earlier.nodes))
    listed.chmod(0o644)
    room = MOST_BYTES
    for node in _best_first(earlier, minimize=minimize)[:MOST_FILES]:
        kept = folder.node_submission(node)
        if kept.is_file() and (size := kept.stat().st_size) <= room:
            room -= size
            shutil.copyfile(kept, target / f"{node}.csv")
            (target / f"{node}.csv").chmod(0o644)


def _best_first(earlier: Earlier, *, minimize: bool) -> list[str]:
    good = [node for node in earlier.nodes if not node.buggy and node.score is not None and not node.duplicate_of]
    good.sort(key=lambda node: (node.score or 0.0) if minimize else -(node.score or 0.0))
    names = [node.node for node in good]
    return names if earlier.best is None else [earlier.best, *(name for name in names if name != earlier.best)]


def _whole_events(source: RunFolder) -> Iterator[StoredEvent]:
    """The events up to the first line that is none: what comes after it may hang on what it said."""
    from pydantic import ValidationError

    from harness.gateway.journal import StoredEvent
    from harness.gateway.lines import read_lines

    try:
        for _, line in read_lines(source.journal):
            yield StoredEvent.model_validate_json(line)
    except FileNotFoundError:
        return  # killed before the first event
    except ValidationError:
        return


def _carry_scores(source: RunFolder, folder: RunFolder, nodes: Collection[str]) -> None:
    """Copy the scores of the nodes that are carried over: another one's step comes again, and is scored then."""
    from harness.gateway.scores import read_scores

    kept = [line for line in read_scores(source.scores) if line.node in nodes]
    if kept:
        write_atomically(folder.scores, b"".join(line.model_dump_json().encode() + b"\n" for line in kept))


def _carry_lines(source: Path, target: Path) -> None:
    """Copy the lines of a log that a kill did not spoil."""
    import orjson

    from harness.gateway.lines import read_lines

    if not source.exists():
        return
    kept = []
    for _, line in read_lines(source):
        with contextlib.suppress(orjson.JSONDecodeError):
            orjson.loads(line)
            kept.append(line)
    write_atomically(target, b"".join(kept))


def usage_in(run_folder: Path) -> Usage:
    """What an attempt used that was killed: what its transcript says, and the most that calls in flight can cost."""
    from harness.gateway.held import read_held
    from harness.gateway.transcript import NAME, read_transcript

    transcript = run_folder / NAME
    calls = refused = read = written = cached = kept = 0
    cost = waiting = seconds = 0.0
    with contextlib.suppress(InvalidSpec, FileNotFoundError):
        for call in read_transcript(transcript):
            if call.outcome == "refused":
                refused += 1
                continue
            calls += 1
            cost += call.cost_usd or 0.0
            waiting += call.waiting_seconds
            seconds += max(0.0, call.latency_seconds - call.waiting_seconds)
            if call.usage is not None:
                read, written = read + call.usage.input, written + call.usage.output
                cached += call.usage.cached_input
                kept += call.usage.cache_write + call.usage.cache_write_1h
    held = read_held(run_folder)
    return Usage(calls, read + held.tokens, written, cached, kept, cost + held.cost_usd, waiting, seconds, refused)


def _working_seconds(record: RunRecord, seconds: float, usage: Usage) -> float:
    """How much of that was work: by the record where it ended in order, else without what single calls waited."""
    if record.ended_at and record.working_seconds is not None:
        return record.working_seconds
    return max(0.0, seconds - usage.waiting_seconds)


def _all_seconds(record: RunRecord, events: list[StoredEvent]) -> float:
    """How long the attempt and those that it went on from lasted, as far as their files tell."""
    if record.started_at is None:
        return record.earlier_seconds
    if record.ended_at is not None and record.wall_seconds is not None:
        return record.wall_seconds
    told = [stored.elapsed_seconds for stored in events if stored.elapsed_seconds is not None]
    if told:
        return max(record.earlier_seconds, *told)
    own = [stored.received_at for stored in events if stored.received_at > record.started_at]
    ended = record.ended_at or max(own, default=record.started_at)
    began, last = (datetime.datetime.fromisoformat(text) for text in (record.started_at, ended))
    return record.earlier_seconds + max(0.0, (last - began).total_seconds())


def _link_tree(source: Path, target: Path) -> None:
    """The same files under another folder: written once and replaced as wholes, so that they may be shared."""

    def place(from_: str, to: str) -> None:
        try:
            os.link(from_, to)
        except OSError:
            shutil.copyfile(from_, to)

    if source.is_dir():
        shutil.copytree(source, target, copy_function=place, dirs_exist_ok=True)


def _inputs(record: RunRecord) -> dict[str, Any]:
    request = record.request.model_dump(mode="json")
    request["candidate"]["cpus"] = len(request["candidate"]["cpus"])  # which ones is a matter of the moment
    flat = {
        "model": record.model,
        "prompt set": record.prompt_set_sha256[:12],
        "image": record.image,
        "data": record.data.data_sha256[:12],
        "description": record.data.description,
        "gpus": record.gpus or "none",
        "budget": record.budget_usd,
        "budget of tokens": record.budget_tokens,
        "clock": record.time_limit_clock,
        "held-back rows": record.held_back and record.held_back.sha256[:12],
    }
    return flat | dict(_flat("request", request))


def _inputs_of_plan(plan: RunPlan) -> dict[str, Any]:
    from harness.runs.first_record import first_record

    return _inputs(first_record(plan, RunStatus.QUEUED, attempt=1))


def _flat(prefix: str, value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, part in value.items():
        if isinstance(part, dict):
            yield from _flat(f"{prefix}.{name}", part)
        else:
            yield f"{prefix}.{name}", part
