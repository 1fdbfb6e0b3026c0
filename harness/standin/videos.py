"""Writes tiny films: Motion JPEG in an MP4 file, which common decoders read; no encoder is needed for it.

Only what a decoder needs is in the file: one video track, one chunk of samples, each a whole picture.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_UNIT_MATRIX = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)


def mp4(frames: NDArray[np.uint8], rate: int) -> bytes:
    """Return a film of the frames (time, height, width, 3), `rate` a second."""
    pictures = [_jpeg(frame) for frame in frames]
    kind = _box(b"ftyp", b"isom", struct.pack(">I", 512), b"isom", b"qt  ")
    data = _box(b"mdat", *pictures)
    return kind + data + _movie(pictures, frames.shape[2], frames.shape[1], rate, len(kind) + 8)


def _movie(pictures: list[bytes], width: int, height: int, rate: int, start: int) -> bytes:
    """Return the box that says where the pictures lie and how long each is shown; times are in frames."""
    count = len(pictures)
    samples = _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), _jpeg_entry(width, height)),
        _full(b"stts", struct.pack(">III", 1, count, 1)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, count, 1)),
        _full(b"stsz", struct.pack(f">II{count}I", 0, count, *map(len, pictures))),
        _full(b"stco", struct.pack(">II", 1, start)),
    )
    here = _box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1)))
    track_media = _box(
        b"mdia",
        _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, rate, count, 0x55C4, 0)),
        _full(b"hdlr", bytes(4), b"vide", bytes(12), b"video\0"),
        _box(b"minf", _full(b"vmhd", bytes(8), flags=1), here, samples),
    )
    shown = struct.pack(">IIIII", 0, 0, 1, 0, count) + bytes(16) + _UNIT_MATRIX
    header = struct.pack(">IIIIIH", 0, 0, rate, count, 1 << 16, 1 << 8) + bytes(10) + _UNIT_MATRIX + bytes(24)
    track = _box(b"trak", _full(b"tkhd", shown, struct.pack(">II", width << 16, height << 16), flags=7), track_media)
    return _box(b"moov", _full(b"mvhd", header, struct.pack(">I", 2)), track)


def _jpeg_entry(width: int, height: int) -> bytes:
    size = struct.pack(">HHIIIH", width, height, 72 << 16, 72 << 16, 0, 1)
    return _box(b"jpeg", bytes(6), struct.pack(">H", 1), bytes(16), size, bytes(32), struct.pack(">Hh", 24, -1))


def _jpeg(frame: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "JPEG")
    return buffer.getvalue()


def _box(name: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", 8 + len(content)) + name + content


def _full(name: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", flags), *parts)
