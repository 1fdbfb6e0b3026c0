"""`podium`: one function a verb. Parses, calls, prints; decides nothing.

Exit codes: 0 done, 1 our bug, 2 the user's error, 3 infrastructure (a group: while any run is missing), 4 no valid
submission, 5 a comparison's gate failed. Imports of the heavy parts wait until their verb runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.errors import PodiumError, UserError

if TYPE_CHECKING:
    from harness.aggregate import Summary
    from harness.bench import BenchOptions
    from harness.config import Settings

app = typer.Typer(
    help="Run machine-learning-engineering agents on Kaggle-style competitions, each in a hardened container.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Competitions = Annotated[list[str] | None, typer.Argument(metavar="[COMPETITION]...", help="Ids; see: podium list")]
AgentName = Annotated[str, typer.Option("--agent", help="Agent configuration: aide, aide-mle-bench.")]
Model = Annotated[str, typer.Option(help="offline, openai/NAME, anthropic/NAME or compatible/NAME.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the search and of the offline coder.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Nodes of the tree. [default: the agent's]")]
Raw = Annotated[Path | None, typer.Option(help="Folder or zip with the competition's raw data.")]
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
Minutes = Annotated[
    float | None, typer.Option("--time-limit", min=0.05, help="Minutes of wall clock. [default: the agent's]")
]
ScriptMinutes = Annotated[float | None, typer.Option("--script-timeout", min=0.01, help="Minutes a script may run.")]
MemoryGib = Annotated[float | None, typer.Option("--memory", min=0.25, help="GiB a run. [default: 3/4 of the host's]")]
Cpus = Annotated[float | None, typer.Option(min=0.1, help="CPUs a run. [default: all]")]
DiskGib = Annotated[float | None, typer.Option("--disk", min=0.1, help="GiB of workspace a run. [default: 20]")]
Group = Annotated[
    str | None, typer.Option(help="Name of the group; run it again to do what is missing. [default: new]")
]
Replay = Annotated[Path | None, typer.Option(help="A recorded llm.jsonl that answers instead of the model.")]
Prices = Annotated[Path | None, typer.Option(help="YAML with prices of models that are not in the price list.")]


def main() -> None:
    """Run the command line; turn known errors into one line and an exit code."""
    try:
        app()
    except PodiumError as error:
        typer.echo(f"podium: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("podium: interrupted; what was finished is kept", err=True)
        sys.exit(130)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        import harness

        typer.echo(harness.__version__)
        raise typer.Exit


@app.command("list")
def list_competitions(
    suite: Annotated[str | None, typer.Option(help="Only this suite.")] = None, json: Json = False
) -> None:
    """List the competitions."""
    from harness import competition as competitions
    from harness import tables

    settings = _settings()
    found = competitions.load_all(settings.competitions)
    tables.competitions(competitions.in_suite(found, suite) if suite else found, settings.data, as_json=json)


@app.command()
def prepare(
    competition: str, raw: Raw = None, stand_in: StandIn = False, edition: Edition = None, json: Json = False
) -> None:
    """Make a competition's public and private data, from Kaggle, --raw, or synthetic stand-in data."""
    from harness import competition as competitions
    from harness import tables
    from harness.prepare import prepare as make
    from harness.progress import say

    settings = _settings()
    item = competitions.load(competition, settings.competitions)
    prepared = make(
        item,
        data_home=settings.data,
        raw=raw,
        stand_in=stand_in,
        edition=edition,
        environ=settings.environ,
        progress=say,
    )
    tables.prepared(item, prepared, as_json=json)


