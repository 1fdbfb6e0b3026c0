"""Prompt sets: a folder of Markdown templates, rendered strictly, so that changing a prompt is not a code change.

Each operator has a template `<operator>.md` for the user message; `system.md` is the system message of all; files that
start with `_` are parts to include; `set.toml` states what the set asks of the agent beside words. A name that a
template uses and nobody gives is an error. Whatever comes from data, models or candidates is made harmless for the
layout: it can't close a fence, open a section or mark text as volatile. Templates run in Jinja's sandbox.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agent.llm.base import Message

OPERATORS = ("draft", "improve", "debug", "merge", "ensemble", "review")
OPTIONAL = ("summarize", "leakage")  # needed where set.toml asks for it; where suspect scores are looked at
SETTINGS = "set.toml"
SHIPPED = Path(__file__).parent / "prompts"

Edits = Literal["whole", "blocks"]
Writer = Literal["digest", "model"]

_HEADING = re.compile(r"^#(?=\s)", re.MULTILINE)
_MARK = re.compile(r"<!--(?=\s*/?(?:volatile|stable))", re.IGNORECASE)
_STABLE = re.compile(r"\A<!-- stable -->\n*(.*?)\n*<!-- /stable -->\n*", re.DOTALL)
_BLANKS = re.compile(r"\n{3,}")
_HELD = "\x00"  # between line ends that stay, however many: code is shown as it is, so that it can be quoted exactly


class PromptError(ValueError):
    """A prompt set that can't be used: a missing file, a template with a mistake."""


@dataclass(frozen=True)
class SetSettings:
    """What `set.toml` may say; the defaults are AIDE's."""

    edits: Edits = "whole"  # how improve and debug may answer: whole files only, or search/replace blocks too
    memory_tokens: int = 800  # about how long each kind of memory may get
    memory_writer: Writer = "digest"  # who writes the run's memory: this program, or the model by `summarize.md`

    @classmethod
    def read(cls, text: str) -> SetSettings:
        """Read the file's text; raise `PromptError` for what is unknown or of the wrong kind."""
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise PromptError(f"{SETTINGS} is no TOML: {error}") from error
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(raw) - set(known)):
            raise PromptError(f"{SETTINGS} has the setting {unknown[0]!r}; there are: {', '.join(known)}")
        for name, choices in (("edits", get_args(Edits)), ("memory_writer", get_args(Writer))):
            if raw.get(name, choices[0]) not in choices:
                raise PromptError(f"{SETTINGS}: {name} is {raw[name]!r}; it can be {' or '.join(choices)}")
        size = raw.get("memory_tokens", cls.memory_tokens)
        if type(size) is not int or not 0 <= size <= 20_000:
            raise PromptError(f"{SETTINGS}: memory_tokens is {size!r}; it can be 0 to 20000")
        return cls(**raw)


class Renderer(Protocol):
    """What an operator needs of a prompt set."""

    @property
    def settings(self) -> SetSettings:
        """What the set asks of the agent beside words."""
        ...

    def messages(self, operator: str, **values: Any) -> tuple[Message, ...]:
        """Render an operator's messages."""
        ...


@dataclass(frozen=True)
class PromptSet:
    """A loaded prompt set; `sha256` is of names and contents."""

    sha256: str
    settings: SetSettings
    _environment: jinja2.Environment

    @classmethod
    def load(cls, folder: Path) -> PromptSet:
        """Read every template of a folder; raise `PromptError` for what is missing or malformed."""
        files = read_files(folder)
        texts = {name: content.decode("utf-8") for name, content in files.items()}
        settings = SetSettings.read(texts.pop(SETTINGS, ""))
        if lacking := missing(texts, settings):
            raise PromptError(f"the prompt set {folder} lacks {', '.join(lacking)}; a set has one file an operator")
        prompts = cls(_hash(files), settings, environment(texts))
        for name in texts:
            prompts._template(name)
        return prompts

    def messages(self, operator: str, **values: Any) -> tuple[Message, ...]:
        """Render the system and the user message of an operator; raise `PromptError` where a template fails."""
        system = self._render("system.md", operator=operator)
        user = self._render(f"{operator}.md", operator=operator, **values)
        return Message("system", system, len(system)), _marked(user)

    def _render(self, name: str, **values: Any) -> str:
        try:
            text = self._template(name).render(values)
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise PromptError(f"the prompt {name} can't be rendered: {error}") from error
        return _BLANKS.sub("\n\n", text).replace(_HELD, "").strip() + "\n"

    def _template(self, name: str) -> jinja2.Template:
        try:
            return self._environment.get_template(name)
        except jinja2.TemplateError as error:
            line = f", line {error.lineno}," if isinstance(error, jinja2.TemplateSyntaxError) else ""
            raise PromptError(f"the prompt {name}{line} is malformed: {error}") from error


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the files of a set by name: its templates and its settings."""
    found = [path for path in (*folder.glob("*.md"), folder / SETTINGS) if path.is_file()]
    return {path.name: path.read_bytes() for path in sorted(found)}


def missing(names: Collection[str], settings: SetSettings) -> list[str]:
    """Return the templates that a set must have and has not."""
    asked = ("summarize",) if settings.memory_writer == "model" else ()
    return [f"{name}.md" for name in ("system", *OPERATORS, *asked) if f"{name}.md" not in names]


def environment(texts: dict[str, str]) -> jinja2.Environment:
    """Return the environment that templates are compiled and rendered in."""
    made = ImmutableSandboxedEnvironment(
        loader=jinja2.FunctionLoader(lambda name: (texts[name], name, None) if name in texts else None),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # Markdown for a model, not HTML for a browser
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        finalize=_finalize,
    )
    made.filters.update(fenced=_fenced_as_it_is, demoted=demoted, shortened=shortened)
    return made


def fenced(text: str, language: str = "") -> str:
    """Put text into a code fence that it can't close."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    ticks = "`" * (longest + 1)
    body = text.rstrip("\n")
    return f"{ticks}{language}\n{body}\n{ticks}"


def _fenced_as_it_is(text: str, language: str = "") -> str:
    return re.sub(r"\n(?=\n)", f"\n{_HELD}", fenced(text, language))


def demoted(text: str) -> str:
    """Push level-1 headings of foreign prose one level down; level 1 belongs to the prompt's own sections."""
    return _HEADING.sub("##", text.strip())


def shortened(text: str, chars: int) -> str:
    """Keep the beginning of a long text, up to the end of a word."""
    return text if len(text) <= chars else text[:chars].rpartition(" ")[0].rstrip() + " …"


def _marked(text: str) -> Message:
    """Take the marks of the stable beginning out of a user message and say how long that beginning is."""
    found = _STABLE.match(text)
    if found is None:
        return Message("user", text)
    beginning = found[1] + "\n\n"
    return Message("user", beginning + text[found.end() :], len(beginning))


def _hash(files: dict[str, bytes]) -> str:
    """Hash names and contents; the harness names a set in its records by the same hash."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _finalize(value: Any) -> Any:
    """Keep inserted text from marking parts of the prompt; the templates' own marks stay."""
    return _MARK.sub("<! --", value) if isinstance(value, str) and "<!--" in value else value
