"""Events whose pulses run through the detector in the direction of the neutrino."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

BATCHES, EVENTS, PULSES, SIDE = 20, 12, 8, 4


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the sensors, the events' table and a table of pulses for each batch."""
    (folder / "train").mkdir()
    axis = np.linspace(-500, 500, SIDE)
    sensors = pd.DataFrame(np.stack(np.meshgrid(axis, axis, axis), -1).reshape(-1, 3).round(2), columns=list("xyz"))
    sensors.rename_axis("sensor_id").reset_index().to_csv(folder / "sensor_geometry.csv", index=False)
    meta = []
    for batch in range(1, BATCHES + 1):
        ids = np.sort(rng.choice(10**6, EVENTS, replace=False)) + batch * 10**6
        azimuth, zenith = rng.uniform(0, 2 * np.pi, EVENTS), np.arccos(rng.uniform(-1, 1, EVENTS))
        way = np.stack([np.cos(azimuth) * np.sin(zenith), np.sin(azimuth) * np.sin(zenith), np.cos(zenith)], -1)
        pulses = []
        for id, direction in zip(ids, way, strict=True):
            hit = np.sort(rng.choice(len(sensors), PULSES, replace=False))
            time = 10_000 - (sensors.to_numpy()[hit] @ direction / 0.3).round()  # light takes a nanosecond for 0.3 m
            charge = rng.lognormal(size=PULSES).astype(np.float32)
            table = {"sensor_id": hit.astype(np.int16), "time": time.astype(np.int64), "charge": charge}
            pulses.append(pd.DataFrame({**table, "auxiliary": rng.random(PULSES) < 0.3, "event_id": id}))
        pd.concat(pulses).set_index("event_id").to_parquet(folder / f"train/batch_{batch}.parquet")
        first = np.arange(EVENTS) * PULSES
        place = {"first_pulse_index": first, "last_pulse_index": first + PULSES - 1}
        meta.append(pd.DataFrame({"batch_id": batch, "event_id": ids, **place, "azimuth": azimuth, "zenith": zenith}))
    pd.concat(meta, ignore_index=True).to_parquet(folder / "train_meta.parquet")
