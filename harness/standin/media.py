"""Synthetic files that go with a table's rows: pictures, arrays, sounds, text, and archives of them.

A key of `files` is then a pattern such as `train_images/{id_code}.png`: one file for each row. What is drawn depends
on the row's labels, so that a model can learn them: a picture's cells are as bright, and a sound's tones as loud, as
the labels are high. Nothing here looks like the real thing but for format, layout and names.
"""

from __future__ import annotations

import io
import itertools
import math
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator

from harness.data import sevenzip
from harness.splits.placing import pack_zip
from harness.standin.sounds import aiff, wav
from harness.standin.tables import StandInTable

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Where files go, and the tables drawn so far by name: later files go with their rows."""

    folder: Path
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


def write_file(name: str, file: StandInFile, world: World, rng: np.random.Generator) -> None:
    """Write one file of the stand-in, or all that its pattern stands for."""
    path = world.folder / name
    if isinstance(file, StandInTable):
        path.parent.mkdir(parents=True, exist_ok=True)
        world.tables[name] = file.draw(rng)
        world.tables[name].to_csv(path, index=False, sep="\t" if name.endswith(".tsv") else ",")
    else:
        file.write(name, world, rng)


class _Recipe(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def write(self, name: str, world: World, rng: np.random.Generator) -> None:
        raise NotImplementedError


class _PerRow(_Recipe):
    """One file for each row of a table, or several: for every combination of the values in `over`."""

    table: str | StandInTable = Field(description="a table drawn before, or rows for these files alone")
    label: tuple[str, ...] = Field(default=(), description="columns that the content depends on")
    over: dict[str, tuple[str | int, ...]] = {}
    noise: float = Field(default=0.1, ge=0, description="standard deviation around what the labels say, of 0 to 1")

    @field_validator("label", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def write(self, name: str, world: World, rng: np.random.Generator) -> None:
        for row, levels in self._each(self._rows(name, world, rng)):
            path = world.folder / name.format_map(row)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.content(path.suffix.lower(), row, levels, rng))

    def _each(self, table: pd.DataFrame) -> Iterator[tuple[dict[str, Any], Floats]]:
        """Yield each row, once for every combination in `over`, with its labels from 0 to 1."""
        for row, levels in zip(table.to_dict("records"), _levels(table, self.label), strict=True):
            for values in itertools.product(*self.over.values()):
                known: dict[str, Any] = {str(column): value for column, value in row.items()}
                known.update(zip(self.over, values, strict=True))
                yield known, levels

    def _rows(self, name: str, world: World, rng: np.random.Generator) -> pd.DataFrame:
        if isinstance(self.table, StandInTable):
            world.tables[name] = self.table.draw(rng)
            return world.tables[name]
        if self.table not in world.tables:
            raise ValueError(f"stand_in: {name!r} goes with the table {self.table!r}, which is not drawn before it")
        return world.tables[self.table]

    def content(self, suffix: str, row: Mapping[str, Any], levels: Floats, rng: np.random.Generator) -> bytes:
        """Return the bytes of one file; `levels` are its labels, each from 0 to 1."""
        raise NotImplementedError


class Images(_PerRow):
    """Pictures, in the format that the name's ending says: png, jpg, tif, bmp or dcm."""

    kind: Literal["images"]
    size: tuple[int, int] = Field(default=(16, 16), description="width, height")
    mode: Literal["RGB", "L", "I;16"] = "RGB"
    dicom: dict[str, str] = Field(default={}, description="patterns of further DICOM elements by keyword")

    def content(self, suffix: str, row: Mapping[str, Any], levels: Floats, rng: np.random.Generator) -> bytes:
        import numpy as np

        picture = _picture(levels, self.size, 3 if self.mode == "RGB" and suffix != ".dcm" else 1, self.noise, rng)
        if suffix == ".dcm":
            return _dicom(np.round(picture * 4095).astype(np.uint16), row, self.dicom)
        deep = self.mode == "I;16"
        return _encoded(np.round(picture * (65535 if deep else 255)).astype(np.uint16 if deep else np.uint8), suffix)


