"""The verbs that run agents: `bench`, `run` and `smoke`. The others are in `cli.py`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from harness.verbs.options import (
    Agents,
    Anew,
    AnswersBy,
    ApiName,
    Audit,
    BudgetTokens,
    BudgetUsd,
    ClockName,
    Competitions,
    Cpus,
    DataUrl,
    DescriptionKind,
    DiskGib,
    Edition,
    EgressChoice,
    Ensemble,
    ExecutorText,
    FallbackModel,
    GpusText,
    Group,
    GroupBudgetUsd,
    GroupTokens,
    Jobs,
    Json,
    LeakageReview,
    LogTarget,
    MaxOutputTokens,
    MemoryGib,
    MetricsPort,
    Minutes,
    Model,
    Models,
    Patience,
    Prices,
    PromptSets,
    Raw,
    RayAddress,
    ReasoningEffort,
    Redeclare,
    Registry,
    Replay,
    RequestsPerMinute,
    Resume,
    Reuse,
    ReuseOutcomes,
    ReviewModel,
    RunsPerCpu,
    RunsPerGpu,
    RuntimeName,
    SampleFirst,
    ScriptMinutes,
    SearchPolicy,
    Seed,
    Seeds,
    SendKeys,
    ShowAnswers,
    StandIn,
    Steps,
    Suite,
    Temperature,
    TokensPerMinute,
    UseCache,
    ValidationMode,
    Workers,
    model_options,
    run_options,
)

if TYPE_CHECKING:
    from harness.config import Settings
    from harness.groups.matrix import Matrix
    from harness.rates.aggregate import Summary
    from harness.verbs.choices import BenchOptions
    from harness.watch.watching import WatchOptions

runs = typer.Typer()


def settings_now() -> Settings:
    """The settings of this command."""
    from harness.config import load

    return load(os.environ)


def _runs(doc: str, *, graded: bool) -> Callable[..., None]:
    """`bench` and `run` are one command with one set of options; the second leaves the grading to `podium grade`."""

    def command(
        competitions: Competitions = None,
        suite: Suite = None,
        agent: Agents = "aide",
        model: Models = "offline",
        seed: Seed = 0,
        seeds: Seeds = 1,
        steps: Steps = None,
        raw: Raw = None,
        stand_in: StandIn = False,
        edition: Edition = None,
        gpus: GpusText = "",
        prompts: PromptSets = None,
        budget: BudgetUsd = None,
        budget_tokens: BudgetTokens = None,
        group_budget: GroupBudgetUsd = None,
        group_tokens: GroupTokens = None,
        requests_per_minute: RequestsPerMinute = None,
        tokens_per_minute: TokensPerMinute = None,
        time_limit: Minutes = None,
        clock: ClockName = "wall",
        script_timeout: ScriptMinutes = None,
        memory: MemoryGib = None,
        cpus: Cpus = None,
        disk: DiskGib = None,
        group: Group = None,
        redeclare: Redeclare = False,
        jobs: Jobs = 1,
        runs_per_cpu: RunsPerCpu = None,
        runs_per_gpu: RunsPerGpu = None,
        workers: Workers = 1,
        replay: Replay = None,
        reuse: Reuse = None,
        prices: Prices = None,
        description: DescriptionKind = "own",
        search: SearchPolicy = None,
        ensemble: Ensemble = None,
        show_answers: ShowAnswers = False,
        review_model: ReviewModel = None,
        fallback_model: FallbackModel = None,
        temperature: Temperature = None,
        max_output_tokens: MaxOutputTokens = None,
        reasoning_effort: ReasoningEffort = None,
        answers: AnswersBy = "tool",
        api: ApiName = None,
        sample_first: SampleFirst = None,
        leakage_review: LeakageReview = None,
        reuse_outcomes: ReuseOutcomes = None,
        patience: Patience = None,
        resume: Resume = None,
        anew: Anew = False,
        validation: ValidationMode = "self",
        log: LogTarget = None,
        metrics_port: MetricsPort = None,
        egress: EgressChoice = "none",
        runtime: RuntimeName = None,
        cache: UseCache = True,
        executor: ExecutorText = "local",
        ray_address: RayAddress = None,
        data_url: DataUrl = None,
        registry: Registry = None,
        send_keys: SendKeys = False,
        audit: Audit = True,
        json: Json = False,
    ) -> None:
        from harness.egress.choice import absolute
        from harness.groups import matrix as matrices
        from harness.groups.elsewhere import Where, parse_executor
        from harness.runs.presets import Gates
        from harness.specs.descriptions import parse as parse_kind
        from harness.verbs.choices import parse_clock, parse_seeds, parse_validation, select
        from harness.watch.watching import WatchOptions

        settings = settings_now()
        watch = WatchOptions.of(settings.environ).chosen(log, metrics_port)
        where = Where(parse_executor(executor), ray_address, data_url, registry, send_keys)
        if resume is not None:
            chosen = _resumed(settings, resume, graded=graded, named=bool(competitions or suite))
            chosen = replace(chosen, where=where, anew=anew, audited=audit)
            raise typer.Exit(exit_code(bench_group(settings, chosen, as_json=json, watch=watch), graded=graded))
        by_file = matrices.is_file(competitions or [])
        of_group: dict[str, Any] = {
            "group_budget_usd": group_budget,
            "group_tokens": group_tokens,
            "requests_per_minute": requests_per_minute,
            "tokens_per_minute": tokens_per_minute,
            "runs_per_cpu": runs_per_cpu,
            "runs_per_gpu": runs_per_gpu,
        }
        of_group = {name: value for name, value in of_group.items() if value is not None}
        arms = matrices.crossed(matrices.split(agent), matrices.split(model), matrices.split(prompts) or [None])
        named = ("-",) if by_file else select(competitions or [], suite, lambda name: _suite(settings, name))
        usual = run_options(
            named,
            agent=arms[0].agent,
            model=arms[0].model,
            models=model_options(
                review_model, fallback_model, temperature, max_output_tokens, reasoning_effort, api, answers
            ),
            seeds=parse_seeds(seed, seeds),
            steps=steps,
            budget=budget,
            prices=prices,
            prompts=arms[0].prompts,
            search=search,
            raw=raw,
            stand_in=stand_in,
            gpus=gpus,
            time_limit=time_limit,
            script_timeout=script_timeout,
            memory=memory,
            cpus=cpus,
            disk=disk,
            runtime=runtime,
            group=group,
            jobs=jobs,
            workers=workers,
        )
        options = replace(
            usual,
            edition=edition,
            budget_tokens=budget_tokens,
            clock=parse_clock(clock),
            graded=graded,
            audited=audit,
            anew=anew,
            replay=replay,
            reuse=reuse,
            description=parse_kind(description),
            ensemble=ensemble,
            show_answers=show_answers,
            gates=Gates(sample_first, leakage_review, reuse_outcomes, patience),
            validation=parse_validation(validation),
            egress=absolute(egress),
            cache=cache,
            where=where,
            **of_group,
        )
        if by_file:
            several = len(arms) > 1 or bool(suite)
            matrix = _read(settings, Path((competitions or [])[0]), options, of_group, several=several)
        else:
            matrix = matrices.Matrix(options.competitions, arms, options.seeds, options)
        summary = bench_group(settings, matrix.options, as_json=json, matrix=matrix, redeclare=redeclare, watch=watch)
        raise typer.Exit(exit_code(summary, graded=graded))

    command.__doc__ = doc
    return command


runs.command("bench")(_runs("Prepare, run, grade and report competitions: the whole path.", graded=True))
runs.command("run")(_runs("Prepare and run competitions, without grading.", graded=False))


@runs.command()
def smoke(model: Model = "offline", json: Json = False) -> None:
    """Try a model for real: three steps on a small bundled competition, for less than $0.25."""
    from harness.runs.models import ModelOptions
    from harness.verbs.choices import BenchOptions

    options = BenchOptions(
        competitions=("breast-cancer-wisconsin",),
        model=model,
        steps=3,
        budget_usd=0.25,
        models=ModelOptions(max_output_tokens=8192),  # the most that a reply may cost must fit into the budget
    )
    raise typer.Exit(exit_code(bench_group(settings_now(), options, as_json=json)))


def _resumed(settings: Settings, run: str, *, graded: bool, named: bool) -> BenchOptions:
    """The choices of the run that is gone on with; it is one that can be."""
    from harness.errors import UserError
    from harness.runs import resume

    if named:
        raise UserError(f"--resume {run} names the run; leave competitions and --suite out")
    record = resume.existing(settings.results, run).read()
    assert record is not None
    return resume.options_of(record, graded=graded)


def _read(settings: Settings, path: Path, flags: BenchOptions, of_group: dict[str, Any], *, several: bool) -> Matrix:
    """The group that a file declares; of the flags only those count that decide nothing of a run, and they win."""
    from harness.errors import UserError
    from harness.groups import matrix as matrices
    from harness.verbs.choices import GROUP_FLAGS

    words = flags.arguments("-", flags.seeds[0])[3:]
    if words or several or flags.seeds != (0,):
        said = words[0] if words else "the rest of the command"
        raise UserError(
            f"{path} says what is run, so leave {said} out, or say it there. These may be given: --jobs, --group, "
            f"{', '.join(GROUP_FLAGS.values())}"
        )
    matrix = matrices.read(path, lambda name: _suite(settings, name))
    options = replace(
        matrix.options,
        jobs=flags.jobs if flags.jobs > 1 else matrix.options.jobs,
        group=flags.group or matrix.options.group,
        graded=flags.graded,
        audited=flags.audited,
        anew=flags.anew,
        where=flags.where,
        **of_group,
    )
    return replace(matrix, options=options)


def bench_group(
    settings: Settings,
    options: BenchOptions,
    *,
    as_json: bool,
    matrix: Matrix | None = None,
    only: frozenset[str] | None = None,
    again: frozenset[str] = frozenset(),
    redeclare: bool = False,
    watch: WatchOptions | None = None,
) -> Summary:
    from harness.runs.bench import Bench
    from harness.verbs import tables
    from harness.verbs.progress import say

    bench = Bench(settings, options, say, matrix=matrix, only=only, again=again, redeclare=redeclare, watch=watch)
    summary = bench.run()
    tables.summary(summary, as_json=as_json)
    if not as_json:
        typer.echo(f"\nrecords  {_from_here(bench.group().path)}\nreport   {_from_here(bench.group().report)}")
    return summary


def _from_here(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _suite(settings: Settings, name: str) -> list[str]:
    from harness.specs import catalogue

    return [item.id for item in catalogue.of(settings).in_suite(name)]


def exit_code(summary: Summary, *, graded: bool = True) -> int:
    if summary.missing:
        return 3
    return 0 if not graded or any(row.valid for row in summary.rows) else 4
