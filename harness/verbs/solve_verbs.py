"""`podium solve`: a folder of data that is no competition, to the best solution of a run on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.verbs.options import (
    AgentName,
    ApiName,
    BudgetUsd,
    Cpus,
    DiskGib,
    FallbackModel,
    GpusText,
    Group,
    Json,
    MaxOutputTokens,
    MemoryGib,
    Minutes,
    Model,
    Prices,
    Prompts,
    ReasoningEffort,
    ReviewModel,
    RuntimeName,
    ScriptMinutes,
    SearchPolicy,
    Seed,
    Steps,
    Temperature,
    Workers,
    Yes,
    model_options,
    path,
    run_options,
)
from harness.verbs.run_verbs import settings_now

solving = typer.Typer()


@solving.command()
def solve(
    data: Annotated[
        Path, typer.Argument(parser=path, metavar="DATA", help="A folder with train.csv (and test.csv), or one CSV.")
    ],
    goal: Annotated[str | None, typer.Option(help="What is to be predicted, in your words.")] = None,
    metric: Annotated[
        str | None, typer.Option(help="A metric, or words that name one. [default: accuracy for classes, else rmse]")
    ] = None,
    target: Annotated[str | None, typer.Option(help="The column to predict. [default: where it is certain]")] = None,
    id_column: Annotated[str | None, typer.Option("--id", help="The column that names a row, if there is one.")] = None,
    train: Annotated[str | None, typer.Option(metavar="FILE", help="The labelled table. [default: train.csv]")] = None,
    test_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="The table to predict. [default: test.csv, if there is one]")
    ] = None,
    hold_out: Annotated[
        float, typer.Option(min=0.01, max=0.9, help="Share of the rows held out where there is no test file.")
    ] = 0.2,
    out: Annotated[
        Path | None, typer.Option(parser=path, metavar="FOLDER", help="Where the solution goes. [default: by its name]")
    ] = None,
    agent: AgentName = "aide",
    model: Model = "offline",
    review_model: ReviewModel = None,
    fallback_model: FallbackModel = None,
    temperature: Temperature = None,
    max_output_tokens: MaxOutputTokens = None,
    reasoning_effort: ReasoningEffort = None,
    api: ApiName = None,
    seed: Seed = 0,
    steps: Steps = None,
    gpus: GpusText = "",
    prompts: Prompts = None,
    budget: BudgetUsd = None,
    time_limit: Minutes = None,
    script_timeout: ScriptMinutes = None,
    memory: MemoryGib = None,
    cpus: Cpus = None,
    disk: DiskGib = None,
    runtime: RuntimeName = None,
    group: Group = None,
    prices: Prices = None,
    search: SearchPolicy = None,
    workers: Workers = 1,
    json: Json = False,
) -> None:
    """Find the best solution for a folder of data of your own, in the box; write it with predictions and report."""
    from harness.runs.dataset import Choices
    from harness.runs.solving import Wanted
    from harness.runs.solving import solve as find_best
    from harness.verbs import tables
    from harness.verbs.progress import say

    wanted = Wanted(data, goal, metric, Choices(train, test_file, target, id_column), hold_out)
    options = run_options(
        (),
        agent=agent,
        model=model,
        models=model_options(review_model, fallback_model, temperature, max_output_tokens, reasoning_effort, api),
        seeds=(seed,),
        steps=steps,
        budget=budget,
        prices=prices,
        prompts=prompts,
        search=search,
        gpus=gpus,
        time_limit=time_limit,
        script_timeout=script_timeout,
        memory=memory,
        cpus=cpus,
        disk=disk,
        runtime=runtime,
        group=group,
        workers=workers,
    )
    solved = find_best(wanted, options, settings_now(), out=out, say=say)
    tables.solved(solved, as_json=json)
    raise typer.Exit(0 if solved.code is not None else 4)


@solving.command()
def forget(
    competitions: Annotated[
        list[str] | None, typer.Argument(metavar="[COMPETITION]...", help="Those of `podium solve`. [default: all]")
    ] = None,
    yes: Yes = False,
) -> None:
    """Remove the competitions that `podium solve` made, with their prepared data; results stay. Lists them first."""
    from harness.data import forgetting

    settings = settings_now()
    found = forgetting.find(settings, competitions or [])
    for one in found:
        if yes:
            forgetting.forget(settings, one)
        typer.echo(f"{one.id}  {one.bytes / 1e6:.1f} MB{': removed' if yes else ''}")
    if not found:
        typer.echo("podium solve has made no competition that is still here")
    elif not yes:
        typer.echo("nothing removed; to remove them: podium forget --yes, or one: podium forget COMPETITION --yes")
