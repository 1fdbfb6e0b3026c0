"""Studies of a single slice: the more vertebrae are broken, the brighter it is. Some have boxes or segmentations."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pandas as pd

from harness.standin.media import Images, World, write_file

STUDIES, BOXED, SEGMENTED, BOTH = 50, 20, 20, 10
VERTEBRAE = [f"C{number}" for number in range(1, 8)]


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the tables, a slice a study, and the segmentations."""
    numbers = rng.choice(np.arange(1, 33000), STUDIES, replace=False)
    studies = [f"1.2.826.0.1.3680043.{number}" for number in numbers]
    broken = rng.random((STUDIES, 7)) < np.where(rng.random((STUDIES, 1)) < 0.5, 0.3, 0)
    table = pd.DataFrame(broken.astype(int), columns=VERTEBRAE)
    table.insert(0, "StudyInstanceUID", studies)
    table.insert(1, "patient_overall", broken.any(axis=1).astype(int))
    table.to_csv(folder / "train.csv", index=False)
    boxes = pd.DataFrame({"StudyInstanceUID": np.repeat(studies[:BOXED], 2)})
    for column in ("x", "y", "width", "height"):
        boxes[column] = np.round(rng.uniform(20, 250, len(boxes)), 5)
    boxes.assign(slice_number=rng.integers(1, 300, len(boxes))).to_csv(folder / "train_bounding_boxes.csv", index=False)
    (folder / "segmentations").mkdir()
    for study in studies[BOXED - BOTH : BOXED - BOTH + SEGMENTED]:
        (folder / "segmentations" / f"{study}.nii").write_bytes(nifti(rng.integers(0, 8, (2, 8, 8), dtype=np.uint8)))
    pictures = Images(kind="images", table="train.csv", label=tuple(VERTEBRAE), dicom={"Modality": "CT"})
    world = World(folder, {"train.csv": table})
    write_file("train_images/{StudyInstanceUID}/1.dcm", pictures, world, rng)


def nifti(voxels: np.ndarray) -> bytes:
    """Return an uncompressed NIfTI-1 file of 8-bit voxels (slices, rows, columns)."""
    header = bytearray(352)  # 348 bytes and an empty list of extensions
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *voxels.shape[::-1], 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 2, 8)  # unsigned bytes
    struct.pack_into("<8f", header, 76, 1, 1, 1, 1, 0, 0, 0, 0)
    struct.pack_into("<3f", header, 108, 352, 1, 0)  # where voxels start; slope and intercept
    header[344:348] = b"n+1\0"
    return bytes(header) + voxels.tobytes()
