"""`summary.json` → `report.md`. Text from runs is untrusted: cells are escaped before they reach a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from harness.files import write_atomically
from harness.rates.aggregate import Rate, Summary
from harness.rates.rates import Estimate
from harness.results.row import Row

if TYPE_CHECKING:
    from jinja2 import Undefined

TEMPLATE = "report.md.j2"


def render(summary: Summary) -> str:
    """The report as Markdown."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - Markdown, not HTML: every cell goes through `cell`
    )
    environment.filters.update(cell=cell, number=number, rate=rate, medal=medal, yes=yes, estimate=estimate)
    return environment.get_template(TEMPLATE).render(summary=summary)


def write(summary: Summary, path: Path) -> None:
    """Write the report, atomically."""
    write_atomically(path, render(summary).encode())


def cell(value: object) -> str:
    """Untrusted text as one harmless table cell."""
    text = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", str(value))
    return re.sub(r"([\\`*_{}\[\]<>()#+!|])", r"\\\1", text)[:300]


def number(value: float | None, digits: int = 5) -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def rate(value: Rate) -> str:
    """A percentage with the counts behind it."""
    return "–" if value.percent is None else f"{value.percent:.1f} % ({value.count} of {value.n})"


def estimate(value: Estimate | Undefined) -> str:
    """A rate over seeds with its error and interval; a dash where there is none."""
    if not isinstance(value, Estimate):
        return "–"
    error = f" ± {value.sem:.1f}" if value.seeds > 1 else ""
    bounds = "" if value.low is None else f" [{value.low:.0f}, {value.high:.0f}]"
    return f"{value.mean:.1f}{error}{bounds}"


def medal(item: Row) -> str:
    """The medal's name; stand-in data earn none."""
    if item.stand_in:
        return "stand-in"
    return item.medal or "–"


def yes(value: bool | None) -> str:
    """Yes, no, or a dash where it does not apply."""
    return "–" if value is None else ("yes" if value else "no")
