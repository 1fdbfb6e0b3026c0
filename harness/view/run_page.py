"""What a run's page shows beside its tree: how it stands, how it was scored, what it ran on; and the tree as data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import UserError
from harness.report import resources
from harness.report.resources import Picture
from harness.report.series import plain
from harness.results.record import RunRecord, RunStatus
from harness.view.flags import Flags, flags
from harness.view.runs import OpenRun
from harness.view.text import readable
from harness.view.tree import GOOD, RUNNING, TreeNode
from harness.view.words import bytes_, moment, words_of
from harness.watch import samples

GRADE = ("score", "valid", "reason", "medal", "percentile", "leaks", "thresholds", "teams", "statement")


NAMED = """
schema_version run_id group competition agent model seed status reason attempt owner created_at started_at ended_at
plan_sha256 data request prompt_set prompt_set_sha256 image host candidate_isolation answers_shown gpus budget_usd
sandbox wall_seconds working_seconds usage egress cache_sha256 submission_from submission_problem submission_sha256 tree
arguments trespasses
"""
OTHERS = set(RunRecord.model_fields) - set(NAMED.split())  # what the page does not name, or leave to run.json


@dataclass(frozen=True)
class RunFacts:
    """How a run stands. `record` is None where it can't be read, and `problem` says why."""

    record: RunRecord | None
    problem: str | None
    is_graded: bool
    grade: Mapping[str, Any]
    best: TreeNode | None
    path: Sequence[TreeNode]
    nodes: int
    working: int
    failures: Sequence[tuple[str, int]]
    actions: Sequence[tuple[str, int]]
    used: Sequence[Picture]
    ended: str | None
    calls: int
    cost_usd: float
    tokens: tuple[int, int]
    attempts: Sequence[int]
    conditions: Sequence[tuple[str, str]]
    everything: str
    flags: Flags
    complete: bool  # whether all of the journal and the transcript was read


def facts(run: OpenRun, *, complete: bool) -> RunFacts:
    """How the run stands now, as far as its journal and transcript were read."""
    try:
        record, problem = run.record(), None
    except UserError as error:
        record, problem = None, str(error)
    grade = run.grade()
    with run.lock:
        nodes = list(run.tree.nodes.values())
        path = run.tree.path(run.tree.best)
        calls, spent = len(run.calls.lines), run.calls.cost_usd
    over = record is not None and record.status is not RunStatus.RUNNING
    tokens = sum(node.input_tokens for node in nodes), sum(node.output_tokens for node in nodes)
    if over and record is not None:
        calls, spent = record.usage.calls, record.usage.cost_usd
        tokens = record.usage.input_tokens, record.usage.output_tokens
    return RunFacts(
        record=record,
        problem=problem,
        is_graded=bool(grade),
        grade={**dict.fromkeys(GRADE), **grade},
        best=path[-1] if path else None,
        path=path,
        nodes=sum(1 for node in nodes if node.state != RUNNING),
        working=sum(1 for node in nodes if node.state == GOOD),
        failures=Counter(node.state for node in nodes if node.state not in (GOOD, RUNNING)).most_common(),
        used=_used(run),
        actions=Counter(node.action for node in nodes).most_common(),
        ended=run.tree.ended,
        calls=calls,
        cost_usd=spent,
        tokens=tokens,
        attempts=run.folder.attempts(),
        conditions=_conditions(record) if record else [],
        everything=_everything(run, record),
        flags=flags(run.folder.path),
        complete=complete,
    )


def _used(run: OpenRun) -> Sequence[Picture]:
    """What its container used over time, so far."""
    points = resources.points(samples.read(run.folder.resources))
    return resources.pictures([(points, "c0", run.name.run)], "the run")


def tree_data(run: OpenRun, after: int = 0, *, complete: bool) -> dict[str, Any]:
    """The tree for the page's script: what changed after so much of the log; `more`: there is more to be read."""
    with run.lock:
        return {
            "epoch": run.epoch,
            "at": len(run.tree.log),
            "more": not complete,
            "over": run.is_over,
            "best": run.tree.best,
            "maximize": run.tree.maximize,
            "nodes": [_row(node) for node in run.tree.changes(after)],
        }


def _row(node: TreeNode) -> list[Any]:
    marks = ", ".join(f"{name}: {value}" for name, value in node.marks)
    return [node.id, node.step, node.action, node.parents, node.state, node.score, node.title, marks]


def _conditions(record: RunRecord) -> list[tuple[str, str]]:
    """What the run ran on and under, by name."""
    host, request = record.host, record.request
    search = request.search
    machine = f"{host.cpu_model}, {host.cpus} CPUs, {bytes_(host.memory_bytes)}" if host else "not recorded"
    data = record.data
    limit = request.candidate
    found = [
        ("competition", f"{record.competition}, edition {data.edition}, data from {data.source}"),
        ("metric", f"{request.competition.metric}, {'higher' if _up(record) else 'lower'} is better"),
        ("agent", f"{record.agent}, search {search.policy}, {search.steps} steps, {search.num_drafts} drafts"),
        ("model", _models(record)),
        ("prompts", f"{record.prompt_set} ({record.prompt_set_sha256[:12]})"),
        ("seed, attempt", f"{record.seed}, {record.attempt}"),
        ("nodes are scored by", {"self": "their own scripts"}.get(request.validation, request.validation)),
        ("a script may take", f"{limit.timeout_seconds:g} s, {bytes_(limit.memory_bytes)}, {len(limit.cpus)} CPUs"),
        ("machine", f"{machine}{', GPUs: ' + record.gpus if record.gpus else ''}"),
        ("candidate isolation", record.candidate_isolation),
        ("could fetch", _reach(record)),
        ("started, ended (UTC)", f"{moment(record.started_at)}, {moment(record.ended_at)}"),
        ("budget", words_of(record.budget_usd and f"${record.budget_usd:g}")),
        ("submission from", ": ".join(filter(None, (record.submission_from, record.submission_problem)))),
    ]
    return [(name, readable(value)) for name, value in (*found, *_others(record))]


def _others(record: RunRecord) -> list[tuple[str, str]]:
    """What else the record says, by the name of its field."""
    whole = record.model_dump(mode="json", exclude_defaults=True, include=set(OTHERS))
    return [(name.replace("_", " "), plain(words_of(value))) for name, value in whole.items()]


def _models(record: RunRecord) -> str:
    request = record.request
    names = dict.fromkeys((record.model, request.code_model.name, request.review_model.name))
    return ", ".join(names)


def _reach(record: RunRecord) -> str:
    egress, cached = record.egress, f"; ready: {record.cache_sha256[:12]}" if record.cache_sha256 else ""
    if egress.mode == "allowlist":
        moved = f"{egress.passed} of {egress.connections} connections, {bytes_(egress.bytes_down)} down"
        return f"from {', '.join(record.request.egress.hosts)}: {moved}{cached}"
    return {"none": "nothing", "open": "ANYTHING (egress open)"}[egress.mode] + cached


def _up(record: RunRecord) -> bool:
    return record.request.competition.direction == "maximize"


def _everything(run: OpenRun, record: RunRecord | None) -> str:
    """The record and the grade as they are, for whoever wants a field that the page does not name."""
    whole = {"run.json": record.model_dump(mode="json") if record else None, "grade.json": dict(run.grade()) or None}
    return readable(json.dumps(whole, indent=2, ensure_ascii=False))
