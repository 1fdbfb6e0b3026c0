"""Prompt sets: a folder of Markdown templates, rendered strictly, so that changing a prompt is not a code change.

Each operator has a template `<operator>.md` for the user message; `system.md` is the system message of all; files that
start with `_` are parts to include. A name that a template uses and nobody gives is an error. Whatever comes from data,
models or candidates is made harmless for the layout: it can't close a fence, open a section or mark text as volatile.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from agent.llm.base import Message

OPERATORS = ("draft", "improve", "debug", "merge", "review")
SHIPPED = Path(__file__).parent / "prompts"

_HEADING = re.compile(r"^#(?=\s)", re.MULTILINE)
_MARK = re.compile(r"<!--(?=\s*/?volatile)", re.IGNORECASE)
_BLANKS = re.compile(r"\n{3,}")


class PromptError(ValueError):
    """A prompt set that can't be used: a missing file, a template with a mistake."""


@dataclass(frozen=True)
class PromptSet:
    """A loaded prompt set; `sha256` is of names and contents."""

    sha256: str
    _environment: jinja2.Environment

    @classmethod
    def load(cls, folder: Path) -> PromptSet:
        """Read every template of a folder; raise `PromptError` for what is missing or malformed."""
        files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.md"))}
        texts = {name: content.decode("utf-8") for name, content in files.items()}
        missing = [f"{name}.md" for name in ("system", *OPERATORS) if f"{name}.md" not in texts]
        if missing:
            raise PromptError(f"the prompt set {folder} lacks {', '.join(missing)}; a set has one file an operator")
        prompts = cls(_hash(files), _environment(texts))
        for name in texts:
            prompts._template(name)
        return prompts

    def messages(self, operator: str, **values: Any) -> tuple[Message, Message]:
        """Render the system and the user message of an operator; raise `PromptError` where a template fails."""
        system = self._render("system.md", operator=operator)
        return Message("system", system), Message("user", self._render(f"{operator}.md", operator=operator, **values))

    def _render(self, name: str, **values: Any) -> str:
        try:
            text = self._template(name).render(values)
        except jinja2.UndefinedError as error:
            raise PromptError(f"the prompt {name} can't be rendered: {error.message}") from error
        return _BLANKS.sub("\n\n", text).strip() + "\n"

    def _template(self, name: str) -> jinja2.Template:
        try:
            return self._environment.get_template(name)
        except jinja2.TemplateError as error:
            raise PromptError(f"the prompt {name} is malformed: {error}") from error


def fenced(text: str, language: str = "") -> str:
    """Put text into a code fence that it can't close."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    ticks = "`" * (longest + 1)
    body = text.rstrip("\n")
    return f"{ticks}{language}\n{body}\n{ticks}"


def demoted(text: str) -> str:
    """Push level-1 headings of foreign prose one level down; level 1 belongs to the prompt's own sections."""
    return _HEADING.sub("##", text.strip())


def _hash(files: dict[str, bytes]) -> str:
    """Hash names and contents; the harness names a set in its records by the same hash."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _environment(texts: dict[str, str]) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(texts),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown for a model, not HTML for a browser
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        finalize=_finalize,
    )
    environment.filters.update(fenced=fenced, demoted=demoted)
    return environment


def _finalize(value: Any) -> Any:
    """Keep inserted text from marking parts of the prompt as volatile; the templates' own marks stay."""
    return _MARK.sub("<! --", value) if isinstance(value, str) and "<!--" in value else value
