"""What the command line prints: tables for people on a terminal, JSON for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.markup import escape
from rich.table import Table

from harness.verbs.terminal import plain_table as _table
from harness.verbs.terminal import print_json as _print_json
from harness.verbs.terminal import put as _show

if TYPE_CHECKING:
    from harness.data.manifest import Prepared
    from harness.data.prepare_several import Outcome
    from harness.grading.full_leaderboard import FullLeaderboard
    from harness.grading.grade import GradeReport
    from harness.grading.grade_nodes import NodeGrades
    from harness.grading.leaderboard import Lines
    from harness.machine.doctor import Check
    from harness.rates.aggregate import Rate, Summary
    from harness.rates.rates import Estimate
    from harness.rates.suite_rates import SuiteRates
    from harness.results.export_mle_bench import Exported
    from harness.results.row import Row
    from harness.runs.solving import Solved
    from harness.specs.check import Finding
    from harness.specs.competition import Competition

NONE = "–"
MEDALS = {"gold": "[bold yellow]gold[/]", "silver": "[bold white]silver[/]", "bronze": "[bold dark_orange3]bronze[/]"}


def summary(value: Summary, *, as_json: bool, detailed: bool = False) -> None:
    """A group: a row a run, where its time and tokens went if that is asked for, then the rates."""
    if as_json:
        _print_json(value.model_dump(mode="json"))
        return
    for heading in dict.fromkeys(
        f"agent {row.agent}, model {row.model}, candidate isolation: {row.candidate_isolation}, "
        f"validation: {row.validation}, egress: {row.egress}"
        for row in value.rows
    ):
        typer.echo(heading)
    several = len({row.entrant for row in value.rows}) > 1
    whose: Mapping[str, Callable[[Row], str]] = {"agent": lambda row: escape(row.entrant)} if several else {}
    _show(_columns(value.rows, {**whose, **RUN_COLUMNS}))
    if detailed:
        _show(_columns(value.rows, {**whose, **COST_COLUMNS}))
    notes = dict.fromkeys(
        f"{row.competition}: percentile: {row.percentile_note}"
        for row in value.rows
        if row.percentile is not None and row.percentile_note
    )
    unlabelled = dict.fromkeys(
        f"{row.competition}: {row.invalid_because}" for row in value.rows if row.valid and row.score is None
    )
    leaking = dict.fromkeys(
        f"{row.competition} ({row.edition}): known leak: {leak}" for row in value.rows for leak in row.leaks
    )
    for note in [*notes, *unlabelled, *leaking, *_troubles(value.rows)]:
        typer.echo(note)
    if value.missing:
        typer.echo(
            f"{value.missing} of {value.runs} runs are missing; the same command with --group {value.group} runs them"
        )
    if value.ungraded:
        typer.echo(f"{value.ungraded} of {value.runs} runs are not graded. Each: podium grade {value.group}/RUN")
    if value.stand_in_runs:
        typer.echo(f"{value.stand_in_runs} of {value.runs} runs on STAND-IN data: no medal, no percentile, in no rate")
    if value.networked_runs:
        others = "" if value.networked_runs == value.runs else "; the others nothing, so the rates over runs mix both"
        typer.echo(f"scripts of {value.networked_runs} of {value.runs} runs could FETCH from a network{others}")
    if value.answers_shown_runs:
        typer.echo(f"{value.answers_shown_runs} of {value.runs} runs were shown the ANSWERS: tests, in no rate")
    if len(value.hardware) > 1:
        kinds = f"{len(value.hardware)} kinds of machines, whose times are not comparable"
        typer.echo(f"runs on {kinds}: {'; '.join(value.hardware)}")
    if tried := sum(1 for row in value.rows if row.trespasses):
        typer.echo(f"{tried} runs tried what was refused, which their reports and pages name (trespasses)")
    if doubted := sum(1 for row in value.rows if row.no_test_signal is False):
        typer.echo(f"{doubted} runs whose logs don't show that no test signal came: podium verify {value.group}")
    if value.audited_runs:
        see = f": podium audit {value.group}" if value.flagged_runs else ""
        typer.echo(f"{value.audited_runs} of {value.runs} runs audited for cheating, {value.flagged_runs} flagged{see}")
    rates = {"medals": value.any_medal, "above median": value.above_median, "valid": value.valid_submission}
    if value.valid_mle_bench is not None:
        rates["valid by MLE-bench's graders"] = value.valid_mle_bench
    _rates("", rates)
    _rates("missing runs as failures: ", _named(value.as_failures))
    _rates(f"with known leaks ({value.leaking_runs} runs more): ", _named(value.with_leaks))
    _rates("flagged runs left out: ", _named(value.without_flagged))
    _rates("flagged runs as failures: ", _named(value.flagged_as_failures))
    if value.suites:
        _show(_suites(value.suites))
        typer.echo(SUITES_REMARK)


SUITES_REMARK = "% of competitions: mean ± SEM over seeds [95 % interval for other competitions and seeds of the kind]"


def _rates(label: str, rates: Mapping[str, Rate]) -> None:
    shown = [f"{name} {_rate(rate)}" for name, rate in rates.items() if rate.n]
    if shown:
        typer.echo(label + "   ".join(shown))


def _named(rates: Mapping[str, Rate]) -> Mapping[str, Rate]:
    names = {"any_medal": "medals", "above_median": "above median", "valid_submission": "valid"}
    return {name: rates[key] for key, name in names.items() if key in rates}


def _suites(parts: Sequence[SuiteRates]) -> Table:
    """A row a suite and entrant: how much of the suite was run, and its rates."""
    several = len({(part.agent, part.model) for part in parts}) > 1
    with_leaks = any(part.with_leaks for part in parts)
    padded = any(part.missing for part in parts)
    flagged = any(part.flagged for part in parts)
    titles = [
        "suite",
        *["agent, model"] * several,
        "competitions",
        "seeds",
        "medals",
        "above median",
        "exceeds",
        "valid",
    ]
    titles += ["medals, missing as failures"] * padded + ["medals with known leaks"] * with_leaks
    table = _table(*titles, *["medals, flagged left out", "medals, flagged as failures"] * flagged)
    for part in parts:
        table.add_row(
            escape(part.suite),
            *[escape(f"{part.agent}, {part.model}")] * several,
            f"{part.competitions} of {part.in_suite}",
            str(len(part.seeds)),
            *(estimate(part.rates.get(name)) for name in ("any_medal", "above_median", "exceeds", "valid_submission")),
            *[estimate(part.as_failures.get("any_medal"))] * padded,
            *[estimate(part.with_leaks.get("any_medal"))] * with_leaks,
            *[estimate(one.get("any_medal")) for one in (part.without_flagged, part.flagged_as_failures)] * flagged,
        )
    return table


def estimate(value: Estimate | None) -> str:
    """A rate with its error, where there are several seeds, and its interval."""
    if value is None:
        return NONE
    error = f" ± {value.sem:.1f}" if value.seeds > 1 else ""
    bounds = "" if value.low is None else rf" \[{value.low:.0f}, {value.high:.0f}]"
    return f"{value.mean:.1f}{error}{bounds}"


def _name(row: Row) -> str:
    marks = {"stand-in": row.stand_in, "ANSWERS SHOWN": row.answers_shown, f"egress {row.egress}": row.egress != "none"}
    return escape(row.competition) + "".join(f" [red]({mark})[/]" for mark, holds in marks.items() if holds)


def _steps(row: Row) -> str:
    """How many nodes; another agent's, which reports none, are its own affair."""
    unknown = row.steps == 0 and row.candidate_isolation == "none"
    return NONE if unknown else f"{row.steps} ({row.good_nodes} good)"


