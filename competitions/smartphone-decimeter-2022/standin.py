"""Drives along made-up roads, measured by phones that are some metres off."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

DAYS, MOMENTS = 12, 15
PHONES = ("GooglePixel4", "XiaomiMi8")


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write each drive's folders of phones, with truth, measurements and logs, and the metadata."""
    for day in range(DAYS):
        drive = f"2020-{day + 1 if day % 3 == 0 else f'{day + 1:02d}'}-{day + 10}-US-MTV-1"  # some months have no zero
        for phone in PHONES[: 1 + day % 2]:
            _write_trip(folder / "train" / drive / phone, day, rng)
    (folder / "metadata").mkdir()
    (folder / "metadata/constellation_type_mapping.csv").write_text("constellationType,constellationName\n1,GPS\n")
    for name in ("raw_state_bit_map", "accumulated_delta_range_state_bit_map"):
        (folder / f"metadata/{name}.json").write_text(json.dumps({"0": "STATE_CODE_LOCK"}))


def _write_trip(home: Path, day: int, rng: np.random.Generator) -> None:
    (home / "supplemental").mkdir(parents=True)
    time = 1_589_494_000_000 + 86_400_000 * day + 1000 * np.arange(MOMENTS)
    way = np.array([37.4, -122.1]) + np.cumsum(rng.normal(1e-4, 2e-5, (MOMENTS, 2)), axis=0)
    truth = {"MessageType": "Fix", "Provider": "GT", "LatitudeDegrees": way[:, 0], "LongitudeDegrees": way[:, 1]}
    moving = {"AltitudeMeters": 33.2, "SpeedMps": 10.0, "AccuracyMeters": 0.1, "BearingDegrees": 200.0}
    pd.DataFrame({**truth, **moving, "UnixTimeMillis": time}).to_csv(home / "ground_truth.csv", index=False)
    off = way + rng.normal(0, 3e-5, way.shape)
    measured = {
        "MessageType": "Raw",
        "utcTimeMillis": time,
        "LatitudeDegrees": off[:, 0],
        "LongitudeDegrees": off[:, 1],
    }
    pd.DataFrame(measured).to_csv(home / "device_gnss.csv", index=False)
    moved = rng.normal(size=(MOMENTS, 3)).round(4)
    sensed = pd.DataFrame(moved, columns=[f"Measurement{axis}" for axis in "XYZ"])
    sensed.insert(0, "MessageType", "UncalAccel")
    sensed.insert(1, "utcTimeMillis", time)
    sensed.to_csv(home / "device_imu.csv", index=False)
    (home / "supplemental/gnss_log.txt").write_text("# Header Description:\nRaw,0,1,2\n")
    (home / "supplemental/gnss_rinex.20o").write_text("     3.03           OBSERVATION DATA\n")
    sentences = (f"$GPGGA,{latitude:.7f},N,{-longitude:.7f},W" for latitude, longitude in way)
    (home / "supplemental/span_log.nmea").write_text("\n".join(sentences) + "\n")
