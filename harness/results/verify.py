"""Recompute every published figure of a group from its raw artefacts, and say where the two differ.

Grades from submissions and answers, node grades, what format checks said, token and money sums from transcripts, what
an audit's rules found, the summary from all of it. What can't be recomputed here, because data are not prepared, is
said to be unchecked and is never counted as right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.errors import InvalidSubmission, UserError
from harness.files import sha256_of
from harness.grading.regrade import FindData, differences
from harness.results.layout import GroupFolder, RunFolder, RunRecord, read_json
from harness.results.rows import rows_of, tree_of
from harness.runs.isolation import statement

if TYPE_CHECKING:
    from harness.cheating.finding import Findings
    from harness.cheating.tasks import Tasks
    from harness.data.manifest import Prepared
    from harness.specs.competition import Competition
    from harness.specs.suites import Suites

AUDIT = "what an audit found"
RECOMPUTED = {"script", "code_sha256", "scripts", "unparsed", "more", "not_compared", "findings"}
MONEY_USD = 1e-6  # sums of prices are added in another order


class Found(StrEnum):
    """What became of one check."""

    SAME = "same"
    DIFFERS = "differs"
    UNCHECKED = "unchecked"


class Finding(NamedTuple):
    """One figure, or a file of them, looked at again."""

    where: str
    what: str
    found: Found
    detail: str = ""


def verify(group: GroupFolder, find: FindData, suites: Suites | None = None) -> list[Finding]:
    """Look at everything again; nothing is written."""
    findings = [finding for folder in group.runs() for finding in _readable(folder, find)]
    return [*findings, *_audited(group, find), _summary(group, suites)]


def _readable(folder: RunFolder, find: FindData) -> Iterator[Finding]:
    """One run's findings; files that can't be read end them, and no other run's."""
    try:
        yield from _run(folder, find)
    except UserError as error:
        yield Finding(folder.path.name, "run.json", Found.UNCHECKED, str(error))
    except json.JSONDecodeError as error:
        yield Finding(folder.path.name, "files", Found.DIFFERS, f"one of them is no JSON any more: {error}")


def _run(folder: RunFolder, find: FindData) -> Iterator[Finding]:
    record = folder.read()
    if record is None:
        return
    name = folder.path.name
    yield _submission(folder, record)
    yield _whole(folder)
    yield _usage(folder, record)
    if record.tree is not None:
        tree = tree_of(folder.events(), record.request.competition.direction)
        yield _compared(name, "tree", record.tree.model_dump(), tree.model_dump())
    stored = read_json(folder.grade_file)
    if stored is None:
        if record.status.is_outcome:
            yield Finding(name, "grade", Found.UNCHECKED, f"it is not graded: podium grade {record.group}/{name}")
        return
    told = statement(folder, record)
    yield _finding(name, "no test signal reached the agent", told.no_test_signal, "; ".join(told.doubts))
    try:
        competition, prepared = find(record.competition, record.data.edition)
        yield _grade(folder, record, competition, prepared, stored)
    except UserError as error:
        yield Finding(name, "grade", Found.UNCHECKED, str(error))
        return
    if record.held_back is None:
        yield from _checks(folder, competition, prepared)
    else:
        yield _scores(folder, record, competition, prepared)
    if folder.node_grades.is_file():
        yield _node_grades(folder, record, competition, prepared)


def _finding(where: str, what: str, good: bool, detail: str = "") -> Finding:
    return Finding(where, what, Found.SAME if good else Found.DIFFERS, "" if good else detail)


def _submission(folder: RunFolder, record: RunRecord) -> Finding:
    what = "submission.csv is what was taken"
    if not folder.submission.is_file():
        return _finding(folder.path.name, what, record.submission_sha256 is None, "it is gone")
    if record.submission_sha256 is None:
        return Finding(folder.path.name, what, Found.UNCHECKED, "the record has no hash of it")
    same = sha256_of(folder.submission) == record.submission_sha256
    return _finding(folder.path.name, what, same, "its content has another hash than the record states")


def _whole(folder: RunFolder) -> Finding:
    """Every line of the logs is one; the last may have been cut off by a kill, and is made good before the next."""
    spoiled = {file.name: folder.spoiled(file) for file in (folder.journal, folder.transcript, folder.checks)}
    words = [f"{name}, line {number} is no JSON object" for name, numbers in spoiled.items() for number in numbers]
    return _finding(folder.path.name, "logs are whole", not words, "; ".join(words[:3]))


def _usage(folder: RunFolder, record: RunRecord) -> Finding:
    """Tokens and money add up to what the record says; a call without a reported usage counts as the gateway did."""
    if record.usage.calls and not folder.transcript.is_file():
        return Finding(folder.path.name, "usage", Found.UNCHECKED, "its model calls are not here")
    calls = [line for line in folder.lines(folder.transcript) if line.get("api", "models") != "models"]
    sums = {
        "input_tokens": sum((line["usage"] or {}).get("input", 0) for line in calls),
        "cached_input_tokens": sum((line["usage"] or {}).get("cached_input", 0) for line in calls),
        "output_tokens": sum((line["usage"] or {}).get("output", 0) for line in calls),
        "cost_usd": sum(line["cost_usd"] or 0.0 for line in calls),
    }
    # Of a call that was broken off nobody said how many tokens it took: the gateway counts the most that it could.
    unsaid = any(line["usage"] is None and line["outcome"] in ("cut", "answered") for line in calls)
    more = {name: getattr(record.usage, name) - value for name, value in sums.items()}
    wrong = [
        f"{name} is {getattr(record.usage, name)}, the calls add up to {value}"
        for name, value in sums.items()
        if (abs(more[name]) > MONEY_USD if name == "cost_usd" else more[name] < 0 or (more[name] > 0 and not unsaid))
    ]
    return _finding(folder.path.name, "usage", not wrong, "; ".join(wrong))


