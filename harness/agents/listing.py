"""`podium agents`: what `--agent` can name, and what stands between each agent and its candidates."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import typer
from rich.markup import escape

from harness.agents.spec import shipped
from harness.config import Settings
from harness.runs.presets import PRESETS
from harness.verbs.terminal import plain_table, put

OWN = "One of your own: --agent ./folder, with an agent.yaml in it. The form: dockerfiles/README.md"


def show(settings: Settings, *, as_json: bool) -> None:
    """Print the agents, ours first."""
    rows = list(_rows(settings))
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = plain_table("agent", "what it is", "candidate isolation")
    for row in rows:
        table.add_row(*map(escape, row.values()))
    put(table)
    typer.echo(OWN)


def _rows(settings: Settings) -> Iterator[Mapping[str, str]]:
    for preset in PRESETS.values():
        title = f"Podium's own: {preset.search.policy} search, prompts {preset.prompt_set}"
        yield {"name": preset.name, "title": title, "candidate_isolation": "uid"}
    for agent in shipped(settings.root / "dockerfiles"):
        test = " (a test of Podium: needs --show-answers)" if agent.spec.answers else ""
        yield {"name": agent.name, "title": agent.spec.title + test, "candidate_isolation": "none"}