def _phase(name: str) -> Callable[[Row], str]:
    return lambda row: _number(row.phase_seconds.get(name), 1)


RUN_COLUMNS: Mapping[str, Callable[[Row], str]] = {
    "competition": _name,
    "seed": lambda row: str(row.seed),
    "status": lambda row: str(row.status),
    "test score": lambda row: _number(row.score),
    "medal": lambda row: MEDALS.get(row.medal or "", escape(row.medal or NONE)),
    "percentile": lambda row: _number(row.percentile, 1),
    "> median": lambda row: _yes(row.above_median),
    "valid": lambda row: _yes(row.valid) + (" (MLE-bench: yes)" if row.valid_mle_bench and not row.valid else ""),
    "validation": lambda row: _number(row.validation_score),
    "gap": lambda row: _number(row.gap),
    "best node": lambda row: _number(row.best_node_score),
    "steps": _steps,
    "seconds": lambda row: _number(row.wall_seconds, 1),
    "USD": lambda row: f"{row.cost_usd:.2f}",
    "flagged": lambda row: f"[red]{', '.join(row.flagged_by)}[/]" if row.flagged else NONE,
}
COST_COLUMNS: Mapping[str, Callable[[Row], str]] = {
    "competition": _name,
    "seed": lambda row: str(row.seed),
    "model s": _phase("model"),
    "scripts s": _phase("execute"),
    "checks s": _phase("check"),
    "reviews s": _phase("review"),
    "overhead s": _phase("overhead"),
    "waiting s": lambda row: _number(row.waiting_seconds, 1),
    "working s": lambda row: _number(row.working_seconds, 1),
    "tokens in": lambda row: f"{row.input_tokens:,}",
    "of these cached": lambda row: f"{row.cached_input_tokens:,}" if row.cached_input_tokens else NONE,
    "tokens out": lambda row: f"{row.output_tokens:,}",
}
LEFT = ("agent", "competition", "status", "medal", "flagged")


