"""BSON files: documents are found, cut and written, and what is no BSON is refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import bson

# encoded by pymongo 4: {"_id": 3, "category_id": 1000010653, "imgs": [{"picture": b"\xff\xd8x"}], "n": 2**40}
REFERENCE = bytes.fromhex(
    "4e000000105f696400030000001063617465676f72795f6964009df39a3b04696d6773001e000000033000160000000570696374757265000300"
    "000000ffd8780000126e00000000000001000000"
)


def test_a_document_is_what_pymongo_writes() -> None:
    values: dict[str, bson.Value] = {"_id": 3, "category_id": 1000010653}
    assert bson.document({**values, "imgs": [{"picture": b"\xff\xd8x"}], "n": 2**40}) == REFERENCE


def test_a_file_gives_its_documents_in_order(tmp_path: Path) -> None:
    made = [bson.document({"_id": number, "text": "é" * number}) for number in range(4)]
    (tmp_path / "a.bson").write_bytes(b"".join(made))
    assert list(bson.documents(tmp_path / "a.bson")) == made


def test_integers_are_found_by_name() -> None:
    made = bson.document({"a": -1, "text": "b", "b": 2**40})
    assert bson.integers(made, ["b", "a"]) == {"a": -1, "b": 2**40}
    with pytest.raises(ValueError, match="lacks the integer 'text'"):
        bson.integers(made, ["text"])


names = st.text("abcdef_", min_size=1, max_size=8)
plain = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=9), st.binary(max_size=40))
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3))


@given(st.dictionaries(names, values, max_size=6), st.sets(names, max_size=4))
def test_taking_elements_out_leaves_the_others_as_they_were(held: dict[str, bson.Value], dropped: set[str]) -> None:
    kept = {name: value for name, value in held.items() if name not in dropped}
    assert bson.without(bson.document(held), dropped) == bson.document(kept)


@pytest.mark.parametrize("content", [b"abc", b"\0" * 8, b"\xff\xff\xff\x7f" * 4, bson.document({"a": 1})[:-1]])
def test_what_is_no_bson_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.bson").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.bson"):
        list(bson.documents(tmp_path / "a.bson"))


@given(st.binary(max_size=60))
def test_bytes_that_are_no_document_raise_nothing_else_than_value_errors(content: bytes) -> None:
    with suppress(ValueError):
        list(bson.elements(content))
