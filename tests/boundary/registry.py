"""All probes of the boundary suite, and how many they are."""

from __future__ import annotations

from collections import Counter

from tests.boundary.inside import door, network, places, powers, secrets  # noqa: F401 - they register their probes
from tests.boundary.inside.base import CHEAT, LEAVE, PROBES, READ
from tests.boundary.outside import handed_in, neighbours, shown, steering, tables  # noqa: F401 - and these their deeds
from tests.boundary.outside.base import DEEDS

TRIES = [(level, probe) for probe in PROBES.values() for level in probe.levels]
CONTROLLED = [probe for probe in PROBES.values() if not probe.no_control]
CONTROLLED_DEEDS = [deed for deed in DEEDS.values() if deed.control is not None]


def counted() -> str:
    """One line that says how many probes there are, of which kind, and how often they are tried."""
    aims = Counter(one.aim for one in (*PROBES.values(), *DEEDS.values()))
    tries, controlled = len(TRIES) + len(DEEDS), len(CONTROLLED) + len(CONTROLLED_DEEDS)
    return (
        f"boundary suite: {aims.total()} probes ({aims[LEAVE]} leave the box, {aims[READ]} read what is secret, "
        f"{aims[CHEAT]} cheat), {tries} tries, {controlled} with a control"
    )
