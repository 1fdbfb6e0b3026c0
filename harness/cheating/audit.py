"""Runs → `findings.json`, one beside each, written atomically, and left alone where what it was made of is the same.

First every run by itself, which is most of the work and is divided among processes where there are many; then each
competition's runs beside each other. A run that is not over is passed over.
"""

from __future__ import annotations

import gc
import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import harness
from harness.cheating import beside, similar, standing
from harness.cheating.beside import KNOWN, Neighbour
from harness.cheating.case import Task, open_case, shown_code
from harness.cheating.finding import Finding, Findings, bounded
from harness.cheating.looking import look_at
from harness.cheating.rules import versions
from harness.cheating.script import Script
from harness.cheating.tasks import Tasks, information
from harness.errors import InfrastructureError, UserError
from harness.files import sha256_of, write_json
from harness.results.layout import RunFolder, RunRecord
from harness.results.record import RunStatus
from harness.runs.lost import as_it_stands

MANY = 150  # runs to look at, above which several processes are worth their start
TAIL_BYTES = 1 << 16
MODEL_RULE = "model-review"
KNOWN_SUFFIXES = (".py", ".ipynb")


@dataclass(frozen=True)
class Audited:
    """One run, and whether anything had to be looked at again."""

    folder: RunFolder
    record: RunRecord
    findings: Findings
    made: bool


@dataclass(frozen=True)
class _Job:
    """A run to look at."""

    folder: RunFolder
    record: RunRecord
    task: Task
    inputs: str


@dataclass(frozen=True)
class _Own:
    """What came of it."""

    script: str | None
    code_sha256: str | None
    scripts: int
    unparsed: int
    findings: tuple[Finding, ...]
    more: int


def audit(
    runs: Sequence[RunFolder],
    tasks: Tasks,
    *,
    among: Sequence[RunFolder] = (),
    known: Path | None = None,
    again: bool = False,
) -> list[Audited]:
    """Audit runs, each beside the others, beside those of `among`, and beside the known scripts of a folder."""
    done = []
    for one in _looked_over(runs, tasks, among, known, again=again):
        if one.made:
            write(one.folder, one.findings)
        done.append(one)
    order = {folder.path: place for place, folder in enumerate(runs)}
    return sorted(done, key=lambda one: order[one.folder.path])


def recomputed(runs: Sequence[RunFolder], tasks: Tasks) -> dict[Path, Findings]:
    """What an audit of these runs alone finds now, by run's folder; nothing is written."""
    return {one.folder.path: one.findings for one in _looked_over(runs, tasks, (), None, again=True)}


def _looked_over(
    runs: Sequence[RunFolder], tasks: Tasks, among: Sequence[RunFolder], known: Path | None, *, again: bool
) -> Iterator[Audited]:
    """Look at what has to be looked at, a competition after the other."""
    over = [(folder, record) for folder in runs if (record := _over(folder)) is not None]
    before = {folder.path: _before(folder) for folder, _ in over}
    inputs = {folder.path: inputs_of(folder, record) for folder, record in over}
    due = [
        _Job(folder, record, tasks.of(folder, record), inputs[folder.path])
        for folder, record in over
        if again or not _is_same(before[folder.path], inputs[folder.path])
    ]
    looked = dict(zip([job.folder.path for job in due], _all(due), strict=True))
    owns = {folder.path: looked.get(folder.path) or _kept(before[folder.path]) for folder, _ in over}
    scripts = list(_known_scripts(known)) if known is not None else []
    others = [(folder, record) for folder in among if (record := _over(folder)) is not None]
    for competition in sorted({record.competition for _, record in over}):
        mine = [(folder, record) for folder, record in over if record.competition == competition]
        theirs = [(folder, record) for folder, record in others if record.competition == competition]
        yield from _competition(mine, theirs, scripts, owns, before, inputs, looked)


def inputs_of(folder: RunFolder, record: RunRecord) -> str:
    """A hash over what the rules read of a run, and over the rules; of a transcript its size and end."""
    parts: list[str] = [json.dumps(versions(), sort_keys=True)]
    for file in (folder.record_file, folder.journal, folder.grade_file):
        parts.append(sha256_of(file) if file.is_file() else "none")
    parts.append(record.submission_sha256 or "none")
    try:
        with folder.transcript.open("rb") as transcript:
            size = transcript.seek(0, os.SEEK_END)
            transcript.seek(max(0, size - TAIL_BYTES))
            parts.append(f"{size} {hashlib.sha256(transcript.read()).hexdigest()}")
    except FileNotFoundError:
        parts.append("none")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _over(folder: RunFolder) -> RunRecord | None:
    record = folder.read()
    if record is None:
        return None
    record = as_it_stands(record)
    return None if record.status in (RunStatus.RUNNING, RunStatus.QUEUED) else record


