"""The verb that looks over finished runs for cheating: `audit`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.verbs.options import Json, Prices, Replay, path
from harness.verbs.run_verbs import settings_now

if TYPE_CHECKING:
    from harness.cheating.audit import Audited
    from harness.cheating.model_review import Reviewer
    from harness.config import Settings
    from harness.results.layout import GroupFolder, RunFolder

auditing = typer.Typer()

FLAGGED = 5


@auditing.command()
def audit(
    name: Annotated[str, typer.Argument(metavar="GROUP[/RUN]", help="A group, a run, or 'latest'.")] = "latest",
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP", help="Compare with this group's runs, too. May be repeated."),
    ] = None,
    known: Annotated[
        Path | None,
        typer.Option(parser=path, metavar="DIR", help="Compare with published scripts: a folder of .py and .ipynb."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Look at runs again of which nothing changed.")] = False,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Have a model read what was handed in, too: offline, openai/NAME …"),
    ] = None,
    only_flagged: Annotated[
        bool, typer.Option("--only-flagged", help="With --model: only runs that rules have flagged.")
    ] = False,
    budget: Annotated[
        float | None, typer.Option(min=0, help="With --model: US dollars in all. [default: 5 for paid models]")
    ] = None,
    replay: Replay = None,
    prices: Prices = None,
    verdict: Annotated[
        str | None, typer.Option(help="Of a person, on one run: confirmed, or dismissed, which takes the flag away.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; kept with the verdict.")] = "",
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose verdict it is. [default: who is logged in]")
    ] = None,
    finding: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Only this finding. May be repeated. [default: all of the run's]"),
    ] = None,
    fail_on_flags: Annotated[bool, typer.Option("--fail-on-flags", help="Exit with 5 where a run is flagged.")] = False,
    json: Json = False,
) -> None:
    """Look over finished runs for cheating, with the evidence; keep what people say of it."""
    from harness.cheating import shown
    from harness.cheating.audit import audit as look_over
    from harness.cheating.standing import standing
    from harness.cheating.tasks import Tasks
    from harness.errors import UserError
    from harness.results.layout import GroupFolder, Results
    from harness.specs.lookup import with_data

    settings = settings_now()
    results = Results(settings.results)
    runs = _runs(results.root, name, settings)
    if verdict is not None:
        if len(runs) != 1:
            raise UserError(f"--verdict is of one run, and {name} has {len(runs)}: name it as GROUP/RUN")
        _judge(runs[0], verdict, reason, by, finding or [])
        made: list[Audited] = []
    else:
        group = GroupFolder(runs[0].path.parent)
        among = [
            run
            for other in (*([group] if len(runs) == 1 else []), *map(results.existing_group, against or []))
            for run in other.runs()
        ]
        tasks = Tasks(partial(with_data, settings))
        made = look_over(runs, tasks, among=among, known=known, again=again)
        if model is not None:
            chosen = [one for one in made if not only_flagged or _is_flagged(one)]
            reviewer = _reviewer(settings, model, budget, replay, prices)
            cost = reviewer.review(chosen, tasks, _say, again=again)
            _say(f"reviewed by {model}: {cost:.4f} USD")
    standings = {f"{run.path.parent.name}/{run.path.name}": standing(run.path) for run in runs}
    _add_up(GroupFolder(runs[0].path.parent), settings)
    shown.audited(standings, made=sum(1 for one in made if one.made), detailed=len(runs) == 1, as_json=json)
    if fail_on_flags and any(one is not None and one.flagged for one in standings.values()):
        raise typer.Exit(FLAGGED)


def _runs(root: Path, name: str, settings: Settings) -> list[RunFolder]:
    """The runs that are meant: one, or those of a group."""
    from harness.results.layout import Results

    results = Results(root)
    if name.count("/") == 1 or (Path(name) / "run.json").is_file():
        return [results.existing_run(name)]
    return list(results.existing_group(name).runs())


def _reviewer(
    settings: Settings, model: str, budget_usd: float | None, replay: Path | None, prices: Path | None
) -> Reviewer:
    """The model that is asked, through the same providers, with a budget where it is paid."""
    from harness.cheating.model_review import Reviewer
    from harness.gateway.budget import Budget
    from harness.gateway.providers import PRICES_VARIABLE, provider_for, replay_of
    from harness.runs.models import ModelOptions
    from harness.verbs.choices import DEFAULT_BUDGET_USD

    stated = {PRICES_VARIABLE: str(prices)} if prices else {}
    provider = replay_of(replay) if replay else provider_for(model, {**settings.environ, **stated})
    if budget_usd is None and provider.traits.live:
        budget_usd = DEFAULT_BUDGET_USD
    return Reviewer(provider, ModelOptions().reviewer(model, None), Budget(usd=budget_usd))


def _is_flagged(one: Audited) -> bool:
    from harness.cheating.standing import standing

    found = standing(one.folder.path)
    return found is not None and found.flagged


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _judge(run: RunFolder, word: str, reason: str, by: str | None, only: list[str]) -> None:
    """Keep a person's verdict."""
    import getpass

    from harness.cheating import standing, verdicts
    from harness.errors import UserError

    findings = standing.read(run.path)
    if findings is None:
        name = f"{run.path.parent.name}/{run.path.name}"
        raise UserError(f"{name} was not audited yet, so there is nothing to judge. First: podium audit {name}")
    verdicts.add(run.path, findings, word, by=by or getpass.getuser(), reason=reason, only=only)


def _add_up(group: GroupFolder, settings: Settings) -> None:
    """Have the group's rates and reports say what is flagged, where there are some already."""
    from harness.rates.aggregate import aggregate
    from harness.report import html, markdown
    from harness.specs.suites import suites_now

    if group.summary.is_file():
        summary = aggregate(group, suites_now(settings))
        markdown.write(summary, group.report)
        if group.report_html.is_file():
            html.write(group, summary)
