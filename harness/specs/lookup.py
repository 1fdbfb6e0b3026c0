"""A competition with its prepared data, by name: what the verbs that grade need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.config import Settings
    from harness.data.manifest import Prepared
    from harness.specs.competition import Competition


def with_data(settings: Settings, name: str, edition: str | None) -> tuple[Competition, Prepared]:
    """Return both; raise `UserError` where the competition is not known, or not prepared."""
    from harness.data.manifest import find
    from harness.specs import catalogue

    item = catalogue.of(settings).load(name)
    prepared = find(item, settings.data, edition=edition)
    if prepared is None:
        raise UserError(f"{name} is not prepared in {settings.data}. Try: podium prepare {name}")
    return item, prepared
