"""TFRecord files of `tf.train.Example`s, read and written without TensorFlow, one record at a time.

A file is a row of records, each framed by its length and two checksums; a record here is an Example: a protobuf message
with a map from feature names to lists of bytes, floats or integers. Only that is understood, and what is taken out of
an Example is dropped as it stands, so everything else keeps its very bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

Values = Sequence[bytes] | Sequence[int] | Sequence[float]

_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
_MASK_ADDED = 0xA282EAD8
_VARINT, _FIXED_64, _LENGTH_PREFIXED, _FIXED_32 = 0, 1, 2, 5  # wire types
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3  # fields of Feature


def records(path: Path) -> Iterator[bytes]:
    """Yield the records of a file; ValueError when it is cut short or a checksum is wrong."""
    with path.open("rb") as file:
        while head := file.read(_LENGTH.size + _CHECKSUM.size):
            if len(head) < _LENGTH.size + _CHECKSUM.size:
                raise ValueError(f"{path.name} ends within a record")
            length, checksum = head[: _LENGTH.size], _CHECKSUM.unpack(head[_LENGTH.size :])[0]
            if masked_crc32c(length) != checksum:
                raise ValueError(f"{path.name} is no TFRecord file, or it is damaged")
            (size,) = _LENGTH.unpack(length)
            payload, tail = file.read(size), file.read(_CHECKSUM.size)
            if len(payload) < size or len(tail) < _CHECKSUM.size:
                raise ValueError(f"{path.name} ends within a record")
            if masked_crc32c(payload) != _CHECKSUM.unpack(tail)[0]:
                raise ValueError(f"{path.name} is damaged: a record's checksum is wrong")
            yield payload


def write_record(file: BinaryIO, payload: bytes) -> None:
    """Append one record."""
    length = _LENGTH.pack(len(payload))
    file.write(length + _CHECKSUM.pack(masked_crc32c(length)))
    file.write(payload)
    file.write(_CHECKSUM.pack(masked_crc32c(payload)))


def copy_without(source: Path, target: Path, names: Collection[str]) -> None:
    """Write a file of the same Examples without the named features."""
    with target.open("wb") as file:
        for record in records(source):
            write_record(file, without(record, names))


def text_feature(example: bytes, name: str) -> str:
    """Return the first value of a feature of bytes as text; ValueError where the Example has none."""
    for found, feature in _features(example):
        if found == name:
            for field, values in _fields(feature):
                if field == _BYTES_LIST:
                    for _, value in _fields(values):
                        return value.decode("utf-8")
    raise ValueError(f"a record has no text {name!r}")


def without(example: bytes, names: Collection[str]) -> bytes:
    """Return the Example without the named features; the others keep their bytes and their order."""
    kept = []
    for field, features in _fields(example):
        entries = (entry for _, entry in _fields(features) if _name(entry) not in names)
        kept.append(_prefixed(field, b"".join(_prefixed(1, entry) for entry in entries)))
    return b"".join(kept)


def example(features: Mapping[str, Values]) -> bytes:
    """Return an Example with these features: lists of bytes, of floats or of integers."""
    entries = (_prefixed(1, name.encode()) + _prefixed(2, _feature(values)) for name, values in features.items())
    return _prefixed(1, b"".join(_prefixed(1, entry) for entry in entries))


def masked_crc32c(content: bytes) -> int:
    """Return the checksum that TFRecord files hold: CRC-32C, rotated and shifted so that it never checks itself."""
    import google_crc32c

    value: int = google_crc32c.value(content)
    return ((value >> 15 | value << 17) + _MASK_ADDED) & 0xFFFFFFFF


def _features(example: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the Feature of each entry in the map."""
    for _, features in _fields(example):
        for _, entry in _fields(features):
            yield _name(entry), next((value for field, value in _fields(entry) if field == 2), b"")


def _name(entry: bytes) -> str:
    return next((value.decode("utf-8") for field, value in _fields(entry) if field == 1), "")


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of a message's fields; Examples hold length-prefixed ones only, but for packed lists."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        if key & 7 != _LENGTH_PREFIXED:
            place = _after(message, place, key & 7)
            continue
        size, place = _varint(message, place)
        if place + size > len(message):
            raise ValueError("a record is no tf.train.Example: a field is longer than its message")
        yield key >> 3, message[place : place + size]
        place += size


def _after(message: bytes, place: int, wire_type: int) -> int:
    """Return where a field ends that is passed over."""
    if wire_type == _VARINT:
        return _varint(message, place)[1]
    if wire_type in (_FIXED_64, _FIXED_32):
        return place + (8 if wire_type == _FIXED_64 else 4)
    raise ValueError(f"a record is no tf.train.Example: it has a field of wire type {wire_type}")


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(message) or shift > 63:
            raise ValueError("a record is no tf.train.Example: a number does not end")
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def _written_varint(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF  # negative numbers take ten bytes
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def _prefixed(field: int, content: bytes) -> bytes:
    return _written_varint(field << 3 | _LENGTH_PREFIXED) + _written_varint(len(content)) + content


def _feature(values: Values) -> bytes:
    if all(isinstance(value, bytes) for value in values):
        return _prefixed(_BYTES_LIST, b"".join(_prefixed(1, value) for value in values if isinstance(value, bytes)))
    numbers = [value for value in values if not isinstance(value, bytes)]
    if all(isinstance(value, int) for value in numbers):
        return _prefixed(_INT64_LIST, _prefixed(1, b"".join(_written_varint(int(value)) for value in numbers)))
    return _prefixed(_FLOAT_LIST, _prefixed(1, struct.pack(f"<{len(numbers)}f", *numbers)))