def _columns(rows: Sequence[Row], columns: Mapping[str, Callable[[Row], str]]) -> Table:
    """A table of those columns that hold anything, such as no medals where no competition has a leaderboard."""
    cells = {name: [cell(row) for row in rows] for name, cell in columns.items()}
    table = _table()
    for name, column in cells.items():
        if set(column) != {NONE}:
            table.add_column(name, justify="left" if name in LEFT else "right", overflow="fold")
    for place in range(len(rows)):
        table.add_row(*(column[place] for column in cells.values() if set(column) != {NONE}))
    return table


def _troubles(rows: Sequence[Row]) -> list[str]:
    return [
        f"{row.run_id}: {row.invalid_because or row.reason}"
        for row in rows
        if not row.valid and (row.invalid_because or row.reason)
    ]


def competitions(items: Iterable[Competition], data: Path, *, as_json: bool) -> None:
    """The competitions, and what is prepared of each."""
    from harness.data.manifest import find

    rows = [(item, find(item, data)) for item in items]
    if as_json:
        _print_json([_competition_object(item, prepared) for item, prepared in rows])
        return
    table = _table("id", "title", "metric", "suites", "bytes", "prepared")
    for item, prepared in rows:
        state = NONE if prepared is None else ("stand-in" if prepared.manifest.stand_in else prepared.manifest.source)
        arrow = "↑" if item.metric.direction == "maximize" else "↓"
        checked = item.editions[item.default_edition].checked
        named = [
            f"{item.metric.name} {arrow}",
            ", ".join(item.suites) or NONE,
            f"checked {checked}" if checked else NONE,
        ]
        table.add_row(item.id, escape(item.title), *named, state)
    _show(table)


def _competition_object(item: Competition, prepared: Prepared | None) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "category": item.category,
        "metric": item.metric.name,
        "direction": item.metric.direction,
        "suites": list(item.suites),
        "unverified": item.unverified,
        "editions": list(item.editions),
        "bytes_checked": item.editions[item.default_edition].checked,
        "leaks": list(item.leaks_in(item.default_edition)),
        "prepared": prepared is not None,
        "stand_in": prepared.manifest.stand_in if prepared else None,
    }


