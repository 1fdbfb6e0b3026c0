"""What comes out of a box is refused, or read and shown for what it is; a reader that believes it would be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.boundary.inside.base import AGENT, FOREIGN
from tests.boundary.outside import handed_in
from tests.boundary.outside.base import DEEDS, Deed, Desk, became
from tests.boundary.registry import CONTROLLED_DEEDS, counted

pytestmark = pytest.mark.engine
README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("deed", DEEDS.values(), ids=list(DEEDS))
def test_a_deed_is_refused(desk: Desk, deed: Deed) -> None:
    assert not became(deed.act, desk), deed.tries


@pytest.mark.parametrize("deed", CONTROLLED_DEEDS, ids=[deed.name for deed in CONTROLLED_DEEDS])
def test_the_same_deed_succeeds_with_who_believes_it(desk: Desk, deed: Deed) -> None:
    assert deed.control is not None and deed.control(desk), deed.tries


def test_an_honest_file_is_taken_where_the_tricks_are_refused(desk: Desk) -> None:
    assert desk.hostile.fetched[handed_in.HONEST] == "id,y\n1,2\n"


def test_the_record_of_a_run_names_what_it_tried(desk: Desk) -> None:
    own, other = (desk.batch.runs[level].record for level in (AGENT, FOREIGN))
    found = {one.kind: one for one in own.trespasses}
    assert set(found) == {"outside", "other_model", "endpoint", "path", "event", "flood", "submission"}
    assert "is a link" in found["submission"].first and found["outside"].times > 20
    assert {one.kind for one in other.trespasses} == set(found) - {"submission"}


def test_the_readme_says_how_many_probes_there_are() -> None:
    assert counted().removeprefix("boundary suite: ") in " ".join(README.read_text().split())