class Arrays(_PerRow):
    """NumPy arrays, as .npy; the labels raise the values of equal blocks along the last axis."""

    kind: Literal["arrays"]
    shape: tuple[int, ...] = (6, 16, 16)
    dtype: Literal["float16", "float32", "float64", "uint8", "int16"] = "float32"

    def content(self, suffix: str, row: Mapping[str, Any], levels: Floats, rng: np.random.Generator) -> bytes:
        import numpy as np

        width = self.shape[-1]
        blocks = levels[np.arange(width) * len(levels) // width]
        values = blocks + self.noise * rng.normal(size=self.shape)
        if self.dtype in ("uint8", "int16"):
            values = np.round(255 * np.clip(values, 0, 1))
        buffer = io.BytesIO()
        np.save(buffer, values.astype(self.dtype))
        return buffer.getvalue()


class Audio(_PerRow):
    """Sounds of one channel and 16 bits, as .wav or .aif: a tone for each label, as loud as the label is high."""

    kind: Literal["audio"]
    seconds: float = Field(default=0.1, gt=0)
    rate: int = Field(default=8000, gt=0, description="samples a second")

    def content(self, suffix: str, row: Mapping[str, Any], levels: Floats, rng: np.random.Generator) -> bytes:
        import numpy as np

        time = np.arange(round(self.seconds * self.rate)) / self.rate
        tones = 0.45 * self.rate * (1 + np.arange(len(levels))) / (1 + len(levels))
        sound = (levels[:, None] * np.sin(2 * np.pi * tones[:, None] * time)).sum(axis=0) / len(levels)
        sound = np.clip(0.5 * sound + 0.1 * self.noise * rng.normal(size=len(time)), -1, 1)
        samples = np.round(32767 * sound).astype(np.int16)
        return (aiff if suffix in (".aif", ".aiff") else wav)(samples, self.rate)


class Text(_PerRow):
    """Text files: the pattern `text`, filled in for each row."""

    kind: Literal["text"]
    text: str

    def content(self, suffix: str, row: Mapping[str, Any], levels: Floats, rng: np.random.Generator) -> bytes:
        return self.text.format_map(dict(row)).encode()


class Lines(_PerRow):
    """One text file with a line for each row of another table, such as a CSV of what is drawn into each picture."""

    kind: Literal["lines"]
    header: str | None = None
    line: str

    def write(self, name: str, world: World, rng: np.random.Generator) -> None:
        path = world.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [self.line.format_map(row) for row, _ in self._each(self._rows(name, world, rng))]
        path.write_text("".join(f"{line}\n" for line in [*filter(None, [self.header]), *lines]), encoding="utf-8")


class Archive(_Recipe):
    """A zip or 7z of files that are declared as those outside are."""

    kind: Literal["zip", "7z"]
    files: dict[str, StandInFile] = Field(min_length=1)

    def write(self, name: str, world: World, rng: np.random.Generator) -> None:
        path = world.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            inside = World(Path(folder), world.tables)
            for member, file in self.files.items():
                write_file(member, file, inside, rng)
            pack(Path(folder), path)


def _kind_of(value: object) -> str:
    """Tables need not say their kind: most files are tables."""
    return str(value.get("kind", "table") if isinstance(value, dict) else getattr(value, "kind", "table"))


StandInFile = Annotated[
    Annotated[StandInTable, Tag("table")]
    | Annotated[Images, Tag("images")]
    | Annotated[Arrays, Tag("arrays")]
    | Annotated[Audio, Tag("audio")]
    | Annotated[Text, Tag("text")]
    | Annotated[Lines, Tag("lines")]
    | Annotated[Archive, Tag("zip")]
    | Annotated[Archive, Tag("7z")],
    Discriminator(_kind_of),
]
Archive.model_rebuild()


def pack(folder: Path, archive: Path) -> None:
    """Pack all files of a folder into a .zip or .7z whose bytes depend on names and contents alone."""
    files = [(path, path.relative_to(folder).as_posix()) for path in sorted(folder.rglob("*")) if path.is_file()]
    if archive.suffix == ".7z":
        sevenzip.pack(archive, files)
    else:
        pack_zip(archive, files)


def _levels(table: pd.DataFrame, labels: tuple[str, ...]) -> Floats:
    """Return each row's labels between 0 and 1: numbers by their range, others by their place among all values."""
    import numpy as np
    import pandas as pd

    columns = []
    for label in labels:
        values = table[label]
        codes = values if pd.api.types.is_numeric_dtype(values) else pd.factorize(values, sort=True)[0]
        numbers = np.asarray(codes, dtype=float)
        columns.append((numbers - numbers.min()) / ((numbers.max() - numbers.min()) or 1))
    return np.column_stack(columns) if columns else np.full((len(table), 1), 0.5)


def _picture(
    levels: Floats, size: tuple[int, int], channels: int, noise: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return (height, width, channels) from 0 to 1: a square grid of cells, one for each label, first red then blue."""
    import numpy as np

    width, height = size
    side = math.ceil(math.sqrt(len(levels)))
    cells = np.full(side * side, 0.5)
    cells[: len(levels)] = 0.2 + 0.6 * levels
    grid = cells.reshape(side, side)[np.arange(height) * side // height][:, np.arange(width) * side // width]
    picture = np.stack([grid, np.full_like(grid, 0.5), 1 - grid][:channels], axis=-1)
    drawn: NDArray[np.float64] = np.clip(picture + noise * rng.normal(size=picture.shape), 0, 1)
    return drawn


def _encoded(pixels: NDArray[Any], suffix: str) -> bytes:
    from PIL import Image

    formats = {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF"}
    buffer = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(buffer, formats.get(suffix, suffix[1:].upper()))
    return buffer.getvalue()


def _dicom(pixels: NDArray[np.uint16], row: Mapping[str, Any], elements: Mapping[str, str]) -> bytes:
    """Return an uncompressed MR slice of 12 bits; its UIDs follow from the pixels."""
    import hashlib

    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

    content = pixels.tobytes()
    slice_ = Dataset()
    slice_.SOPClassUID = MRImageStorage
    slice_.SOPInstanceUID = f"2.25.{int(hashlib.sha256(content).hexdigest()[:30], 16)}"
    slice_.Modality = "MR"
    slice_.SamplesPerPixel, slice_.PhotometricInterpretation, slice_.PixelRepresentation = 1, "MONOCHROME2", 0
    slice_.Rows, slice_.Columns = pixels.shape[:2]
    slice_.BitsAllocated, slice_.BitsStored, slice_.HighBit = 16, 12, 11
    for keyword, pattern in elements.items():
        setattr(slice_, keyword, pattern.format_map(dict(row)))
    slice_.PixelData = content
    slice_.file_meta = FileMetaDataset()
    slice_.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    slice_.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
