"""The table of failure drills names tests: each of them exists."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TEXT = (TESTS.parent / "docs" / "failure-drills.md").read_text()
SHORT = dict(re.findall(r"\*\*(\w+)\*\*\s+`([\w/]+\.py)`", TEXT))
NAMED = sorted(set(re.findall(r"`([\w/.]+)::(test_\w+)`", TEXT)))


def test_drills_are_named_with_their_tests():
    assert len(NAMED) >= 30 and len(SHORT) == 9


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_the_table_of_drills_names_exists(file, name):
    source = (TESTS / SHORT.get(file, file)).read_text()
    assert re.search(rf"def {name}\(", source)


def test_every_drill_is_in_the_table():
    drills = (TESTS / "drills").glob("test_*.py")
    found = {(path, name) for path in drills for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)}
    named = {(TESTS / SHORT.get(file, file), name) for file, name in NAMED}
    assert not found - named
