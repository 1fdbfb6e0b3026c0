"""Joins two recipes: the models of both in one blend, the features of both, all else as the first has it."""

from __future__ import annotations

from dataclasses import replace

from harness.gateway.providers.offline.features import in_order
from harness.gateway.providers.offline.recipe import Member, Recipe

MOST_MEMBERS = 4


def join(first: Recipe, second: Recipe) -> Recipe:
    """Return the joined recipe, the first's model where both have the family; the first itself if they don't fit."""
    if (first.task, first.metric, first.layout) != (second.task, second.metric, second.layout):
        return first
    members: dict[str, Member] = {}
    for member in (*first.members, *second.members):
        members.setdefault(member.family, member)
    features = in_order(tuple(dict.fromkeys((*first.features, *second.features))))
    rows = None if None in (first.max_rows, second.max_rows) else max(first.max_rows or 0, second.max_rows or 0)
    return replace(first, members=tuple(members.values())[:MOST_MEMBERS], features=features, max_rows=rows)
