"""The verbs that write what other tools read: `podium export …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.options import GroupName, Json, path
from harness.run_verbs import settings_now

exports = typer.Typer(help="Write runs in the formats of other tools.")


@exports.callback()
def _group() -> None:
    """Keep `podium export` a group of verbs, also while it has one."""


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
    from harness import tables
    from harness.export_mle_bench import export
    from harness.results import Results

    folder = Results(settings_now().results).existing_group(group)
    made = export(folder, into or folder.path / "mle-bench", pad=pad)
    tables.exported(made, as_json=json)
