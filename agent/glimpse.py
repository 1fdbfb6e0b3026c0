"""One line about a file that is no table: a picture's size, a sound's rate, an array's shape, the keys of JSON.

Only the standard library, and only the head of a file is read. Files are untrusted: whatever does not parse gives None.
"""

from __future__ import annotations

import ast
import json
import re
import struct
import tarfile
import wave
import zipfile
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from agent.excerpt import shown

HEAD_BYTES = 256 << 10
_FEW = 6
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PNG_COLOURS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA"}


def glimpse(path: Path) -> str | None:
    """Say what a file of a known kind holds; None for others, and for what can't be read as its name promises."""
    name = path.name.lower()
    reader = next((reader for suffixes, reader in _READERS if name.endswith(suffixes)), None)
    if reader is None:
        return None
    try:
        return reader(path)
    except (OSError, ValueError, EOFError, KeyError, TypeError, RecursionError, struct.error, wave.Error):
        return None
    except (tarfile.TarError, zipfile.BadZipFile, SyntaxError, MemoryError, NotImplementedError):
        return None


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def _png(path: Path) -> str | None:
    head = _head(path)
    if head[:8] != b"\x89PNG\r\n\x1a\n":
        return None
    width, height, depth, colour = struct.unpack(">IIBB", head[16:26])
    return f"a picture of {width} x {height} pixels, {_PNG_COLOURS.get(colour, 'unknown colours')}, {depth} bits"


def _jpeg(path: Path) -> str | None:
    head, at = _head(path), 2
    while head[:2] == b"\xff\xd8" and at + 9 < len(head) and head[at] == 0xFF:
        if head[at + 1] in _JPEG_SIZES:
            height, width, channels = struct.unpack(">HHB", head[at + 5 : at + 10])
            return f"a picture of {width} x {height} pixels, {'grey' if channels == 1 else 'colour'}"
        at += 2 + struct.unpack(">H", head[at + 2 : at + 4])[0]
    return None


def _sound(path: Path) -> str:
    with wave.open(str(path)) as sound:
        seconds = sound.getnframes() / max(1, sound.getframerate())
        return (
            f"a sound of {seconds:.3g} s, {sound.getframerate()} samples a second, "
            f"{sound.getnchannels()} channel{'s' if sound.getnchannels() > 1 else ''}, {8 * sound.getsampwidth()} bits"
        )


def _array(path: Path) -> str | None:
    """Read the header that numpy writes: a dict of literals."""
    head = _head(path)
    if head[:6] != b"\x93NUMPY":
        return None
    start = 10 if head[6] == 1 else 12
    length = int.from_bytes(head[8:start], "little")
    header = ast.literal_eval(head[start : start + length].decode("latin-1"))
    return f"an array of shape {tuple(header['shape'])}, {shown(str(header['descr']), 20)}"


def _json(path: Path) -> str | None:
    """Describe a JSON file by the keys of its first object; a file that is longer than its head, as far as it goes."""
    text = _head(path).decode("utf-8-sig", errors="replace")
    lines = text.split("\n", 2)
    first = lines[0].strip()
    if first.startswith("{") and first.endswith("}") and len(lines) > 1 and lines[1].strip().startswith("{"):
        return f"a JSON object a line, with {_object(json.loads(first))}"
    try:
        value = json.loads(text)
    except ValueError:
        return _cut_json(text)
    return _value(value)


def _value(value: object) -> str:
    if isinstance(value, list):
        inside = f", the first {_value(value[0])}" if value else ""
        return f"a list of {len(value)}{inside}"
    if isinstance(value, dict):
        return f"an object with {_object(value)}"
    return f"{type(value).__name__} such as {shown(json.dumps(value), 30)}"


def _object(value: dict[str, object]) -> str:
    if len(value) > 3 * _FEW:
        key = next(iter(value))
        return f"{len(value)} keys such as `{shown(key, 30)}`: {_inner(value[key])}"
    return ", ".join(f"`{shown(key, 40)}` ({_inner(inner)})" for key, inner in islice(value.items(), 12))


def _inner(value: object) -> str:
    if isinstance(value, list):
        return f"list of {len(value)}" + (f" of objects with {_keys(value[0])}" if _is_object(value) else "")
    if isinstance(value, dict):
        return f"object with {_keys(value)}"
    return "text" if isinstance(value, str) else type(value).__name__


def _is_object(value: list[object]) -> bool:
    return bool(value) and isinstance(value[0], dict)


def _keys(value: object) -> str:
    names = list(value) if isinstance(value, dict) else []
    return ", ".join(f"`{shown(str(name), 24)}`" for name in names[:_FEW]) + (", …" if len(names) > _FEW else "")


def _cut_json(text: str) -> str | None:
    """Name the keys in the head of a JSON file that is too long to be read whole."""
    keys = list(dict.fromkeys(re.findall(r'"([\w .-]{1,40})"\s*:', text)))
    kind = {"[": "list", "{": "object"}.get(text.lstrip()[:1])
    return f"JSON {kind}; keys near its beginning: " + ", ".join(f"`{key}`" for key in keys[:12]) if kind else None


def _zip(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return _members(info.filename for info in archive.infolist() if not info.is_dir())


def _tar(path: Path) -> str:
    with tarfile.open(path) as archive:
        found = [member.name for member in islice(archive, 200) if member.isfile()]
    return _members(found, at_least=len(found) == 200)


def _members(names: Iterable[str], at_least: bool = False) -> str:
    found = list(names)
    more = ", …" if len(found) > 3 else ""
    count = f"{'at least ' if at_least else ''}{len(found)} file{'s' if len(found) != 1 else ''}"
    return f"an archive of {count}: " + ", ".join(shown(name, 60) for name in found[:3]) + more


def _text(path: Path) -> str | None:
    lines = [line for line in _head(path).decode("utf-8", errors="replace").splitlines() if line.strip()]
    return "a text that begins: " + " / ".join(shown(line.strip(), 70) for line in lines[:2]) if lines else None


_READERS: tuple[tuple[tuple[str, ...], Callable[[Path], str | None]], ...] = (
    ((".png",), _png),
    ((".jpg", ".jpeg"), _jpeg),
    ((".wav",), _sound),
    ((".npy",), _array),
    ((".json", ".jsonl", ".ndjson"), _json),
    ((".zip",), _zip),
    ((".tar", ".tar.gz", ".tgz"), _tar),
    ((".txt", ".xyz", ".rtf", ".tex", ".html", ".xml"), _text),
)
