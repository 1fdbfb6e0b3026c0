"""The verbs that set two groups against each other: `compare`, `power`, and `regress`, which runs both first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.verbs.options import (
    AgentName,
    ApiName,
    BudgetUsd,
    Competitions,
    Cpus,
    DiskGib,
    FallbackModel,
    Jobs,
    Json,
    MaxOutputTokens,
    MemoryGib,
    Model,
    Prices,
    ReasoningEffort,
    ReviewModel,
    RuntimeName,
    Seeds,
    StandIn,
    Steps,
    Suite,
    Temperature,
    model_options,
    path,
    run_options,
)
from harness.verbs.run_verbs import settings_now

if TYPE_CHECKING:
    from harness.comparing.comparison import Comparison, Pairing
    from harness.config import Settings
    from harness.verbs.choices import BenchOptions

comparing = typer.Typer()

GATE_FAILED = 5
FailOn = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-on", metavar="WHAT", help="Exit with 5 if B is: worse; or cannot-rule-out-worse:2pp. May be repeated."
    ),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", help="Only this one, such as any_medal; p is corrected for fewer. May be repeated."),
]
Paired = Annotated[
    str | None, typer.Option("--pair-by", help="competition, or seed. [default: seed only for offline and replay]")
]
PromptFolders = Annotated[
    list[Path] | None,
    typer.Option("--prompts", parser=path, metavar="FOLDER", help="A prompt set, for the diff. May be repeated."),
]
GroupA = Annotated[str, typer.Argument(metavar="A", help="Group before the change, or its folder.")]
GroupB = Annotated[str, typer.Argument(metavar="B", help="Group after the change, its folder, or 'latest'.")]


@comparing.command()
def compare(
    a: GroupA,
    b: GroupB,
    suite: Suite = None,
    metric: Metrics = None,
    pair_by: Paired = None,
    prompts: PromptFolders = None,
    without_flagged: Annotated[
        bool, typer.Option("--without-flagged", help="Leave out runs that podium audit flagged.")
    ] = False,
    fail_on: FailOn = None,
    json: Json = False,
) -> None:
    """Say whether group B did better than A, worse, or whether one can't tell; writes B's comparison.json."""
    from harness.comparing.compare import check

    check(metric or [], fail_on or [])
    settings = settings_now()
    members = _members(settings, suite)
    made = _compared(settings, a, b, members, metric or [], pair_by, prompts or [], without_flagged=without_flagged)
    raise typer.Exit(_told(made, fail_on or [], as_json=json))


@comparing.command()
def power(
    group: Annotated[str, typer.Argument(help="Group whose rates are taken, or 'latest'.")] = "latest",
    difference: Annotated[float, typer.Option(min=0.1, max=100, help="Percentage points that should be found.")] = 5.0,
    metric: Annotated[str, typer.Option(help="any_medal, valid_submission, above_median or percentile.")] = "any_medal",
    wanted: Annotated[float, typer.Option("--power", min=0.05, max=0.99, help="How surely it should be found.")] = 0.8,
    metrics_read: Annotated[int, typer.Option("--metrics-read", min=1, help="Metrics that p is corrected for.")] = 1,
    suite: Suite = None,
    json: Json = False,
) -> None:
    """Say how many seeds a side would find a difference, by simulation from a group's own rates."""
    from harness.comparing.power_plan import plan
    from harness.results.layout import Results

    settings = settings_now()
    folder = Results(settings.results).existing_group(group)
    found = plan(
        folder, metric, difference, wanted=wanted, metrics_read=metrics_read, members=_members(settings, suite)
    )
    if json:
        typer.echo(found.model_dump_json(indent=2))
        return
    for seeds, share in found.power_by_seeds.items():
        typer.echo(f"{seeds:>4} seeds a side: finds {difference:g} pp in {100 * share:.0f} % of comparisons")
    typer.echo(found.sentence)