def _grade(
    folder: RunFolder, record: RunRecord, competition: Competition, prepared: Prepared, stored: dict[str, Any]
) -> Finding:
    from harness.grading.grade_run import recomputed

    new = recomputed(folder, record, competition, prepared).model_dump(mode="json")
    return _compared(folder.path.name, "grade", stored, new)


def _node_grades(folder: RunFolder, record: RunRecord, competition: Competition, prepared: Prepared) -> Finding:
    from harness.grading.grade_nodes import recomputed

    stored = read_json(folder.node_grades) or {}
    new = recomputed(folder, record, competition, prepared).model_dump(mode="json")
    return _compared(folder.path.name, "node grades", stored, new)


def _checks(folder: RunFolder, competition: Competition, prepared: Prepared) -> Iterator[Finding]:
    """What the agent was told of its last submission of each node follows from that file and the public data."""
    from harness.grading import submission

    last = {line["node"]: line for line in folder.lines(folder.checks)}
    kept = {node: folder.node_submission(node) for node in last if folder.node_submission(node).is_file()}
    if not kept:
        return
    wrong = []
    for node, path in kept.items():
        try:
            submission.check(competition, prepared, path)
            reason = None
        except InvalidSubmission as error:
            reason = str(error)
        if (last[node]["valid"], last[node]["reason"]) != (reason is None, reason):
            wrong.append(f"{node}: it was told {last[node]['reason']!r}, and the file gives {reason!r}")
    yield _finding(folder.path.name, "format checks", not wrong, "; ".join(wrong[:3]))


def _scores(folder: RunFolder, record: RunRecord, competition: Competition, prepared: Prepared) -> Finding:
    """What nodes scored on held-back training rows follows from their files and those rows."""
    from harness.data import search_view
    from harness.gateway.scores import read_scores
    from harness.grading.scorer import Scorer

    name, what = folder.path.name, "scores on held-back rows"
    view = search_view.find(prepared.folder, prepared.manifest.fingerprint)
    if view is None or record.held_back is None or view.manifest.fingerprint != record.held_back.sha256:
        again = f"podium prepare {competition.id} --validation hidden-split"
        return Finding(name, what, Found.UNCHECKED, f"those rows are not at hand: {again}")
    scorer = Scorer(competition.at(prepared.manifest.edition), view)
    scored = [line for line in read_scores(folder.scores) if line.outcome == "scored"]
    kept = [line for line in scored if folder.node_submission(line.node).is_file()]
    found = ((line, scorer.score(folder.node_submission(line.node))) for line in kept)
    wrong = [line.node for line, new in found if (line.search, line.pick, line.told) != (*new, new.told)]
    return _finding(name, what, not wrong, f"other scores follow from the files of {', '.join(wrong[:3])}")


def _audited(group: GroupFolder, find: FindData) -> Iterator[Finding]:
    """What the rules find now is what they found; a model's word and people's verdicts are nothing that follows."""
    from harness.cheating import standing

    kept = {folder.path: folder for folder in group.runs() if (folder.path / standing.NAME).is_file()}
    if not kept:
        return
    from harness.cheating.audit import recomputed
    from harness.cheating.tasks import Tasks

    tasks = Tasks(find)
    try:
        new = recomputed([folder for folder in group.runs() if _has_record(folder)], tasks)
        for path, found in new.items():
            if path in kept and (stored := standing.read(path)) is not None:
                yield _findings(kept[path], stored, found, tasks)
    except (UserError, json.JSONDecodeError) as error:
        yield Finding(group.name, AUDIT, Found.UNCHECKED, str(error))


def _findings(folder: RunFolder, stored: Findings, new: Findings, tasks: Tasks) -> Finding:
    again = f"podium audit {folder.path.parent.name} --again"
    before, after = (one.model_dump(mode="json", include=RECOMPUTED) for one in (stored, new))
    if stored.rules != new.rules:
        return Finding(folder.path.name, AUDIT, Found.UNCHECKED, f"other rules found it: {again}")
    if before == after:
        return Finding(folder.path.name, AUDIT, Found.SAME)
    record = folder.read()
    assert record is not None  # those without one were left out
    if stored.beside_sha256 != new.beside_sha256:
        why = f"it was compared with other runs or scripts than those here: {again}"
    elif not tasks.has_data(record):
        why = f"its data are not at hand: podium prepare {record.competition}"
    elif record.usage.calls and not folder.transcript.is_file():
        why = "its model calls are not here"
    else:
        return _compared(folder.path.name, AUDIT, before, after)
    return Finding(folder.path.name, AUDIT, Found.UNCHECKED, why)


def _has_record(folder: RunFolder) -> bool:
    try:
        return folder.read() is not None
    except UserError:  # said already
        return False


def _summary(group: GroupFolder, suites: Suites | None) -> Finding:
    from harness.rates.aggregate import summarise

    stored = read_json(group.summary)
    if stored is None:
        return Finding(group.name, "summary", Found.UNCHECKED, f"there is none: podium aggregate {group.name}")
    try:
        new = summarise(group.name, rows_of(group), suites).model_dump(mode="json")
    except UserError as error:
        return Finding(group.name, "summary", Found.UNCHECKED, str(error))
    return _compared(group.name, "summary", stored, new)


def _compared(where: str, what: str, stored: dict[str, Any], new: dict[str, Any]) -> Finding:
    changes = differences(where, stored, new)
    words = [f"{one.field}: stored {_short(one.before)}, recomputed {_short(one.after)}" for one in changes]
    return _finding(where, what, not words, "; ".join(words[:5]))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
