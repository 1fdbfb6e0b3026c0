"""The model families by name; a new one is a file here and a line below."""

from __future__ import annotations

from harness.gateway.providers.offline.families import boosting, forests, linear, neighbours, networks, words
from harness.gateway.providers.offline.families.base import Construction, Family, Settings, Table, Tuning

FAMILIES: dict[str, Family] = {
    family.name: family for kind in (boosting, forests, linear, neighbours, words, networks) for family in kind.FAMILIES
}

__all__ = ["FAMILIES", "Construction", "Family", "Settings", "Table", "Tuning"]