def node_grades(grades: NodeGrades, *, as_json: bool) -> None:
    """Every node of a run with its own score and the test's, and what follows from them."""
    if as_json:
        _print_json(grades.model_dump(mode="json"))
        return
    table = _table("node", "action", "validation", "test", "")
    for node in grades.nodes:
        marks = {"chosen": node.node == grades.chosen, "best by test": node.node == grades.oracle}
        note = ", ".join(name for name, holds in marks.items() if holds) or (node.reason or "")
        table.add_row(node.node, node.action, _number(node.validation_score), _number(node.test_score), escape(note))
    _show(table)
    figures = {
        "validation better than test by": grades.mean_gap,
        "for the chosen node": grades.chosen_gap,
        "lost by choosing": grades.lost_by_choice,
        "rank correlation": grades.rank_correlation,
        "handed in": grades.handed_in_test_score,
    }
    typer.echo("   ".join(f"{name} {_number(value)}" for name, value in figures.items()))


def findings(found: Sequence[Finding], *, as_json: bool) -> None:
    """What was tried on a competition, and what came of it."""
    if as_json:
        _print_json([finding._asdict() for finding in found])
        return
    table = _table("edition", "check", "", "what came of it")
    for finding in found:
        mark = "[green]ok[/]" if finding.ok else "[red]FAILS[/]"
        table.add_row(finding.edition, finding.check, mark, escape(finding.detail))
    _show(table)


def leaderboard(item: Competition, board: FullLeaderboard, own: Lines, kept: Path, *, as_json: bool) -> None:
    """A full leaderboard that was kept: its medal lines beside those that the spec states."""
    from harness.grading.place import is_of_another_day

    stated = item.leaderboard.lines if item.leaderboard is not None else None
    differs = stated is not None and is_of_another_day(board, stated, item.metric.direction)
    if as_json:
        lines = {"lines": asdict(own), "stated_lines": stated and asdict(stated), "other_snapshot": differs}
        _print_json({"file": str(kept), "teams": len(board.scores), "date": str(board.date), **lines})
        return
    table = _table("line", "this leaderboard", "as the spec states it")
    for name, score in asdict(own).items():
        table.add_row(name, _number(score), _number(None if stated is None else getattr(stated, name)))
    _show(table)
    typer.echo(f"{len(board.scores)} teams in {kept}: grades of {item.id} are exact from now on")
    if differs:
        typer.echo("The medal lines differ: another day, or another column. Medals go by the spec, percentiles by this")


def prepared(item: Competition, value: Prepared, *, as_json: bool) -> None:
    """What was prepared, file by file, with the verdict on its checksum."""
    from harness.data.matching import compare

    manifest = value.manifest
    compared = compare(item.editions[manifest.edition], manifest)
    if as_json:
        differs = [{**one._asdict()} for one in compared if not one.matches]
        counts = {"files_stated": len(compared), "files_matching": len(compared) - len(differs), "differing": differs}
        _print_json({"folder": str(value.folder), **manifest.model_dump(mode="json"), **counts})
        return
    table = _table("file", "bytes", "md5", "checksum")
    for name, file in manifest.files.items():
        colour = {"match": "green", "differs": "red"}.get(file.checksum, "dim")
        table.add_row(escape(name), f"{file.bytes:,}", file.md5, f"[{colour}]{file.checksum}[/]")
    for name, folder in manifest.folders.items():
        table.add_row(escape(f"{name}/"), f"{folder.bytes:,}", f"{folder.files:,} files", NONE)
    _show(table)
    for one in compared:
        if not one.matches:
            found = "is not there" if one.found is None else f"has MD5 {one.found}"
            typer.echo(f"{one.name} {found}; stated is {one.stated}")
    if compared:
        typer.echo(f"{sum(one.matches for one in compared)} of {len(compared)} files are as stated, byte for byte")
    label = "STAND-IN data (synthetic)" if manifest.stand_in else f"real data ({manifest.source})"
    typer.echo(f"{item.id}, edition {manifest.edition}: {label} in {value.folder}")


