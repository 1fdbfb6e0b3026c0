"""The threat model names a test beside each promise: each of them exists."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TEXT = (TESTS.parent / "docs" / "threat-model.md").read_text()
SHORT = dict(re.findall(r"\*\*(\w+)\*\*\s+`([\w/]+\.py)`", TEXT))
NAMED = sorted(set(re.findall(r"`([\w/.]+)::(test_\w+)`", TEXT)))


def test_promises_are_named_with_their_tests():
    assert len(NAMED) > 60 and len(SHORT) == 7


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_the_threat_model_names_exists(file, name):
    source = (TESTS / SHORT.get(file, file)).read_text()
    assert re.search(rf"def {name}\(", source)
