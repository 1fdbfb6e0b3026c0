"""The stand-ins' films: their structure as ISO 14496-12 has it, and their pictures."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

from harness.standin.videos import mp4


def boxes(content: bytes) -> dict[bytes, bytes]:
    found, start = {}, 0
    while start < len(content):
        (size,) = struct.unpack(">I", content[start : start + 4])
        found[content[start + 4 : start + 8]] = content[start + 8 : start + size]
        start += size
    assert start == len(content)
    return found


def test_a_film_holds_each_picture_where_its_tables_say() -> None:
    frames = np.zeros((3, 16, 24, 3), dtype=np.uint8)
    frames[:, :, :, 0] = np.array([0, 100, 200])[:, None, None]
    film = mp4(frames, 10)
    top = boxes(film)
    assert list(top) == [b"ftyp", b"mdat", b"moov"]
    samples = boxes(boxes(boxes(boxes(top[b"moov"])[b"trak"])[b"mdia"])[b"minf"])[b"stbl"]
    sizes = struct.unpack(">III3I", boxes(samples)[b"stsz"])[3:]
    (start,) = struct.unpack(">I", boxes(samples)[b"stco"][8:])
    for number, size in enumerate(sizes):
        picture = np.asarray(Image.open(io.BytesIO(film[start : start + size])))
        assert picture.shape == (16, 24, 3)
        assert abs(int(picture[8, 8, 0]) - 100 * number) < 5
        start += size


def test_the_same_frames_make_the_same_bytes() -> None:
    frames = np.zeros((1, 16, 16, 3), dtype=np.uint8)
    assert mp4(frames, 25) == mp4(frames, 25)