def _runs(doc: str, *, graded: bool) -> Callable[..., None]:
    """`bench` and `run` are one command with one set of options; the second leaves the grading to `podium grade`."""

    def command(
        competitions: Competitions = None,
        suite: Annotated[str | None, typer.Option(help="All competitions of a suite.")] = None,
        agent: AgentName = "aide",
        model: Model = "offline",
        seed: Seed = 0,
        seeds: Annotated[int, typer.Option(min=1, help="How many seeds, counted from --seed.")] = 1,
        steps: Steps = None,
        raw: Raw = None,
        stand_in: StandIn = False,
        edition: Edition = None,
        gpus: GpusText = "",
        prompts: Prompts = None,
        budget: BudgetUsd = None,
        time_limit: Minutes = None,
        script_timeout: ScriptMinutes = None,
        memory: MemoryGib = None,
        cpus: Cpus = None,
        disk: DiskGib = None,
        group: Group = None,
        jobs: Annotated[int, typer.Option(min=1, help="Runs at a time.")] = 1,
        replay: Replay = None,
        prices: Prices = None,
        json: Json = False,
    ) -> None:
        from harness.bench import BenchOptions, parse_seeds, select

        settings = _settings()
        options = BenchOptions(
            competitions=select(competitions or [], suite, lambda name: _suite(settings, name)),
            agent=agent,
            model=model,
            seeds=parse_seeds(seed, seeds),
            steps=steps,
            raw=raw,
            stand_in=stand_in,
            edition=edition,
            gpus=gpus,
            prompts=prompts,
            budget_usd=budget,
            time_limit_seconds=_scaled(time_limit, 60),
            candidate_timeout_seconds=_scaled(script_timeout, 60),
            memory_bytes=_bytes(memory),
            cpus=cpus,
            disk_bytes=_bytes(disk),
            group=group,
            jobs=jobs,
            graded=graded,
            replay=replay,
            prices=prices,
        )
        if raw is not None and len(options.competitions) > 1:
            raise UserError("--raw is one competition's data; name one competition")
        summary = _bench(settings, options, as_json=json)
        raise typer.Exit(_exit_code(summary))

    command.__doc__ = doc
    return command


app.command("bench")(_runs("Prepare, run, grade and report competitions: the whole path.", graded=True))
app.command("run")(_runs("Prepare and run competitions, without grading.", graded=False))


@app.command()
def grade(
    run: Annotated[str | None, typer.Argument(metavar="[GROUP/RUN]", help="A run to grade (again).")] = None,
    competition: Annotated[
        str | None, typer.Option(help="With --submission: grade a file for this competition.")
    ] = None,
    submission: Annotated[Path | None, typer.Option(help="A submission.csv of your own.")] = None,
    edition: Edition = None,
    json: Json = False,
) -> None:
    """Grade a run, or any submission for a prepared competition."""
    from harness import tables
    from harness.grade import grade as grade_file
    from harness.grade_run import grade_run
    from harness.results import Results

    settings = _settings()
    if (run is None) == (competition is None or submission is None):
        raise UserError("give a run, or --competition ID with --submission FILE")
    if run is not None:
        folder = Results(settings.results).existing_run(run)
        record = folder.read()
        assert record is not None
        item, prepared = _prepared(settings, record.competition, record.data.edition)
        if prepared.manifest.fingerprint != record.data.data_sha256:
            raise UserError(f"the prepared data of {item.id} changed since {run}: prepare what the run saw first")
        report = grade_run(folder, record, item, prepared)
    else:
        assert competition is not None
        item, prepared = _prepared(settings, competition, edition)
        report = grade_file(item, prepared, submission)
    tables.grade(report, as_json=json)
    raise typer.Exit(0 if report.valid else 4)


@app.command()
def aggregate(
    group: Annotated[str, typer.Argument(help="Group, folder, or 'latest'.")] = "latest", json: Json = False
) -> None:
    """Add a group's runs up into summary.json."""
    from harness import tables
    from harness.aggregate import aggregate as add_up
    from harness.results import Results

    tables.summary(add_up(Results(_settings().results).existing_group(group)), as_json=json)