def prepared_several(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    """What became of several competitions, a row each."""
    rows = [_outcome(outcome) for outcome in outcomes]
    if as_json:
        _print_json(rows)
        return
    table = _table("id", "edition", "source", "files as stated", "problem")
    for row in rows:
        stated = f"{row['files_matching']} of {row['files_stated']}" if row["files_stated"] else NONE
        table.add_row(row["id"], row["edition"], row["source"] or NONE, stated, escape(row["problem"] or NONE))
    _show(table)
    failed = sum(1 for row in rows if row["problem"])
    typer.echo(f"{len(rows) - failed} of {len(rows)} competitions are prepared")


def _outcome(outcome: Outcome) -> dict[str, Any]:
    from harness.data.matching import compare

    manifest = outcome.manifest
    compared = [] if manifest is None else compare(outcome.competition.editions[manifest.edition], manifest)
    return {
        "id": outcome.competition.id,
        "edition": outcome.edition,
        "source": manifest and manifest.source,
        "stand_in": manifest and manifest.stand_in,
        "files_stated": len(compared),
        "files_matching": sum(one.matches for one in compared),
        "problem": outcome.problem,
        "exit_code": outcome.exit_code,
    }


def grade(report: GradeReport, *, as_json: bool) -> None:
    """One grade, field by field."""
    content = report.model_dump(mode="json")
    if as_json:
        _print_json(content)
        return
    table = _table("field", "value")
    for key, value in content.items():
        if not isinstance(value, (dict, list)):
            table.add_row(key, NONE if value is None else escape(str(value)))
    _show(table)


def solved(value: Solved, *, as_json: bool) -> None:
    """What came of a folder of data."""
    if as_json:
        _print_json(value.model_dump(mode="json"))
        return
    better = "higher" if value.direction == "maximize" else "lower"
    test = value.test_note if value.test_score is None else f"{value.test_score:.5f} {value.test_note}"
    found = {
        "validation score": f"{_number(value.validation_score)} {value.metric}, {better} is better; the script's own",
        "test score": test,
        "best node": f"{value.node or NONE} of {value.nodes}, run {value.run} ({value.status})",
        "cost": f"{value.cost_usd:.2f} USD",
        "in": value.folder,
        "files": ", ".join(value.files),
    }
    for name, text in found.items():
        typer.echo(f"{name:<16}  {text}")


def exported(made: Exported, *, as_json: bool) -> None:
    """What was written for another tool, and which runs were not."""
    if as_json:
        _print_json({**made._asdict(), "files": [str(file) for file in made.files]})
        return
    for file in made.files:
        typer.echo(file)
    for run in made.padded:
        typer.echo(f"written as a failure: {run}")
    for run in made.left_out:
        typer.echo(f"left out: {run}")
    typer.echo(f"With MLE-bench: aggregate_grading_reports.py --grading-reports {made.files[1].parents[1]}/*/*.json")


def checks(items: Sequence[Check], *, as_json: bool) -> None:
    """What the doctor found."""
    if as_json:
        _print_json([asdict(item) for item in items])
        return
    table = _table("", "check", "found", "what to do")
    marks = {"ok": "[green]ok[/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}
    for item in items:
        table.add_row(marks[item.status], item.name, escape(item.found), escape(item.what_to_do or ""))
    _show(table)


def _number(value: float | None, digits: int = 5) -> str:
    return NONE if value is None else f"{value:.{digits}f}"


def _yes(value: bool | None) -> str:
    return NONE if value is None else ("yes" if value else "no")


def _rate(value: Rate) -> str:
    return NONE if value.percent is None else f"{value.percent:.1f} % ({value.count}/{value.n})"
