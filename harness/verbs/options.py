"""The options of `podium`'s verbs: each is stated once, with its help, and used by every verb that has it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from harness.contract import Answers, Effort
    from harness.runs.models import Api, ModelOptions
    from harness.verbs.choices import BenchOptions


def path(text: str) -> Path:
    """A path; `~` is the user's home also where no shell has said so, as in `make bench RAW=~/data.zip`."""
    return Path(text).expanduser()


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Competitions = Annotated[
    list[str] | None,
    typer.Argument(metavar="[COMPETITION]...", help="Ids; see: podium list. Or one group.yaml that says it all."),
]
AgentName = Annotated[
    str,
    typer.Option("--agent", help="Agent: aide, aide-mle-bench, best, another (podium agents), or its folder."),
]
ShowAnswers = Annotated[
    bool, typer.Option("--show-answers", help="For test agents that ask for it: the ANSWERS are shown. In no rate.")
]
Model = Annotated[str, typer.Option(help="offline, openai/NAME, anthropic/NAME or compatible/NAME.")]
ReviewModel = Annotated[
    str | None, typer.Option(help="Another model for reviews, such as a cheaper one. [default: --model]")
]
FallbackModel = Annotated[
    str | None, typer.Option(help="Asked where the model declines, can't be had, or gives no usable reply.")
]
Temperature = Annotated[
    float | None, typer.Option(help="Of the coding model. [default: the agent's, none where a model refuses it]")
]
MaxOutputTokens = Annotated[
    int | None, typer.Option(help="Of one reply with code. [default: 8192, of models that think 32768]")
]
ReasoningEffort = Annotated[
    str | None, typer.Option(help="none, minimal, low, medium, high, xhigh or max. [default: the provider's]")
]
AnswersBy = Annotated[
    str, typer.Option("--answers", help="How reviews are asked for: tool, schema or text; what is refused is given up.")
]
ApiName = Annotated[
    str | None,
    typer.Option("--api", help="chat or responses. [default: responses for openai/…, chat for compatible/…]"),
]
SampleFirst = Annotated[
    bool | None,
    typer.Option(
        "--sample-first/--no-sample-first",
        help="Try a script on a sample of large data first; one that fails there is not run. [default: the agent's]",
    ),
]
ReuseOutcomes = Annotated[
    bool | None,
    typer.Option(
        "--reuse-outcomes/--no-reuse-outcomes",
        help="Don't run a program a second time; ask for another, once. [default: the agent's]",
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(min=0, help="Nodes without a better one until a new beginning; 0: never. [default: the agent's]"),
]
LeakageReview = Annotated[
    bool | None,
    typer.Option(
        "--leakage-review/--no-leakage-review",
        help="Have perfect scores and sudden jumps looked at again. [default: the agent's]",
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the search and of the offline coder.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Nodes of the tree. [default: the agent's]")]
Raw = Annotated[
    Path | None, typer.Option(parser=path, metavar="PATH", help="Folder or zip with the competition's raw data.")
]
RawOfSeveral = Annotated[
    Path | None,
    typer.Option(
        "--raw", parser=path, metavar="PATH", help="Raw data: folder or zip; of several, the folder of ID/ and ID.zip."
    ),
]
StandIn = Annotated[
    bool, typer.Option("--stand-in", help="Use synthetic stand-in data even where real data can be had.")
]
Edition = Annotated[str | None, typer.Option(help="Edition of the split. [default: the competition's]")]
GpusText = Annotated[str, typer.Option("--gpus", help="A number, 'all', or GPU ids separated by commas.")]
Prompts = Annotated[
    str | None, typer.Option(help="Prompt set: a name, or a folder of templates. [default: the agent's]")
]
BudgetUsd = Annotated[
    float | None, typer.Option("--budget", min=0, help="US dollars a run. [default: 5 for paid models]")
]
BudgetTokens = Annotated[int | None, typer.Option("--budget-tokens", min=1, help="Tokens a run, in and out.")]
GroupBudgetUsd = Annotated[
    float | None,
    typer.Option("--group-budget", min=0, help="US dollars for all runs of the group, earlier attempts included."),
]
GroupTokens = Annotated[
    int | None, typer.Option("--group-tokens", min=1, help="Tokens for all runs of the group; takes --budget-tokens.")
]
RequestsPerMinute = Annotated[
    float | None,
    typer.Option("--requests-per-minute", min=0.01, help="Model calls, over all runs of a provider's account."),
]
TokensPerMinute = Annotated[
    float | None, typer.Option("--tokens-per-minute", min=1, help="Tokens, over all runs of a provider's account.")
]
Minutes = Annotated[
    float | None, typer.Option("--time-limit", min=0.05, help="Minutes a run, by --clock. [default: the agent's]")
]
ClockName = Annotated[
    str,
    typer.Option("--clock", help="What --time-limit counts: wall, or working (without waiting for providers)."),
]
ScriptMinutes = Annotated[float | None, typer.Option("--script-timeout", min=0.01, help="Minutes a script may run.")]
MemoryGib = Annotated[float | None, typer.Option("--memory", min=0.25, help="GiB a run. [default: 3/4 of the host's]")]
Cpus = Annotated[float | None, typer.Option(min=0.1, help="CPUs a run. [default: all]")]
DiskGib = Annotated[float | None, typer.Option("--disk", min=0.1, help="GiB of workspace a run. [default: 20]")]
Agents = Annotated[
    str, typer.Option("--agent", "--agents", help="Agents, with commas between: aide, best, others, or folders.")
]
Models = Annotated[
    str,
    typer.Option("--model", "--models", help="offline, openai/NAME, anthropic/NAME, compatible/NAME; several: a,b."),
]
PromptSets = Annotated[
    str | None,
    typer.Option("--prompts", help="Prompt sets, by name or folder, with commas between. [default: the agent's]"),
]
Redeclare = Annotated[
    bool,
    typer.Option("--redeclare", help="Let a group's runs be made otherwise: finished ones are run again, and kept."),
]
Group = Annotated[
    str | None, typer.Option(help="Name of the group; run it again to do what is missing. [default: new]")
]
Replay = Annotated[
    Path | None,
    typer.Option(parser=path, metavar="PATH", help="A recorded llm.jsonl that answers instead of the model."),
]
Reuse = Annotated[
    str | None,
    typer.Option(
        "--reuse", metavar="GROUP", help="Recorded answers of this group's same runs, where a request is the same."
    ),
]
Prices = Annotated[
    Path | None,
    typer.Option(parser=path, metavar="PATH", help="YAML with prices of models that are not in the price list."),
]
DescriptionKind = Annotated[
    str,
    typer.Option("--description", help="What the agent is told: own, kaggle, or obfuscated (hides which one it is)."),
]
KaggleDescription = Annotated[
    bool, typer.Option("--kaggle-description", help="Fetch Kaggle's own text too, for --description kaggle.")
]
SearchPolicy = Annotated[
    str | None,
    typer.Option("--search", help="greedy, best-of-n, mcts, evolution or top-k. [default: the agent's, greedy]"),
]
Ensemble = Annotated[
    float | None,
    typer.Option(
        min=0, max=0.9, help="Last part of a run that blends its best nodes, as 0.15; 0: none. [default: the agent's]"
    ),
]
ValidationMode = Annotated[
    str,
    typer.Option(
        "--validation", help="Who scores nodes: self (their scripts), or hidden-split (we, on held-back training rows)."
    ),
]
EgressChoice = Annotated[
    str,
    typer.Option("--egress", help="What may be fetched: none, allowlist:FILE (hosts by name), or open (ANYTHING)."),
]
RuntimeName = Annotated[
    str | None, typer.Option("--runtime", help="OCI runtime of the engine, such as runsc (gVisor). [default: its own]")
]
UseCache = Annotated[
    bool, typer.Option("--cache/--no-cache", help="Show runs without a network what podium cache holds.")
]
Audit = Annotated[
    bool,
    typer.Option("--audit/--no-audit", help="Have rules look over the runs for cheating at the end: podium audit."),
]
Submission = Annotated[Path | None, typer.Option(parser=path, metavar="PATH", help="A submission.csv of your own.")]
Suite = Annotated[str | None, typer.Option(help="All competitions of a suite.")]
Seeds = Annotated[int, typer.Option(min=1, help="How many seeds, counted from --seed.")]
Jobs = Annotated[int, typer.Option(min=1, help="Runs at a time, at most: as many as fit on the machine.")]
RunsPerCpu = Annotated[int | None, typer.Option(min=1, help="How many runs may share a CPU. [default: 1]")]
RunsPerGpu = Annotated[int | None, typer.Option(min=1, help="How many runs may share a GPU. [default: 1]")]
ExecutorText = Annotated[
    str, typer.Option("--executor", help="Where runs are carried out: local, or ray (docs/many-machines.md).")
]
RayAddress = Annotated[
    str | None, typer.Option(help="With --executor ray: the head, HOST:PORT. [default: RAY_ADDRESS]")
]
DataUrl = Annotated[
    str | None, typer.Option(help="With --executor ray: where nodes fetch public data; filled by podium data push.")
]
Registry = Annotated[
    str | None, typer.Option(help="With --executor ray: the registry that gives nodes the image; podium images push.")
]
SendKeys = Annotated[
    bool,
    typer.Option("--send-keys", help="With --executor ray: send model keys to nodes. [default: theirs are used]"),
]
Workers = Annotated[
    int, typer.Option(min=1, max=16, help="Candidates at a time in one run; they divide its memory and CPUs.")
]
Resume = Annotated[
    str | None,
    typer.Option(metavar="GROUP/RUN", help="Go on with a run that was killed or stopped; all else is as it was then."),
]
Anew = Annotated[
    bool, typer.Option("--anew", help="Begin interrupted runs anew, rather than go on from what is kept of them.")
]
LogTarget = Annotated[
    str | None,
    typer.Option(
        "--log",
        metavar="FILE",
        help="One line of JSON an event, added to FILE; - is standard error. [default: PODIUM_LOG, none]",
    ),
]
MetricsPort = Annotated[
    str | None,
    typer.Option(
        "--metrics-port",
        metavar="PORT",
        help="Prometheus metrics on 127.0.0.1:PORT; 0: any free one. [default: none]",
    ),
]
PrepareJobs = Annotated[
    int | None, typer.Option("--jobs", min=1, help="Competitions at a time. [default: one a CPU, at most 4]")
]
GroupName = Annotated[str, typer.Argument(help="Group, folder, or 'latest'.")]
RunName = Annotated[str, typer.Argument(metavar="GROUP/RUN", help="A run, its folder, or 'latest'.")]
Yes = Annotated[bool, typer.Option("--yes", help="Remove; without it, only list.")]


def model_options(
    review: str | None,
    fallback: str | None,
    temperature: float | None,
    max_output_tokens: int | None,
    reasoning_effort: str | None,
    api: str | None,
    answers: str = "tool",
) -> ModelOptions:
    """What a command says of a run's models; it is checked with the other choices."""
    from harness.runs.models import ModelOptions

    return ModelOptions(
        review=review,
        fallback=fallback,
        temperature=temperature,
        max_output_tokens=max_output_tokens,
        reasoning_effort=cast("Effort | None", reasoning_effort),
        api=cast("Api | None", api),
        answers=cast("Answers", answers),
    )


def run_options(
    competitions: tuple[str, ...],
    *,
    agent: str,
    model: str,
    models: ModelOptions,
    seeds: tuple[int, ...],
    steps: int | None,
    budget: float | None,
    prices: Path | None,
    prompts: str | None,
    search: str | None = None,
    raw: Path | None = None,
    stand_in: bool = False,
    gpus: str = "",
    time_limit: float | None = None,
    script_timeout: float | None = None,
    memory: float | None = None,
    cpus: float | None = None,
    disk: float | None = None,
    runtime: str | None = None,
    group: str | None = None,
    jobs: int = 1,
    workers: int = 1,
) -> BenchOptions:
    """What a command says of its runs, each choice by its name and in its unit on the command line."""
    from harness.verbs.choices import BenchOptions

    return BenchOptions(
        competitions=competitions,
        agent=agent,
        model=model,
        models=models,
        seeds=seeds,
        steps=steps,
        budget_usd=budget,
        prices=prices,
        prompts=prompts,
        search=search,
        raw=raw,
        stand_in=stand_in,
        gpus=gpus,
        time_limit_seconds=scaled(time_limit, 60),
        candidate_timeout_seconds=scaled(script_timeout, 60),
        memory_bytes=in_bytes(memory),
        cpus=cpus,
        disk_bytes=in_bytes(disk),
        runtime=runtime,
        group=group,
        jobs=jobs,
        workers=workers,
    )


def default_jobs() -> int:
    """How many competitions are prepared at a time: a large table takes several times its size in memory."""
    return min(4, os.cpu_count() or 1)


def scaled(value: float | None, factor: float) -> float | None:
    """A number in another unit."""
    return None if value is None else value * factor


def in_bytes(gib: float | None) -> int | None:
    """GiB as bytes."""
    return None if gib is None else int(gib * (1 << 30))
