"""Every probe at each level of trust is refused, and is shown to succeed where nothing stands in its way."""

from __future__ import annotations

import pytest

from tests.boundary.boxes import OPEN, Batch
from tests.boundary.inside.base import Probe
from tests.boundary.registry import CONTROLLED, TRIES

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    ("level", "probe"), TRIES, ids=[f"{probe.name}-{level.replace(' ', '-')}" for level, probe in TRIES]
)
def test_a_probe_is_refused(hardened: Batch, level: str, probe: Probe) -> None:
    became = hardened.of(level, probe.name)
    assert became.became == "refused", f"{probe.tries} {became.said}"


def test_nothing_arrived_at_the_hosts_listeners(hardened: Batch) -> None:
    assert list(hardened.reached) == []


@pytest.mark.parametrize("probe", CONTROLLED, ids=[probe.name for probe in CONTROLLED])
def test_the_same_probe_succeeds_in_an_open_box(open_box: Batch, probe: Probe) -> None:
    became = open_box.of(OPEN, probe.name)
    if became.became == "refused" and probe.some_kernels:
        pytest.skip(f"this kernel has none of it: {became.said}")
    assert became.became == "reached", became.said
