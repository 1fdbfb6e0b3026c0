"""TFRecord files and Examples: what is written is read, what is taken out leaves the rest, and damage is told."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import tfrecord

# serialised by TensorFlow 2.20, maps sorted by name
REFERENCE = bytes.fromhex(
    "0a450a0f0a03616765120812060a040000003f0a170a0a696d6167655f6e616d6512090a070a05612e6a7067"
    "0a190a06746172676574120f1a0d0a0b03ffffffffffffffffff01"
)


def file_of(payloads: list[bytes], path: Path) -> Path:
    with path.open("wb") as file:
        for payload in payloads:
            tfrecord.write_record(file, payload)
    return path


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_records_are_read_as_they_were_written(payloads: list[bytes]) -> None:
    file = io.BytesIO()
    for payload in payloads:
        tfrecord.write_record(file, payload)
    assert len(file.getvalue()) == sum(16 + len(payload) for payload in payloads)


def test_a_file_gives_its_records_in_order(tmp_path: Path) -> None:
    path = file_of([b"one", b"", b"three" * 1000], tmp_path / "a.tfrec")
    assert list(tfrecord.records(path)) == [b"one", b"", b"three" * 1000]


def test_checksum_is_the_masked_castagnoli_one() -> None:
    assert tfrecord.masked_crc32c(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF


@pytest.mark.parametrize("cut", [1, 4, 11, 12, 20])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    path = file_of([b"one record and its checksum"], tmp_path / "a.tfrec")
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(ValueError, match=r"a\.tfrec ends within a record"):
        list(tfrecord.records(path))


@pytest.mark.parametrize("place", [0, 9, 15, -1])
def test_a_damaged_file_is_refused(tmp_path: Path, place: int) -> None:
    path = file_of([b"one record"], tmp_path / "a.tfrec")
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.tfrec"):
        list(tfrecord.records(path))


def test_an_example_is_what_tensorflow_writes() -> None:
    features: dict[str, tfrecord.Values] = {"age": [0.5], "image_name": [b"a.jpg"], "target": [3, -1]}
    assert tfrecord.example(features) == REFERENCE


def test_a_text_is_found_by_its_name() -> None:
    made = tfrecord.example({"target": [3], "image_name": [b"x.jpg", b"y.jpg"], "age": [0.5, 2.0]})
    assert tfrecord.text_feature(made, "image_name") == "x.jpg"
    with pytest.raises(ValueError, match="no text 'target'"):
        tfrecord.text_feature(made, "target")


names = st.text("abcdef_", min_size=1, max_size=8)
values = st.one_of(
    st.lists(st.binary(max_size=50), min_size=1, max_size=3),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=3),
    st.lists(st.floats(allow_nan=False, width=32), min_size=1, max_size=3),
)


@given(st.dictionaries(names, values, max_size=6), st.sets(names, max_size=4))
def test_taking_features_out_leaves_the_others_as_they_were(
    features: dict[str, tfrecord.Values], dropped: set[str]
) -> None:
    kept = {name: content for name, content in features.items() if name not in dropped}
    assert tfrecord.without(tfrecord.example(features), dropped) == tfrecord.example(kept)


def test_a_file_is_copied_without_labels(tmp_path: Path) -> None:
    source = file_of([tfrecord.example({"id": [b"x"], "target": [n]}) for n in range(3)], tmp_path / "a.tfrec")
    tfrecord.copy_without(source, tmp_path / "b.tfrec", {"target"})
    assert list(tfrecord.records(tmp_path / "b.tfrec")) == [tfrecord.example({"id": [b"x"]})] * 3


@given(st.binary(min_size=1, max_size=60))
def test_bytes_that_are_no_example_raise_nothing_else_than_value_errors(content: bytes) -> None:
    for read in (lambda: tfrecord.without(content, {"a"}), lambda: tfrecord.text_feature(content, "a")):
        with suppress(ValueError):
            read()
