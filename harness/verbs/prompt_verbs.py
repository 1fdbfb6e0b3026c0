"""The verbs about prompt sets: `podium prompts list|show|diff|check`."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from harness.verbs.options import Json
from harness.verbs.run_verbs import settings_now

prompts = typer.Typer(help="Prompt sets: those that ship, and folders of your own.", no_args_is_help=True)

SetName = Annotated[str, typer.Argument(metavar="SET", help="A shipped set's name, or a folder: ./mine")]


@prompts.command("list")
def list_sets(as_json: Json = False) -> None:
    """List the sets that ship, with their hashes and settings."""
    from harness.runs import promptset

    settings = settings_now()
    sets = [promptset.find(name, settings.prompts) for name in promptset.shipped_names(settings.prompts)]
    if as_json:
        _print_json([{"name": one.name, "sha256": one.sha256, "settings": one.settings} for one in sets])
        return
    for one in sets:
        stated = ", ".join(f"{name} {value}" for name, value in one.settings.items())
        typer.echo(f"{one.name:8} {one.sha256[:12]}  {len(one.files)} files  {stated}")


@prompts.command()
def show(
    name: SetName = "aide",
    operator: Annotated[str | None, typer.Option(help="Only this one: draft, improve, debug, …")] = None,
    as_json: Json = False,
) -> None:
    """Show what a model would be sent, on a small example."""
    from harness.errors import UserError
    from harness.runs import prompt_check, promptset

    settings = settings_now()
    promptset.find(name, settings.prompts)
    shown = prompt_check.usable(promptset.folder_of(name, settings.prompts), settings.root).prompts
    if operator is not None and operator not in shown:
        raise UserError(f"no operator {operator!r}; there are: {', '.join(shown)}")
    chosen = {one: messages for one, messages in shown.items() if operator in (None, one)}
    if as_json:
        _print_json({one: [message.model_dump() for message in messages] for one, messages in chosen.items()})
        return
    for one, messages in chosen.items():
        for message in messages:
            typer.echo(f"━━━━ {one}, {message.role} message ({len(message.text)} characters)\n\n{message.text}")


@prompts.command()
def diff(a: SetName, b: SetName) -> None:
    """Show what set B changes of set A, as a unified diff."""
    from harness.comparing import prompt_diff
    from harness.runs import promptset

    settings = settings_now()
    first, second = (promptset.find(name, settings.prompts) for name in (a, b))
    typer.echo(prompt_diff.diff(first, second).rstrip("\n") or f"{a} and {b} hold the same prompts")


@prompts.command()
def check(name: SetName, as_json: Json = False) -> None:
    """Check a set before any run: missing files, unknown variables, mistakes of syntax, each with file and line."""
    from harness.runs import prompt_check, promptset

    settings = settings_now()
    found = promptset.find(name, settings.prompts)
    folder = promptset.folder_of(name, settings.prompts)
    checked = prompt_check.examine(folder, settings.root)
    if as_json:
        _print_json({"sha256": found.sha256, **checked.model_dump(exclude={"prompts"})})
    else:
        for problem in checked.problems:
            typer.echo(problem.told(folder))
        for note in checked.notes:
            typer.echo(f"note: {note}")
        if not checked.problems:
            typer.echo(f"{found.name} can be used: {len(found.files)} files, {found.sha256[:12]}")
    raise typer.Exit(2 if checked.problems else 0)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False))
