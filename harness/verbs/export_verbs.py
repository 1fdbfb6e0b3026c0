"""The verbs that write what people keep and other tools read: `podium export …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.verbs.options import GroupName, Json, RunName, path
from harness.verbs.run_verbs import settings_now

if TYPE_CHECKING:
    from harness.results.layout import RunFolder, RunRecord

exports = typer.Typer(help="Write a run's best solution, its tree, or runs in the formats of other tools.")
Into = Annotated[
    Path | None, typer.Option(parser=path, metavar="FOLDER", help="Where to write. [default: the run's folder]")
]


@exports.command()
def solution(
    run: RunName = "latest",
    into: Into = None,
    notebook: Annotated[bool, typer.Option("--notebook", help="As a Jupyter notebook instead.")] = False,
) -> None:
    """Write a run's best solution as a script that says where it came from; print where it is."""
    _write_solution(run, into, ("ipynb",) if notebook else ("py",))


@exports.command("notebook")
def notebook_(run: RunName = "latest", into: Into = None) -> None:
    """Write a run's best solution as a Jupyter notebook: plan, code in cells, output, scores."""
    _write_solution(run, into, ("ipynb",))


@exports.command()
def tree(
    run: RunName = "latest",
    into: Into = None,
    png: Annotated[bool, typer.Option("--png", help="Draw tree.png, too.")] = False,
) -> None:
    """Write a run's search tree as tree.json and tree.svg; print where they are."""
    from harness.results import export_run

    folder, record = _run(run)
    kinds = ("json", "svg", "png") if png else ("json", "svg")
    for file in export_run.tree(folder, record, into or folder.path, kinds):
        typer.echo(file)


def _write_solution(run: str, into: Path | None, kinds: tuple[str, ...]) -> None:
    from harness.results import export_run

    folder, record = _run(run)
    for file in export_run.solution(folder, record, into or folder.path, kinds):
        typer.echo(file)


def _run(name: str) -> tuple[RunFolder, RunRecord]:
    from harness.results.layout import Results
    from harness.runs.lost import as_it_stands

    folder = Results(settings_now().results).existing_run(name)
    record = folder.read()
    assert record is not None  # existing_run found it
    return folder, as_it_stands(record)


@exports.command("mle-bench")
def mle_bench(
    group: GroupName = "latest",
    into: Annotated[
        Path | None, typer.Option(parser=path, metavar="FOLDER", help="[default: mle-bench/ in the group's folder]")
    ] = None,
    pad: Annotated[bool, typer.Option("--pad", help="Write missing runs too, as failures.")] = False,
    json: Json = False,
) -> None:
    """Write grading reports, one a seed, that MLE-bench's own aggregation accepts."""
    from harness.results.export_mle_bench import export
    from harness.results.layout import Results
    from harness.verbs import tables

    folder = Results(settings_now().results).existing_group(group)
    made = export(folder, into or folder.path / "mle-bench", pad=pad)
    tables.exported(made, as_json=json)


@exports.command("inspect")
def inspect_(run: RunName = "latest", into: Into = None) -> None:
    """Write a log that Inspect's viewer opens (inspect view --log-dir FOLDER); print where it is."""
    from harness.results.export_inspect import export

    folder, record = _run(run)
    typer.echo(export(folder, record, into or folder.path))