def _before(folder: RunFolder) -> Findings | None:
    """What an earlier audit wrote; nothing where that is of another version."""
    try:
        return standing.read(folder.path)
    except UserError:
        return None


def _is_same(before: Findings | None, inputs: str) -> bool:
    return before is not None and before.inputs_sha256 == inputs


def _kept(before: Findings | None) -> _Own:
    assert before is not None  # whatever is not there, or not the same, was looked at
    own = tuple(one for one in before.findings if one.rule not in beside.VERSIONS)
    return _Own(before.script, before.code_sha256, before.scripts, before.unparsed, own, before.more)


def _all(jobs: Sequence[_Job]) -> Iterator[_Own]:
    """Look at every run, in the order of the jobs."""
    workers = min(len(os.sched_getaffinity(0)), 16)
    if len(jobs) < MANY or workers < 2:
        yield from map(_look, jobs)
        return
    context = multiprocessing.get_context("forkserver")
    several = list({id(job.task): job.task for job in jobs}.values())  # ids of many rows: sent once, not with every run
    place = {id(task): number for number, task in enumerate(several)}
    light = [(replace(job, task=Task()), place[id(job.task)]) for job in jobs]
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_take, initargs=(several,)) as pool:
        try:
            yield from pool.map(_look_there, light, chunksize=8)
        except BrokenProcessPool as broken:
            raise InfrastructureError(
                "a process that read scripts ended (no memory left?). Nothing was written; run the same command again"
            ) from broken


_TASKS: list[Task] = []  # of a process of the pool; empty in any other


def _take(tasks: list[Task]) -> None:
    _TASKS[:] = tasks


def _look_there(job: tuple[_Job, int]) -> _Own:
    return _look(replace(job[0], task=_TASKS[job[1]]))


def _look(job: _Job) -> _Own:
    """Look at one run by itself."""
    collecting = gc.isenabled()
    gc.disable()  # trees have no cycles, and looking for some takes longer than parsing
    try:
        case = open_case(job.folder, job.record, job.task)
        found, more = bounded(tuple(look_at(case)))
        chosen = case.handed_in
        unparsed = sum(1 for node in case.nodes if node.handed_in and node.script.tree is None)
        return _Own(
            script=chosen.script.file if chosen else None,
            code_sha256=chosen.script.sha256 if chosen else None,
            scripts=len(case.nodes),
            unparsed=unparsed,
            findings=found,
            more=more,
        )
    finally:
        if collecting:
            gc.enable()


def _competition(
    mine: Sequence[tuple[RunFolder, RunRecord]],
    theirs: Sequence[tuple[RunFolder, RunRecord]],
    known: Sequence[Neighbour],
    owns: Mapping[Path, _Own],
    before: Mapping[Path, Findings | None],
    inputs: Mapping[Path, str],
    looked: Mapping[Path, Any],
) -> Iterator[Audited]:
    """Set the runs of one competition beside each other; what is new says so."""
    neighbours = list(_neighbours(mine, theirs, owns))
    digest = _digest([*neighbours, *known])
    fresh = any(folder.path in looked or not _beside_same(before[folder.path], digest) for folder, _ in mine)
    alike = beside.likenesses([*neighbours, *known], _shown(mine)) if fresh else {}
    by_key = {one.key: one for one in neighbours}
    for folder, record in mine:
        earlier, own = before[folder.path], owns[folder.path]
        if folder.path not in looked and _beside_same(earlier, digest):
            assert earlier is not None
            yield Audited(folder, record, earlier, made=False)
            continue
        me = by_key[_key(folder)]
        found = [*own.findings, *beside.beside(me, [*neighbours, *known], alike)]
        found += [one for one in (earlier.findings if earlier else ()) if _still_holds(one, own)]
        kept, more = bounded(found)
        findings = Findings(
            run_id=record.run_id,
            podium_version=harness.__version__,
            rules={**versions(), **beside.VERSIONS},
            inputs_sha256=inputs[folder.path],
            beside_sha256=digest,
            script=own.script,
            code_sha256=own.code_sha256,
            scripts=own.scripts,
            unparsed=own.unparsed,
            more=own.more + more,
            not_compared=beside.not_compared(me),
            findings=kept,
            reviews=tuple(one for one in earlier.reviews if one.code_sha256 == own.code_sha256) if earlier else (),
        )
        yield Audited(folder, record, findings, made=True)


