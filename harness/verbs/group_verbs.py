"""The verbs of a group of runs: `status`, `stop` and `retry`."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from harness.verbs.options import Anew, GroupBudgetUsd, GroupName, GroupTokens, Jobs, Json
from harness.verbs.run_verbs import bench_group, exit_code, settings_now

if TYPE_CHECKING:
    from harness.groups.status import Class, GroupStatus
    from harness.results.layout import GroupFolder

grouping = typer.Typer()
FOLLOW_SECONDS = 2.0


@grouping.command()
def status(
    group: GroupName = "latest",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show it anew every two seconds, until its end.")
    ] = False,
    json: Json = False,
) -> None:
    """Show how a group stands: what runs, what failed and why, what is missing. Works while it runs, and after."""
    from harness.groups.holding import waits_for
    from harness.groups.status import status_of
    from harness.results.layout import Results
    from harness.verbs import status_table

    settings = settings_now()
    folder = Results(settings.results).declared_group(group)

    def read() -> GroupStatus:
        return status_of(folder, status_table.now(), partial(waits_for, settings.environ))

    if not follow:
        status_table.show(read(), as_json=json)
        return
    status_table.follow(read, FOLLOW_SECONDS, as_json=json)


@grouping.command()
def stop(
    group: GroupName = "latest",
    now: Annotated[bool, typer.Option("--now", help="Don't let the running nodes finish.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until nothing of it runs.")] = True,
) -> None:
    """Ask whoever runs a group to end: the running nodes finish, journals are whole; the same command goes on later."""
    from harness.errors import UserError
    from harness.groups import leases
    from harness.results.layout import Results
    from harness.verbs.progress import say

    folder = Results(settings_now().results).declared_group(group)
    there = leases.last(folder)
    if there is None or not there.alive:
        raise UserError(f"nobody is at work on {folder.name}. See: podium status {folder.name}")
    leases.ask(folder, there, at_once=now)
    how = "now" if now else f"when its running nodes are done; not to wait for them: podium stop {folder.name} --now"
    say(f"asked {there.owner} to end {how}")
    while wait and (still := leases.last(folder)) and still.epoch == there.epoch and still.alive:
        time.sleep(0.2)
    if wait:
        say(f"{folder.name} has ended. To go on with it: the same command again; see: podium status {folder.name}")


@grouping.command()
def retry(
    group: GroupName = "latest",
    kinds: Annotated[
        str,
        typer.Option(
            "--class", help="infra, harness, stopped, missing; by name only: agent, timeout, budget, invalid."
        ),
    ] = "infra",
    jobs: Jobs = 1,
    group_budget: GroupBudgetUsd = None,
    group_tokens: GroupTokens = None,
    anew: Anew = False,
    json: Json = False,
) -> None:
    """Run again what failed in a group, by class, as it was declared; what was interrupted goes on from its journal."""
    from harness.errors import UserError
    from harness.groups import declared
    from harness.groups.matrix import split
    from harness.groups.status import OUTCOMES
    from harness.results.layout import Results
    from harness.verbs.progress import say

    settings = settings_now()
    folder = Results(settings.results).declared_group(group)
    known = declared.read(folder)
    if known is None:
        raise UserError(f"{folder.path} has no group.json: it was made by an earlier version. Run its command again")
    wanted = _classes(split(kinds))
    chosen = {name: kind for name, kind in _by_class(folder, known.cells()).items() if kind in wanted}
    if not chosen:
        say(f"nothing in {folder.name} is {' or '.join(wanted)}. See: podium status {folder.name}")
        raise typer.Exit
    whole = known.matrix()
    matrix = replace(
        whole,
        competitions=tuple(id for id in whole.competitions if any(name.startswith(f"{id}--") for name in chosen)),
        options=replace(
            whole.options,
            jobs=jobs,
            anew=anew,
            group_budget_usd=whole.options.group_budget_usd if group_budget is None else group_budget,
            group_tokens=group_tokens or whole.options.group_tokens,
        ),
    )
    say(f"running {len(chosen)} runs of {folder.name} again: {', '.join(sorted(set(chosen.values())))}")
    again = frozenset(name for name, kind in chosen.items() if kind in OUTCOMES)
    summary = bench_group(settings, matrix.options, as_json=json, matrix=matrix, only=frozenset(chosen), again=again)
    raise typer.Exit(exit_code(summary, graded=known.graded))


def _classes(words: list[str]) -> list[Class]:
    from harness.errors import UserError
    from harness.groups.status import CLASSES

    known = [kind for kind in CLASSES if kind in words]
    if unknown := [word for word in words if word not in CLASSES]:
        there = "; ".join(f"{kind}: {what}" for kind, what in CLASSES.items())
        raise UserError(f"--class {unknown[0]}: there is no such class. There are: {there}")
    return known


def _by_class(folder: GroupFolder, cells: list[str]) -> dict[str, Class | None]:
    from harness.groups.status import class_of

    found: dict[str, Class | None] = {}
    for name in cells:
        run = folder.run(name)
        record = run.read()
        found[name] = "missing" if record is None else class_of(run, record)
    return found
