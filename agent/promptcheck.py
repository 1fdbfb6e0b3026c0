"""Checks a prompt set without a run, and shows its prompts on a small example: `python -m agent.promptcheck FOLDER`.

Everything that is wrong is found at once, with file and line: what a template names and no operator gives, parts that
are not there, filters that do not exist, mistakes of syntax, and what only fails when it is rendered. Notes are about
what is allowed and hardly meant. It prints JSON, which the harness's verbs read.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import jinja2
from jinja2 import meta, nodes

from agent import example
from agent.promptset import (
    OPERATORS,
    OPTIONAL,
    SETTINGS,
    PromptError,
    PromptSet,
    SetSettings,
    environment,
    fenced,
    missing,
    read_files,
)

_CODING = tuple(name for name in OPERATORS if name != "review")
_TOLD = {"validation score": "`validation score: <number>`", "submission": "where the submission goes"}


@dataclass(frozen=True)
class Problem:
    """Something wrong in one file; `line` is None where it is about the whole of it."""

    file: str
    line: int | None
    message: str


def problems(folder: Path) -> list[Problem]:
    """Return everything that keeps a folder from being a prompt set, by file and line."""
    texts, found = _texts(folder)
    settings = SetSettings()
    try:
        settings = SetSettings.read(texts.pop(SETTINGS, ""))
    except PromptError as error:
        found.append(Problem(SETTINGS, None, str(error).removeprefix(SETTINGS).lstrip(": ")))
    found += [Problem(name, None, "is missing; each operator has a file") for name in missing(texts, settings)]
    found += [
        Problem(name, None, f"is no operator's; there are: {', '.join(_named())}. The name of a part begins with `_`")
        for name in texts
        if not name.startswith("_") and name.removesuffix(".md") not in _named()
    ]
    parsed, broken = _parsed(texts)
    found += broken + [problem for name, tree in parsed.items() for problem in _unresolved(name, tree, parsed)]
    found += [problem for name in _named() for problem in _unknown(name, parsed)]
    if not found:
        found += _failing(folder)
    unique = list(dict.fromkeys(found))
    return sorted(unique, key=lambda problem: (problem.file, problem.line or 0, problem.message))


def notes(folder: Path) -> list[str]:
    """Return what is allowed and hardly meant, of a folder without problems."""
    prompts, found = PromptSet.load(folder), []
    for operator in _CODING:
        shown = example.messages(operator, prompts)[-1].text.lower()
        found += [f"{operator}.md never says {what}" for word, what in _TOLD.items() if word not in shown]
        if f"\noperator: {operator}\n" not in shown:
            found.append(f"{operator}.md has no line `Operator: {operator}`: the offline coder then has to guess")
    parsed, _ = _parsed({name: text for name, text in _texts(folder)[0].items() if name != SETTINGS})
    used = {part for name in parsed if not name.startswith("_") for part in _reached(name, parsed)}
    return found + [f"{name} is included nowhere" for name in parsed if name.startswith("_") and name not in used]


def shown(folder: Path) -> dict[str, list[dict[str, object]]]:
    """Return each operator's messages on the example."""
    prompts, there = PromptSet.load(folder), read_files(folder)
    asked = [*OPERATORS, *(name for name in OPTIONAL if f"{name}.md" in there)]
    return {name: [asdict(message) for message in example.messages(name, prompts)] for name in asked}


def report(folder: Path) -> dict[str, object]:
    """Return problems, and where there are none, notes and the prompts."""
    found = problems(folder)
    if found:
        return {"problems": [asdict(problem) for problem in found], "notes": [], "prompts": {}}
    return {"problems": [], "notes": notes(folder), "prompts": shown(folder)}


def _named() -> tuple[str, ...]:
    return ("system", *OPERATORS, *OPTIONAL)


def _texts(folder: Path) -> tuple[dict[str, str], list[Problem]]:
    texts: dict[str, str] = {}
    found: list[Problem] = []
    for name, content in read_files(folder).items():
        try:
            texts[name] = content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            found.append(Problem(name, line, "is not UTF-8"))
            texts[name] = ""
    return texts, found