def _shown(runs: Sequence[tuple[RunFolder, RunRecord]]) -> similar.Pieces:
    """The pieces of code that prompts showed to these runs: whoever follows an example has copied from nobody."""
    shown = {script.sha256: script for folder, _ in runs for script in shown_code(folder)}
    found = similar.NONE
    for script in shown.values():
        found = np.union1d(found, similar.pieces(script))
    return found


def _still_holds(one: Finding, own: _Own) -> bool:
    """A model's word on the very script stays when rules look again."""
    return one.rule == MODEL_RULE and one.code_sha256 == own.code_sha256 and one.id not in {f.id for f in own.findings}


def write(folder: RunFolder, findings: Findings) -> None:
    """Write `findings.json`, atomically."""
    write_json(folder.path / standing.NAME, findings.model_dump(mode="json"))


def _beside_same(before: Findings | None, digest: str) -> bool:
    return before is not None and before.beside_sha256 == digest


def _neighbours(
    mine: Sequence[tuple[RunFolder, RunRecord]],
    theirs: Sequence[tuple[RunFolder, RunRecord]],
    owns: Mapping[Path, _Own],
) -> Iterator[Neighbour]:
    every = {folder.path: (folder, record) for folder, record in (*theirs, *mine)}
    submitted = [record.submission_sha256 for _, record in every.values()]
    for folder, record in every.values():
        own = owns.get(folder.path)
        file = own.script if own is not None else _script_of(folder, record)
        sha = record.submission_sha256
        yield Neighbour(
            key=_key(folder),
            competition=record.competition,
            entrant=(record.agent, record.model, record.prompt_set_sha256),
            started_at=record.started_at or record.created_at,
            node=file.split("/")[1] if file else None,
            script=_read(folder, file),
            submission_sha256=sha,
            information=information(folder.submission) if sha is not None and submitted.count(sha) > 1 else 0,
            repeats=any(one.provider == "replay" for one in record.served) or record.resumed_from is not None,
        )


def _script_of(folder: RunFolder, record: RunRecord) -> str | None:
    """Where the script of a run lies that is only compared with."""
    from harness.runs.chosen import chosen_node

    node = chosen_node(record, folder.events())
    return None if node is None else f"nodes/{node}/solution.py"


def _read(folder: RunFolder, file: str | None) -> Script | None:
    if file is None:
        return None
    try:
        text = (folder.path / file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return Script(text, file)


def _key(folder: RunFolder) -> str:
    return f"{folder.path.parent.name}/{folder.path.name}"


def _digest(neighbours: Iterable[Neighbour]) -> str:
    lines = sorted(
        json.dumps(
            (
                *(one.key, one.entrant, one.started_at, one.submission_sha256, one.repeats),
                one.script.sha256 if one.script is not None else None,
            )
        )
        for one in neighbours
    )
    return hashlib.sha256("\n".join([json.dumps(beside.VERSIONS), *lines]).encode()).hexdigest()


def _known_scripts(folder: Path) -> Iterator[Neighbour]:
    """Scripts that somebody published, to be compared with: files of Python, and notebooks."""
    if not folder.is_dir():
        raise UserError(f"--known {folder}: there is no such folder of scripts (.py, .ipynb)")
    for file in sorted(folder.rglob("*")):
        if file.suffix in KNOWN_SUFFIXES and file.is_file():
            name = file.relative_to(folder).as_posix()
            script = Script(_source(file), name)
            yield Neighbour(f"{KNOWN}{name}", "", ("", "", ""), "", None, script, None, 0, repeats=False)


def _source(file: Path) -> str:
    text = file.read_text(encoding="utf-8", errors="replace")
    if file.suffix != ".ipynb":
        return text
    try:
        cells = json.loads(text).get("cells", [])
        return "\n".join("".join(cell["source"]) for cell in cells if cell.get("cell_type") == "code")
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise UserError(f"{file} is no notebook: {error}. Take it out of the folder") from error
