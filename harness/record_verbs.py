"""The verbs that look after what is kept: `regrade`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from harness.options import GroupName, Json
from harness.run_verbs import settings_now

keeping = typer.Typer()


@keeping.command()
def regrade(
    group: GroupName = "latest",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    json: Json = False,
) -> None:
    """Grade a group's runs again, after a metric, spec or leaderboard changed; earlier grades are kept."""
    from harness import tables_of_records
    from harness.aggregate import aggregate
    from harness.lookup import with_data
    from harness.regrade import regrade as grade_again
    from harness.report import html, markdown
    from harness.results import Results
    from harness.suites import suites_now

    settings = settings_now()
    folder = Results(settings.results).existing_group(group)
    made = grade_again(folder, partial(with_data, settings), write=not dry_run)
    if not dry_run and (made.changes or made.first_grades):
        summary = aggregate(folder, suites_now(settings))
        markdown.write(summary, folder.report)
        html.write(folder, summary)
    tables_of_records.regraded(made, as_json=json, dry_run=dry_run)
