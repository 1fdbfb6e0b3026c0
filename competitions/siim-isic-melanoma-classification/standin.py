"""Raw data of the stand-in: lesions whose colour tells what they are, as DICOM, as JPEG and in TFRecord files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd

from harness.data import tfrecord
from harness.standin.pictures import jpeg, put

FILES, TO_A_FILE = 8, 9
COLOURS = {0: (190, 130, 110), 1: (90, 50, 40)}


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the table and every picture three times."""
    table = _table(FILES * TO_A_FILE, rng)
    table.to_csv(folder / "train.csv", index=False)
    pictures = [jpeg(rng, COLOURS[target]) for target in table["target"]]
    for name, picture in zip(table["image_name"], pictures, strict=True):
        put(folder / "jpeg/train" / f"{name}.jpg", picture)
        put(folder / "train" / f"{name}.dcm", _dicom(name, picture))
    (folder / "tfrecords").mkdir()
    for number, places in enumerate(np.array_split(rng.permutation(len(table)), FILES)):
        with (folder / "tfrecords" / f"train{number:02d}-2071.tfrec").open("wb") as file:
            for place in places:
                tfrecord.write_record(file, _record(table.iloc[place], pictures[place]))


def _table(count: int, rng: np.random.Generator) -> pd.DataFrame:
    target = (rng.random(count) < 0.35).astype(int)
    site = rng.choice(["torso", "lower extremity", "upper extremity", "head/neck", "palms/soles"], count)
    diagnosis = np.where(target == 1, "melanoma", rng.choice(["nevus", "unknown", "seborrheic keratosis"], count))
    return pd.DataFrame(
        {
            "image_name": [f"ISIC_{number:07d}" for number in np.sort(rng.choice(9_999_999, count, replace=False))],
            "patient_id": [f"IP_{patient:07d}" for patient in rng.integers(0, count // 2, count)],
            "sex": rng.choice(["male", "female"], count),
            "age_approx": np.where(rng.random(count) < 0.05, np.nan, 5.0 * rng.integers(2, 18, count)),
            "anatom_site_general_challenge": pd.Series(site).where(rng.random(count) > 0.05),
            "diagnosis": diagnosis,
            "benign_malignant": np.where(target == 1, "malignant", "benign"),
            "target": target,
        }
    )


def _record(row: pd.Series, picture: bytes) -> bytes:
    age = -1 if np.isnan(row["age_approx"]) else int(row["age_approx"])
    features: dict[str, tfrecord.Values] = {"image": [picture], "image_name": [row["image_name"].encode()]}
    features |= {"patient_id": [1], "sex": [int(row["sex"] == "male")], "age_approx": [age]}
    return tfrecord.example({**features, "diagnosis": [int(row["target"])], "target": [int(row["target"])]})


def _dicom(name: str, picture: bytes) -> bytes:
    """Return a DICOM file that holds the JPEG, with UIDs that follow from the name."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGBaseline8Bit, SecondaryCaptureImageStorage

    lesion = Dataset()
    lesion.SOPClassUID = SecondaryCaptureImageStorage
    lesion.SOPInstanceUID = f"2.25.{int(name.removeprefix('ISIC_')) + 1}"
    lesion.Modality, lesion.PatientID = "XC", name
    lesion.SamplesPerPixel, lesion.PhotometricInterpretation, lesion.PlanarConfiguration = 3, "YBR_FULL_422", 0
    lesion.Rows, lesion.Columns = 16, 16
    lesion.BitsAllocated, lesion.BitsStored, lesion.HighBit, lesion.PixelRepresentation = 8, 8, 7, 0
    lesion.PixelData = encapsulate([picture])
    lesion["PixelData"].is_undefined_length = True
    lesion.file_meta = FileMetaDataset()
    lesion.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    buffer = io.BytesIO()
    lesion.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
