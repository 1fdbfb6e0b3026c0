"""The numbers with which everything of a uid is ended can't be those of root or of a person."""

from __future__ import annotations

import pytest

from agent.supervisor.places import AGENT, MOST_SLOTS, Identity, Slot


@pytest.mark.parametrize(("uid", "ender"), [(0, 10200), (10100, 0), (1000, 10200), (10100, 10100), (-1, 10200)])
def test_an_identity_outside_the_box_can_t_be_made(uid: int, ender: int) -> None:
    with pytest.raises(ValueError, match="not one of the box's own"):
        Identity(uid, ender)


@pytest.mark.parametrize("number", [-1, MOST_SLOTS])
def test_a_slot_that_the_image_has_not_can_t_be_made(number: int) -> None:
    with pytest.raises(ValueError, match=r"not in 0\.\.15"):
        Slot(number)


def test_no_two_parts_of_the_box_share_a_uid() -> None:
    identities = [AGENT, *(Slot(number).identity for number in range(MOST_SLOTS))]
    numbers = [number for identity in identities for number in (identity.uid, identity.ender)]
    assert len(numbers) == len(set(numbers))
