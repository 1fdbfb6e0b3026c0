"""`podium`: one function a verb. Parses, calls, prints; decides nothing.

Exit codes: 0 done, 1 our bug, 2 the user's error, 3 infrastructure (a group: while any run is missing), 4 no valid
submission, 5 a comparison's gate failed, 130 interrupted. Imports of the heavy parts wait until their verb runs.
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from harness.errors import InfrastructureError, Interrupted, PodiumError, UserError
from harness.files import DISK_TROUBLE
from harness.specs.lookup import with_data
from harness.verbs.audit_verbs import auditing
from harness.verbs.by_hand_verbs import by_hand
from harness.verbs.cache_verbs import caches
from harness.verbs.compare_verbs import comparing
from harness.verbs.competition_verbs import own
from harness.verbs.export_verbs import exports
from harness.verbs.group_verbs import grouping
from harness.verbs.leaderboard_verbs import leaderboards
from harness.verbs.leaving import leave
from harness.verbs.options import Edition, GroupName, Json, Submission, Yes
from harness.verbs.prompt_verbs import prompts
from harness.verbs.query_verbs import querying
from harness.verbs.record_verbs import keeping
from harness.verbs.run_verbs import runs, settings_now
from harness.verbs.shipping_verbs import data, images
from harness.verbs.solve_verbs import solving
from harness.verbs.view_verbs import viewing

app = typer.Typer(
    help="Run machine-learning-engineering agents on Kaggle-style competitions, each in a hardened container.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(runs)
app.add_typer(grouping)
app.add_typer(solving)
app.add_typer(by_hand)
app.add_typer(own)
app.add_typer(comparing)
app.add_typer(querying)
app.add_typer(keeping)
app.add_typer(auditing)
app.add_typer(viewing)
app.add_typer(leaderboards, name="leaderboard")
app.add_typer(caches, name="cache")
app.add_typer(exports, name="export")
app.add_typer(prompts, name="prompts")
app.add_typer(images, name="images")
app.add_typer(data, name="data")


def main() -> NoReturn:
    """Run the command line and leave the process."""
    try:
        _run()
    except SystemExit as ended:
        leave(ended.code)
    leave(0)


def _run() -> None:
    """Turn known errors into one line and an exit code."""
    from harness.runs.interrupt import prompt_interrupts

    try:
        with prompt_interrupts():
            app()
    except PodiumError as error:
        _fail(error)
    except OSError as error:
        if error.errno not in DISK_TROUBLE:
            raise
        _fail(InfrastructureError(f"{error}. Make room or mend the disk, then run it again; see: podium doctor"))
    except KeyboardInterrupt:
        _fail(Interrupted("interrupted"))
    except SystemExit as ended:
        if ended.code == Interrupted.exit_code:  # how Typer ends on a KeyboardInterrupt, without a word
            typer.echo("podium: interrupted", err=True)
        raise


def _fail(error: PodiumError) -> None:
    typer.echo(f"podium: {error}", err=True)
    sys.exit(error.exit_code)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        import harness

        typer.echo(harness.__version__)
        raise typer.Exit


@app.command()
def grade(
    run: Annotated[str | None, typer.Argument(metavar="[GROUP/RUN]", help="A run to grade (again).")] = None,
    competition: Annotated[
        str | None, typer.Option(help="With --submission: grade a file for this competition.")
    ] = None,
    submission: Submission = None,
    edition: Edition = None,
    json: Json = False,
) -> None:
    """Grade a run, or any submission for a prepared competition."""
    from harness.grading import full_leaderboard
    from harness.grading.grade import grade as grade_file
    from harness.grading.grade_run import grade_run, record_to_grade
    from harness.results.layout import Results
    from harness.verbs import tables

    settings = settings_now()
    if run is not None and competition is None and submission is None:
        folder = Results(settings.results).existing_run(run)
        record = record_to_grade(folder)
        item, prepared = with_data(settings, record.competition, record.data.edition)
        report = grade_run(folder, record, item, prepared)
    elif run is None and competition is not None and submission is not None:
        item, prepared = with_data(settings, competition, edition)
        report = grade_file(item, prepared, submission, full_leaderboard.beside(prepared))
    else:
        raise UserError("give either a run (GROUP/RUN), or --competition ID with --submission FILE")
    tables.grade(report, as_json=json)
    raise typer.Exit(0 if report.valid else 4)


@app.command("grade-nodes")
def grade_nodes(
    run: Annotated[str, typer.Argument(metavar="GROUP/RUN", help="A run that has ended.")], json: Json = False
) -> None:
    """Grade every node of a run that has ended: how far its validation scores can be trusted. Never fed back."""
    from harness.grading.grade_nodes import grade_nodes as grade_all
    from harness.grading.grade_run import record_to_grade
    from harness.results.layout import Results
    from harness.verbs import tables

    settings = settings_now()
    folder = Results(settings.results).existing_run(run)
    record = record_to_grade(folder)
    item, prepared = with_data(settings, record.competition, record.data.edition)
    tables.node_grades(grade_all(folder, record, item, prepared), as_json=json)


@app.command()
def aggregate(group: GroupName = "latest", json: Json = False) -> None:
    """Add a group's runs up into summary.json."""
    from harness.rates.aggregate import aggregate as add_up
    from harness.results.layout import Results
    from harness.specs.suites import suites_now
    from harness.verbs import tables

    settings = settings_now()
    summary = add_up(Results(settings.results).existing_group(group), suites_now(settings))
    tables.summary(summary, as_json=json, detailed=True)


