"""The verbs that look after what is kept: `regrade`, `verify`, `reproduce`, `bundle`."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.verbs.options import GroupName, Json, path
from harness.verbs.run_verbs import settings_now

if TYPE_CHECKING:
    from harness.results.verify import Finding

keeping = typer.Typer()

NOT_AS_PUBLISHED = 5
UNCHECKED = 3


@keeping.command()
def regrade(
    group: GroupName = "latest",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    json: Json = False,
) -> None:
    """Grade a group's runs again, after a metric, spec or leaderboard changed; earlier grades are kept."""
    from harness.grading.regrade import regrade as grade_again
    from harness.rates.aggregate import aggregate
    from harness.report import html, markdown
    from harness.results.layout import Results
    from harness.specs.lookup import with_data
    from harness.specs.suites import suites_now
    from harness.verbs import tables_of_records

    settings = settings_now()
    folder = Results(settings.results).existing_group(group)
    made = grade_again(folder, partial(with_data, settings), write=not dry_run)
    if not dry_run and (made.changes or made.first_grades):
        summary = aggregate(folder, suites_now(settings))
        markdown.write(summary, folder.report)
        html.write(folder, summary)
    tables_of_records.regraded(made, as_json=json, dry_run=dry_run)


@keeping.command()
def verify(
    group: Annotated[str, typer.Argument(help="Group, folder, 'latest', or a bundle (.zip).")] = "latest",
    json: Json = False,
) -> None:
    """Recompute every published figure from the raw artefacts: exit 5 where one differs, 3 where one can't be had."""
    from harness.results import bundle as bundles
    from harness.results.layout import Results
    from harness.results.verify import verify as look_again
    from harness.specs.lookup import with_data
    from harness.specs.suites import suites_now
    from harness.verbs import tables_of_records

    settings = settings_now()
    find = partial(with_data, settings)
    if group.endswith(".zip"):
        with tempfile.TemporaryDirectory(prefix="podium-bundle-") as folder:
            findings = look_again(bundles.unpack(path(group), Path(folder)), find, suites_now(settings))
    else:
        findings = look_again(Results(settings.results).existing_group(group), find, suites_now(settings))
    tables_of_records.verified(findings, as_json=json)
    raise typer.Exit(_exit_code(findings))


def _exit_code(findings: list[Finding]) -> int:
    from harness.results.verify import Found

    seen = {finding.found for finding in findings}
    return NOT_AS_PUBLISHED if Found.DIFFERS in seen else UNCHECKED if Found.UNCHECKED in seen else 0


@keeping.command()
def reproduce(run: Annotated[str, typer.Argument(metavar="GROUP/RUN", help="Any run.")], json: Json = False) -> None:
    """Print the commands that repeat a run, and what can't be repeated exactly."""
    from harness.machine import hardware, provenance
    from harness.results.layout import Results
    from harness.results.reproduce import recipe
    from harness.verbs import tables_of_records

    settings = settings_now()
    folder = Results(settings.results).existing_run(run)
    record = folder.read()
    assert record is not None  # existing_run() found it
    code = provenance.code(settings.root, settings.environ)
    tables_of_records.recipe(recipe(folder, record, code=code, host=hardware.host("")), as_json=json)


@keeping.command()
def bundle(
    group: GroupName = "latest",
    out: Annotated[
        Path | None, typer.Option(parser=path, metavar="FILE", help="[default: GROUP.zip in this folder]")
    ] = None,
    transcripts: Annotated[
        bool, typer.Option("--transcripts/--no-transcripts", help="With every model call, or without.")
    ] = True,
) -> None:
    """Pack a group so that others can check it: podium verify FILE. Competition data stay at home."""
    from harness.results.bundle import pack
    from harness.results.layout import Results

    settings = settings_now()
    folder = Results(settings.results).existing_group(group)
    target = out or Path(f"{folder.name}.zip")
    files = pack(folder, target, settings.competitions, transcripts=transcripts)
    typer.echo(f"{target}  {files} files, {target.stat().st_size:,} bytes. To check it: podium verify {target}")
