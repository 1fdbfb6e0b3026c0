"""What a file holds is told in a line, and nothing in it can do harm."""

from __future__ import annotations

import json
import struct
import tarfile
import wave
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.glimpse import glimpse


def png(path: Path, width: int, height: int) -> None:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)))


def test_picture_tells_its_size(tmp_path: Path) -> None:
    png(tmp_path / "a.png", 640, 480)
    assert glimpse(tmp_path / "a.png") == "a picture of 640 x 480 pixels, RGB, 8 bits"
    (tmp_path / "b.jpg").write_bytes(
        b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x01\xe0\x02\x80\x03" + b"\x00" * 20
    )
    assert glimpse(tmp_path / "b.jpg") == "a picture of 640 x 480 pixels, colour"


def test_sound_tells_length_and_rate(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0" * 4 * 4000)
    assert glimpse(tmp_path / "a.wav") == "a sound of 0.5 s, 8000 samples a second, 2 channels, 16 bits"


def test_array_tells_shape_and_type(tmp_path: Path) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (96, 429), }\n"
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    assert glimpse(tmp_path / "a.npy") == "an array of shape (96, 429), <f4"


def test_array_whose_header_is_no_dict_is_not_described(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", 1) + b"0")
    assert glimpse(tmp_path / "a.npy") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[{"id": 1, "text": "x"}, {"id": 2}]', "a list of 2, the first an object with `id` (int), `text` (text)"),
        ('{"images": [{"id": 1}], "info": {"year": 2020}}', "`images` (list of 1 of objects with `id`)"),
        ('{"id": 1}\n{"id": 2}\n', "a JSON object a line, with `id` (int)"),
        ('[{"id": 1, "name": ' + '"x"}, {"id": 1, "name": ' * 20_000, "keys near its beginning: `id`, `name`"),
    ],
)
def test_json_tells_its_keys(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "a.json").write_text(content)
    assert words in (glimpse(tmp_path / "a.json") or "")


def test_archive_tells_its_members(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("first line\nsecond\n")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.write(tmp_path / "a.txt", "inner/a.txt")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "a.txt", "inner/b.txt")
    assert glimpse(tmp_path / "a.zip") == "an archive of 1 file: inner/a.txt"
    assert glimpse(tmp_path / "a.tar.gz") == "an archive of 1 file: inner/b.txt"
    assert glimpse(tmp_path / "a.txt") == "a text that begins: first line / second"


def test_deep_json_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[" * 100_000 + json.dumps({"a": 1}))
    assert glimpse(tmp_path / "a.json") is None or "JSON list" in str(glimpse(tmp_path / "a.json"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(["png", "jpg", "wav", "npy", "json", "zip", "tar.gz", "txt"]), st.binary(max_size=400))
def test_any_bytes_give_a_line_or_nothing(tmp_path: Path, suffix: str, content: bytes) -> None:
    starts = {
        "png": b"\x89PNG\r\n\x1a\n",
        "jpg": b"\xff\xd8\xff\xe0",
        "npy": b"\x93NUMPY\x01\x00",
        "zip": b"PK\x03\x04",
    }
    (tmp_path / f"a.{suffix}").write_bytes(starts.get(suffix, b"") + content)
    found = glimpse(tmp_path / f"a.{suffix}")
    assert found is None or isinstance(found, str)
