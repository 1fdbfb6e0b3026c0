"""BSON files, read and written one document at a time, without decoding what nobody asks for.

A BSON file is a row of documents; a document is a row of elements, each with a type, a name and a value. What is taken
out of a document is cut from its bytes, so everything else stays as it was. Only the common types can be written.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

Value = int | float | str | bytes | list["Value"] | dict[str, "Value"]

_SIZE = struct.Struct("<i")
_INT_64 = struct.Struct("<q")
_DOUBLE = struct.Struct("<d")
LARGEST_DOCUMENT_BYTES = 2**26  # MongoDB's own limit is 16 MiB
_FIXED = {0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16, 0x7F: 0, 0xFF: 0}
_PREFIXED = {0x02: 4, 0x0D: 4, 0x0E: 4, 0x05: 5, 0x03: 0, 0x04: 0}  # what their length does not count


class Element(NamedTuple):
    """One element of a document, as places in its bytes: where it starts, where its value does, where it ends."""

    name: str
    type: int
    start: int
    value: int
    end: int


def documents(path: Path) -> Iterator[bytes]:
    """Yield the documents of a file; ValueError when it is cut short or no BSON."""
    with path.open("rb") as file:
        while head := file.read(_SIZE.size):
            size = _SIZE.unpack(head)[0] if len(head) == _SIZE.size else 0
            if not 5 <= size <= LARGEST_DOCUMENT_BYTES:
                raise ValueError(f"{path.name} is no BSON file, or it is damaged")
            document = head + file.read(size - _SIZE.size)
            if len(document) < size:
                raise ValueError(f"{path.name} ends within a document")
            yield document


def elements(document: bytes) -> Iterator[Element]:
    """Yield a document's elements; ValueError where the bytes are none."""
    place = _SIZE.size
    while place < len(document) - 1:
        end_of_name = document.find(b"\0", place + 1)
        if end_of_name < 0:
            raise ValueError("a BSON document's element has no name that ends")
        type, value = document[place], end_of_name + 1
        end = value + _length(document, type, value)
        if end > len(document) - 1:
            raise ValueError("a BSON document's element is longer than the document")
        yield Element(document[place + 1 : end_of_name].decode("utf-8"), type, place, value, end)
        place = end


def integers(document: bytes, names: Collection[str]) -> dict[str, int]:
    """Return the named integers; ValueError names one that is missing."""
    found: dict[str, int] = {}
    for element in elements(document):
        if element.name in names and element.type in (0x10, 0x12):
            found[element.name] = int.from_bytes(document[element.value : element.end], "little", signed=True)
            if len(found) == len(names):
                return found
    raise ValueError(f"a BSON document lacks the integer {next(name for name in names if name not in found)!r}")


def without(document: bytes, names: Collection[str]) -> bytes:
    """Return the document without the named elements; the others keep their bytes."""
    kept = b"".join(
        document[element.start : element.end] for element in elements(document) if element.name not in names
    )
    return _framed(kept)


def document(values: Mapping[str, Value]) -> bytes:
    """Return a document of these values; integers take 32 bits where that is enough."""
    return _framed(b"".join(_element(name, value) for name, value in values.items()))


def _framed(elements: bytes) -> bytes:
    return _SIZE.pack(len(elements) + _SIZE.size + 1) + elements + b"\0"


def _length(document: bytes, type: int, value: int) -> int:
    """Return how many bytes a value takes."""
    if type in _FIXED:
        return _FIXED[type]
    if type in _PREFIXED and value + _SIZE.size <= len(document):
        (size,) = _SIZE.unpack_from(document, value)
        if size >= 0:
            return int(size) + _PREFIXED[type]
    if type == 0x0B:  # two texts, each with its end
        second = document.find(b"\0", document.find(b"\0", value) + 1)
        if second > value:
            return second + 1 - value
    raise ValueError(f"a BSON document holds a value of type {type:#x}, which is unknown or broken")


def _element(name: str, value: Value) -> bytes:
    key = name.encode() + b"\0"
    match value:
        case int():
            small = -(2**31) <= value < 2**31
            return (b"\x10" + key + _SIZE.pack(value)) if small else (b"\x12" + key + _INT_64.pack(value))
        case float():
            return b"\x01" + key + _DOUBLE.pack(value)
        case str():
            text = value.encode() + b"\0"
            return b"\x02" + key + _SIZE.pack(len(text)) + text
        case bytes():
            return b"\x05" + key + _SIZE.pack(len(value)) + b"\0" + value
        case list():
            return b"\x04" + key + document({str(place): item for place, item in enumerate(value)})
        case dict():
            return b"\x03" + key + document(value)