@app.command()
def report(
    group: GroupName = "latest",
    html: Annotated[bool, typer.Option("--html", help="Write report.html, too: pictures, and their data.")] = False,
) -> None:
    """Write a group's report.md, and with --html report.html, and print where they are."""
    from harness.rates.aggregate import aggregate as add_up
    from harness.report import html as page
    from harness.report import markdown
    from harness.results.layout import Results
    from harness.specs.suites import suites_now

    settings = settings_now()
    folder = Results(settings.results).existing_group(group)
    summary = add_up(folder, suites_now(settings))
    markdown.write(summary, folder.report)
    typer.echo(folder.report)
    if html:
        page.write(folder, summary)
        typer.echo(folder.report_html)


@app.command()
def doctor(json: Json = False) -> None:
    """Check engine, image, disk, memory, GPUs and credentials, and say what to do."""
    from harness.machine.doctor import check_all
    from harness.verbs import tables

    checks = check_all(settings_now())
    tables.checks(checks, as_json=json)
    raise typer.Exit(3 if any(check.status == "fail" for check in checks) else 0)


@app.command()
def agents(json: Json = False) -> None:
    """List the agents that --agent can name, and what stands between each and its candidates."""
    from harness.agents import listing

    listing.show(settings_now(), as_json=json)


@app.command()
def image(
    gpu: Annotated[bool, typer.Option("--gpu", help="The image with torch.")] = False,
    base: Annotated[bool, typer.Option("--base", help="Only the base image, made anew.")] = False,
) -> None:
    """Make the engine and the agent's image ready."""
    from harness.machine.engine import ensure_engine
    from harness.machine.images import ensure_base, ensure_image
    from harness.verbs.progress import say

    settings = settings_now()
    ensure_engine(settings, say)
    if base:
        typer.echo(ensure_base(settings, say, rebuild=True))
        return
    built = ensure_image("gpu" if gpu else "cpu", settings, say)
    typer.echo(f"{built.tag}  {built.digest}")


@app.command()
def clean(
    yes: Yes = False,
    images: Annotated[bool, typer.Option("--images", help="Images of other sources too.")] = False,
) -> None:
    """Remove what dead runs left (containers, workspaces, doors) and, with --images, stale images. Lists them first."""
    from harness.machine import cleaning

    settings = settings_now()
    found = cleaning.find(settings)
    for leftover in found:
        chosen = yes and (images or leftover.kind != "image")
        became = "" if not chosen else ": removed" if leftover.remove() else ": in use, left"
        typer.echo(f"{leftover.kind} {leftover.name}  {leftover.why}{became}")
    typer.echo(cleaning.advice(found, removed=yes, images=images))
