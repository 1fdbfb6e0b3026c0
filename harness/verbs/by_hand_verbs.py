"""`podium gateway`: the host's side of a run, for an agent that is started by hand, outside a container."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.verbs.options import (
    AgentName,
    ApiName,
    BudgetUsd,
    FallbackModel,
    MaxOutputTokens,
    Minutes,
    Model,
    Prices,
    Prompts,
    Raw,
    ReasoningEffort,
    ReviewModel,
    ScriptMinutes,
    SearchPolicy,
    Seed,
    StandIn,
    Steps,
    Temperature,
    model_options,
    path,
    run_options,
)
from harness.verbs.run_verbs import settings_now

by_hand = typer.Typer()


@by_hand.command()
def gateway(
    competition: Annotated[str, typer.Argument(metavar="COMPETITION", help="See: podium list")],
    into: Annotated[
        Path, typer.Option(parser=path, metavar="FOLDER", help="A new folder for the journal, the calls and the nodes.")
    ] = Path("by-hand"),
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
    raw: Raw = None,
    stand_in: StandIn = False,
    prompts: Prompts = None,
    budget: BudgetUsd = None,
    time_limit: Minutes = None,
    script_timeout: ScriptMinutes = None,
    prices: Prices = None,
    search: SearchPolicy = None,
) -> None:
    """Serve a run's gateway without a container, for python -m agent --unsafe-no-sandbox, whose scripts run as you."""
    from harness.runs.by_hand import serve
    from harness.runs.interrupt import orderly_interrupts
    from harness.runs.stopping import StopFlag
    from harness.verbs.progress import say

    options = run_options(
        (competition,),
        agent=agent,
        model=model,
        models=model_options(review_model, fallback_model, temperature, max_output_tokens, reasoning_effort, api),
        seeds=(seed,),
        steps=steps,
        budget=budget,
        prices=prices,
        prompts=prompts,
        search=search,
        raw=raw,
        stand_in=stand_in,
        time_limit=time_limit,
        script_timeout=script_timeout,
    )
    stop = StopFlag()
    with orderly_interrupts(stop, say):
        heard = serve(settings_now(), options, into.absolute(), say, stop)
    typer.echo(f"{heard.nodes} nodes, best {heard.best or 'none'}; {heard.ended or 'stopped'}")
    if heard.best is not None:
        submission = into / "nodes" / heard.best / "submission.csv"
        typer.echo(f"podium grade --competition {competition} --submission {submission}")
    raise typer.Exit(0 if heard.best is not None else 4)
