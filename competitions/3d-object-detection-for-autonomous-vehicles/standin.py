"""Short drives among parked vehicles: every box of a class has its size, and lidar points lie in the boxes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

LOGS, SAMPLES = 10, 2  # samples of each log
SENSORS = {"CAM_FRONT": "jpeg", "CAM_BACK": "jpeg", "LIDAR_TOP": "bin"}
SIZES = {"car": (1.9, 4.8, 1.7), "truck": (2.8, 10.0, 3.4), "pedestrian": (0.8, 0.8, 1.8), "bicycle": (0.6, 1.8, 1.4)}
Tables = dict[str, list[dict[str, Any]]]


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the tables, the pictures, the point clouds and the map."""
    for name in ("data", "images", "lidar", "maps"):
        (folder / f"train_{name}").mkdir()
    fixed = {
        "sensor": [{"token": token(rng), "channel": name, "modality": kind} for name, kind in SENSORS.items()],
        "category": [{"token": token(rng), "name": name, "description": ""} for name in SIZES],
        "attribute": [{"token": token(rng), "name": "object_action_parked", "description": ""}],
        "visibility": [{"token": str(level), "level": f"v{level}"} for level in range(1, 5)],
    }
    names = ("log", "scene", "sample", "sample_data", "calibrated_sensor", "ego_pose", "sample_annotation", "instance")
    tables: Tables = {**fixed, **{name: [] for name in names}}
    rows = [row for number in range(LOGS) for row in drive(folder, tables, number, rng)]
    pd.DataFrame(rows, columns=["Id", "PredictionString"]).to_csv(folder / "train.csv", index=False)
    logs = [log["token"] for log in tables["log"]]
    chart = {"log_tokens": logs, "category": "semantic_prior", "filename": "maps/map_raster_palo_alto.png"}
    tables["map"] = [{**chart, "token": token(rng)}]
    drivable = Image.fromarray(rng.integers(0, 2, (16, 16), dtype=np.uint8) * 255)
    drivable.save(folder / "train_maps" / "map_raster_palo_alto.png")
    for name, records in tables.items():
        (folder / "train_data" / f"{name}.json").write_text(json.dumps(records, indent=0), encoding="utf-8")


def drive(folder: Path, tables: Tables, number: int, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Write one log with its samples; return their rows of train.csv."""
    log, host = token(rng), f"host-a{number:03d}"
    tables["log"].append({"token": log, "vehicle": host, "location": "Palo Alto", "map_token": token(rng)})
    tables["scene"].append({"token": log, "log_token": log, "name": f"{host}-lidar0", "nbr_samples": SAMPLES})
    sensors = {}
    for sensor in tables["sensor"]:
        place = {"translation": [1.0, 0.0, 1.7], "rotation": [1, 0, 0, 0], "camera_intrinsic": []}
        tables["calibrated_sensor"].append({"token": token(rng), "sensor_token": sensor["token"], **place})
        sensors[sensor["channel"]] = tables["calibrated_sensor"][-1]["token"]
    boxes = [box(rng) for _ in range(rng.integers(2, 6))]
    things = [token(rng) for _ in boxes]
    for thing, (name, _) in zip(things, boxes, strict=True):
        category = next(one["token"] for one in tables["category"] if one["name"] == name)
        tables["instance"].append({"token": thing, "category_token": category, "nbr_annotations": SAMPLES})
    rows = []
    for step in range(SAMPLES):
        sample, time = token(rng), 1_230_000_000_000_000 + number * 10**8 + step * 200_000
        tables["sample"].append({"token": sample, "timestamp": time, "scene_token": log, "data": {}})
        for channel, sensor_token in sensors.items():
            name = f"{host}_{channel.lower()}_{time}.{SENSORS[channel]}"
            datum = {"token": token(rng), "sample_token": sample, "calibrated_sensor_token": sensor_token}
            add_file(tables, {**datum, "timestamp": time}, name, rng)
            record(folder, name, boxes, rng)
        for thing, (_, values) in zip(things, boxes, strict=True):
            which = {"token": token(rng), "sample_token": sample, "instance_token": thing, "visibility_token": "4"}
            tables["sample_annotation"].append({**which, "translation": values[:3], "size": values[3:6]})
        rows.append((sample, " ".join(f"{' '.join(map(str, values))} {name}" for name, values in boxes)))
    return rows


def add_file(tables: Tables, datum: dict[str, Any], name: str, rng: np.random.Generator) -> None:
    """Add a file to the tables, with where the car was."""
    where = {"translation": [2700.0, 600.0, -18.0], "rotation": [1, 0, 0, 0]}
    pose = {"token": token(rng), "timestamp": datum["timestamp"], **where}
    tables["ego_pose"].append(pose)
    kind = name.rpartition(".")[2]
    path = f"{'lidar' if kind == 'bin' else 'images'}/{name}"
    tables["sample_data"].append({**datum, "ego_pose_token": pose["token"], "fileformat": kind, "filename": path})


def box(rng: np.random.Generator) -> tuple[str, list[float]]:
    """Return the class of an object and its box: centre, width, length, height and yaw."""
    name = str(rng.choice(list(SIZES), p=[0.6, 0.1, 0.2, 0.1]))
    size = np.array(SIZES[name]) * rng.uniform(0.9, 1.1, 3)
    centre = [2700 + rng.uniform(-40, 40), 600 + rng.uniform(-40, 40), -18 + size[2] / 2]
    return name, [float(value) for value in (*centre, *np.round(size, 3), rng.uniform(-3.1, 3.1))]


def record(folder: Path, name: str, boxes: list[tuple[str, list[float]]], rng: np.random.Generator) -> None:
    """Write a picture, or a cloud of points (x, y, z, intensity, ring) seen from the car."""
    if name.endswith("jpeg"):
        Image.fromarray(rng.integers(0, 256, (8, 12, 3), dtype=np.uint8)).save(folder / "train_images" / name)
        return
    points = [np.array(values[:3]) - (2700, 600, -18) + rng.normal(0, 0.3, (8, 3)) for _, values in boxes]
    cloud = np.hstack([np.concatenate(points), np.full((8 * len(boxes), 2), 1.0)]).astype(np.float32)
    (folder / "train_lidar" / name).write_bytes(cloud.tobytes())


def token(rng: np.random.Generator) -> str:
    """Return a name of 64 hexadecimal digits."""
    return rng.bytes(32).hex()