@comparing.command()
def regress(
    base: Annotated[str, typer.Argument(metavar="BASE", help="Prompt set before the change: a name or a folder.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Prompt set after the change.")],
    competitions: Competitions = None,
    suite: Suite = None,
    agent: AgentName = "aide",
    model: Model = "offline",
    review_model: ReviewModel = None,
    fallback_model: FallbackModel = None,
    temperature: Temperature = None,
    max_output_tokens: MaxOutputTokens = None,
    reasoning_effort: ReasoningEffort = None,
    api: ApiName = None,
    seeds: Seeds = 3,
    steps: Steps = None,
    stand_in: StandIn = False,
    budget: BudgetUsd = None,
    memory: MemoryGib = None,
    cpus: Cpus = None,
    disk: DiskGib = None,
    runtime: RuntimeName = None,
    jobs: Jobs = 1,
    prices: Prices = None,
    group: Annotated[
        str, typer.Option(help="How their groups' names start; run again, only what is missing is run.")
    ] = "regress",
    reuse: Annotated[
        bool, typer.Option("--reuse", help="NEW takes BASE's recorded answers to the same requests, for nothing.")
    ] = False,
    metric: Metrics = None,
    fail_on: FailOn = None,
    json: Json = False,
) -> None:
    """Run two prompt sets on the same competitions and seeds, what is missing of them, and compare."""
    from harness.comparing.compare import check
    from harness.verbs.choices import parse_seeds, select

    check(metric or [], fail_on or [])
    settings = settings_now()
    chosen = select(competitions or [], suite, lambda _: _members(settings, suite) or [])
    names = _groups(settings, base, new, f"{group}-{model}")
    missing = False
    for prompts, name in zip((base, new), names, strict=True):
        options = run_options(
            chosen,
            agent=agent,
            model=model,
            models=model_options(review_model, fallback_model, temperature, max_output_tokens, reasoning_effort, api),
            seeds=parse_seeds(0, seeds),
            steps=steps,
            budget=budget,
            prices=prices,
            prompts=prompts,
            stand_in=stand_in,
            memory=memory,
            cpus=cpus,
            disk=disk,
            runtime=runtime,
            group=name,
            jobs=jobs,
        )
        recorded = names[0] if reuse and name == names[1] else None
        missing |= _run(settings, replace(options, reuse=recorded))
    made = _compared(settings, *names, chosen, metric or [], None, [])
    code = _told(made, fail_on or [], as_json=json)
    raise typer.Exit(code or (3 if missing else 0))


def _groups(settings: Settings, base: str, new: str, start: str) -> tuple[str, str]:
    """The groups' names go by what the prompts say: a set that was run stays run, an edited one is another."""
    from harness.errors import UserError
    from harness.results.layout import NAME_CHARACTERS
    from harness.runs import promptset

    sets = [promptset.find(name, settings.prompts) for name in (base, new)]
    if sets[0].sha256 == sets[1].sha256:
        raise UserError(f"{base} and {new} hold the same prompts: there is nothing to compare")
    texts = (f"{start}-{one.name}-{one.sha256[:8]}" for one in sets)
    first, second = ("".join(c if c in NAME_CHARACTERS else "-" for c in text) for text in texts)
    return first, second


def _run(settings: Settings, options: BenchOptions) -> bool:
    """Run what is missing of one side; tell whether anything still is."""
    from harness.runs.bench import Bench
    from harness.verbs.progress import say

    return Bench(settings, options, say).run().missing > 0


def _compared(
    settings: Settings,
    a: str,
    b: str,
    members: Sequence[str] | None,
    metrics: list[str],
    pair_by: str | None,
    prompts: list[Path],
    *,
    without_flagged: bool = False,
) -> Comparison:
    from harness.comparing import compare as comparison
    from harness.results.layout import Results

    groups = [Results(settings.results).existing_group(name) for name in (a, b)]
    made = comparison.compare(
        *groups,
        metrics=metrics or tuple(comparison.METRICS),
        pairing=_pairing(pair_by),
        prompt_places=[*prompts, settings.prompts],
        members=members,
        without_flagged=without_flagged,
    )
    comparison.write(made, groups[1].comparison)
    return made


def _told(made: Comparison, fail_on: list[str], *, as_json: bool) -> int:
    """Print the comparison, and each gate that failed; return the exit code."""
    from harness.comparing import comparison_table
    from harness.comparing.compare import gates

    failed = gates(made, fail_on)
    if as_json:
        typer.echo(made.model_dump_json(indent=2))
    else:
        comparison_table.show(made)
    for words in failed:
        typer.echo(f"podium: gate failed: {words}", err=True)
    return GATE_FAILED if failed else 0


def _pairing(text: str | None) -> Pairing | None:
    from harness.errors import UserError

    if text not in (None, "competition", "seed"):
        raise UserError(f"--pair-by {text}: say competition or seed")
    return text  # type: ignore[return-value]  # one of the two, by the line above


def _members(settings: Settings, suite: str | None) -> list[str] | None:
    from harness.specs import catalogue

    return None if suite is None else [item.id for item in catalogue.of(settings).in_suite(suite)]