@app.command()
def report(group: Annotated[str, typer.Argument(help="Group, folder, or 'latest'.")] = "latest") -> None:
    """Write a group's report.md and print where it is."""
    from harness.aggregate import aggregate as add_up
    from harness.report import markdown
    from harness.results import Results

    folder = Results(_settings().results).existing_group(group)
    markdown.write(add_up(folder), folder.report)
    typer.echo(folder.report)


@app.command()
def doctor(json: Json = False) -> None:
    """Check engine, image, disk, memory, GPUs and credentials, and say what to do."""
    from harness import tables
    from harness.doctor import check_all

    checks = check_all(_settings())
    tables.checks(checks, as_json=json)
    raise typer.Exit(3 if any(check.status == "fail" for check in checks) else 0)


@app.command()
def image(
    gpu: Annotated[bool, typer.Option("--gpu", help="The image with torch.")] = False,
    base: Annotated[bool, typer.Option("--base", help="Only the base image, made anew.")] = False,
) -> None:
    """Make the engine and the agent's image ready."""
    from harness.engine import ensure_engine
    from harness.images import ensure_base, ensure_image
    from harness.progress import say

    settings = _settings()
    ensure_engine(settings, say)
    if base:
        typer.echo(ensure_base(settings, say, rebuild=True))
        return
    built = ensure_image("gpu" if gpu else "cpu", settings, say)
    typer.echo(f"{built.tag}  {built.digest}")


@app.command()
def smoke(model: Model = "offline", json: Json = False) -> None:
    """Try a model for real: three steps on a small bundled competition, for less than $0.25."""
    from harness.bench import BenchOptions

    options = BenchOptions(competitions=("breast-cancer-wisconsin",), model=model, steps=3, budget_usd=0.25)
    raise typer.Exit(_exit_code(_bench(_settings(), options, as_json=json)))


@app.command()
def clean(yes: Annotated[bool, typer.Option("--yes", help="Remove; without it, only list.")] = False) -> None:
    """Remove containers, workspaces and doors whose owner is gone. Lists them first."""
    from harness import door
    from harness.engine import connect
    from harness.sandbox import reap

    client = connect(_settings().environ)
    orphans = reap.find(client)
    for orphan in orphans:
        typer.echo(f"{orphan.kind} {orphan.name} of {orphan.labels.get('podium.run', '?')}")
        if yes:
            reap.remove(client, orphan)
    if yes:
        for path in door.remove_left_over():
            typer.echo(f"door {path}")
    elif orphans:
        typer.echo("nothing removed; to remove them: podium clean --yes")


def _settings() -> Settings:
    from harness.config import load

    return load(os.environ)


def _bench(settings: Settings, options: BenchOptions, *, as_json: bool) -> Summary:
    from harness import tables
    from harness.bench import Bench
    from harness.interrupt import orderly_interrupts
    from harness.progress import say
    from harness.schedule import StopFlag

    stop = StopFlag()
    bench = Bench(settings, options, say, stop)
    with orderly_interrupts(stop, say):
        summary = bench.run()
    tables.summary(summary, as_json=as_json)
    if not as_json:
        typer.echo(f"\nrecords  {_from_here(bench.group().path)}\nreport   {_from_here(bench.group().report)}")
    return summary


def _suite(settings: Settings, name: str) -> list[str]:
    from harness import competition as competitions

    return [item.id for item in competitions.in_suite(competitions.load_all(settings.competitions), name)]


def _prepared(settings: Settings, name: str, edition: str | None):  # type: ignore[no-untyped-def]
    from harness import competition as competitions
    from harness.manifest import find

    item = competitions.load(name, settings.competitions)
    prepared = find(item, settings.data, edition=edition)
    if prepared is None:
        raise UserError(f"{name} is not prepared. Try: podium prepare {name}")
    return item, prepared


def _exit_code(summary: Summary) -> int:
    if summary.missing:
        return 3
    return 0 if any(row.valid for row in summary.rows) else 4


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _bytes(gib: float | None) -> int | None:
    return None if gib is None else int(gib * (1 << 30))


def _from_here(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
