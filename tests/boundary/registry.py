"""All probes of the boundary suite, and how many they are."""

from __future__ import annotations

from collections import Counter

from tests.boundary.inside import door, network, places, powers, secrets  # noqa: F401 - they register their probes
from tests.boundary.inside.base import LEAVE, PROBES, READ, Probe

TRIES = [(level, probe) for probe in PROBES.values() for level in probe.levels]
CONTROLLED = [probe for probe in PROBES.values() if not probe.no_control]


def all_probes() -> list[Probe]:
    """In the order in which they were written down."""
    return list(PROBES.values())


def counted() -> str:
    """One line that says how many probes there are, of which kind, and how often they are tried."""
    aims = Counter(probe.aim for probe in all_probes())
    return (
        f"boundary suite: {len(PROBES)} probes ({aims[LEAVE]} leave the box, {aims[READ]} read what is secret, "
        f"{aims['cheat']} cheat), {len(TRIES)} tries, {len(CONTROLLED)} with a control"
    )