def _parsed(texts: Mapping[str, str]) -> tuple[dict[str, nodes.Template], list[Problem]]:
    made = environment(dict(texts))
    trees: dict[str, nodes.Template] = {}
    found: list[Problem] = []
    for name, text in texts.items():
        try:
            trees[name] = made.parse(text, name)
            for use in trees[name].find_all(nodes.Filter):  # else Jinja stops at the first that does not exist
                made.filters.setdefault(use.name, fenced)
            for test in trees[name].find_all(nodes.Test):
                made.tests.setdefault(test.name, fenced)
        except jinja2.TemplateSyntaxError as error:
            found.append(Problem(name, error.lineno, f"is malformed: {error.message}"))
    return trees, found


def _unresolved(name: str, tree: nodes.Template, parsed: Mapping[str, nodes.Template]) -> Iterator[Problem]:
    """Yield parts, filters and tests that do not exist."""
    made = environment({})
    for used in tree.find_all(nodes.Include):
        if isinstance(used.template, nodes.Const) and used.template.value not in parsed and not used.ignore_missing:
            yield Problem(name, used.lineno, f"includes {used.template.value!r}, which is not there or malformed")
    for use in tree.find_all((nodes.Filter, nodes.Test)):
        known = made.filters if isinstance(use, nodes.Filter) else made.tests
        kind = "filter" if isinstance(use, nodes.Filter) else "test"
        if use.name not in known:
            yield Problem(name, use.lineno, f"uses the {kind} {use.name!r}, which does not exist")


def _unknown(operator: str, parsed: Mapping[str, nodes.Template]) -> Iterator[Problem]:
    """Yield names that an operator's template, or a part of it, uses and nobody gives."""
    given = _given(operator)
    for name in _reached(f"{operator}.md", parsed):
        for unknown in sorted(meta.find_undeclared_variables(parsed[name]) - given):
            uses = (use for use in parsed[name].find_all(nodes.Name) if use.name == unknown)
            line = next((use.lineno for use in uses), None)
            by = "" if name == f"{operator}.md" else f" ({operator}.md includes it)"
            yield Problem(name, line, f"uses {unknown!r}, which {operator} does not give{by}: {_like(unknown, given)}")


def _given(operator: str) -> frozenset[str]:
    return frozenset({"operator"}) if operator == "system" else example.variables(operator)


def _like(unknown: str, given: frozenset[str]) -> str:
    near = difflib.get_close_matches(unknown, sorted(given), 1)
    return f"did you mean {near[0]!r}?" if near else f"it gives {', '.join(sorted(given))}"


def _reached(name: str, parsed: Mapping[str, nodes.Template]) -> list[str]:
    """Return a template and all that it includes, directly or not."""
    reached: list[str] = []
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in reached or current not in parsed:
            continue
        reached.append(current)
        waiting += [part for part in meta.find_referenced_templates(parsed[current]) if part is not None]
    return reached


def _failing(folder: Path) -> list[Problem]:
    """Return what goes wrong only when a prompt is rendered: on the example, and on an empty run."""
    prompts = PromptSet.load(folder)
    found: list[Problem] = []
    for operator in OPERATORS:
        for ask in (example.messages, example.bare_messages):
            try:
                ask(operator, prompts)
            except PromptError as error:
                file, line = _place(error.__cause__) or (f"{operator}.md", None)
                found.append(Problem(file, line, str(error)))
    return found


def _place(error: BaseException | None) -> tuple[str, int] | None:
    """Return the template and line that an error of rendering comes from; Jinja puts them into the traceback."""
    place = None
    trace: TracebackType | None = error.__traceback__ if error else None
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.endswith(".md"):
            place = (name, trace.tb_lineno)
        trace = trace.tb_next
    return place


def main(arguments: list[str]) -> int:
    """Print the report on one folder."""
    sys.stdout.write(json.dumps(report(Path(arguments[0]))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
