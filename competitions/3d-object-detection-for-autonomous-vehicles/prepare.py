"""Splits the recordings by log, each a drive of some 25 seconds, and every table of the data set after them."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

import pandas as pd
from sklearn.model_selection import train_test_split

from harness.splits import Job
from harness.splits.placing import place

Record = dict[str, Any]
SAME_FOR_BOTH = ("attribute", "category", "sensor", "visibility")
MAP = "map_raster_palo_alto.png"
FOLDERS = {"jpeg": "images", "bin": "lidar"}


def prepare(job: Job, own_logs: bool = False) -> None:
    """Write both sides; with `own_logs` each side's map lists its own logs."""
    logs = [log["token"] for log in read(job, "log")]
    sides = dict(zip(("train", "test"), train_test_split(logs, test_size=0.2, random_state=0), strict=True))
    boxes = pd.read_csv(job.raw / "train.csv")
    pairs = []
    for side, chosen in sides.items():
        tables = tables_of(job, set(chosen))
        named = chosen if own_logs else sides["test"]
        tables["map"] = [{**chart, "log_tokens": named} for chart in read(job, "map")]
        if side == "train":
            tables |= annotations_of(job, tables["sample"])
        write(job, side, tables)
        theirs = boxes[boxes["Id"].isin([sample["token"] for sample in tables["sample"]])]
        if side == "train":
            theirs.to_csv(job.public / "train.csv", index=False)
        else:
            scored = theirs.assign(PredictionString=theirs["PredictionString"].map(with_scores))
            scored.to_csv(job.private / job.answers_file, index=False)
            job.write_sample(scored)
        for datum in tables["sample_data"]:
            folder, name = FOLDERS[datum["fileformat"]], PurePosixPath(datum["filename"]).name
            pairs.append((job.raw / f"train_{folder}" / name, job.public / f"{side}_{folder}" / name))
        pairs.append((job.raw / "train_maps" / MAP, job.public / f"{side}_maps" / MAP))
        same = [f"{name}.json" for name in SAME_FOR_BOTH]
        pairs += [(job.raw / "train_data" / name, job.public / f"{side}_data" / name) for name in same]
    place(pairs)


def tables_of(job: Job, logs: set[str]) -> dict[str, list[Record]]:
    """Return the tables that both sides have, of these logs only; a scene has the token of its log."""
    tables = {
        "log": [log for log in read(job, "log") if log["token"] in logs],
        "scene": [scene for scene in read(job, "scene") if scene["log_token"] in logs],
        "sample": [sample for sample in read(job, "sample") if sample["scene_token"] in logs],
    }
    samples = {sample["token"] for sample in tables["sample"]}
    data = [datum for datum in read(job, "sample_data") if datum["sample_token"] in samples]
    tables["sample_data"] = data
    sensors, poses = ({one["token"]: one for one in read(job, name)} for name in ("calibrated_sensor", "ego_pose"))
    used = dict.fromkeys(datum["calibrated_sensor_token"] for datum in data)  # once each, in the order of first use
    tables["calibrated_sensor"] = [sensors[token] for token in used]
    tables["ego_pose"] = [poses[datum["ego_pose_token"]] for datum in data]
    return tables


def annotations_of(job: Job, samples: list[Record]) -> dict[str, list[Record]]:
    """Return the tables that only training data have: boxes in the samples, and the objects that they are of."""
    tokens = {sample["token"] for sample in samples}
    boxes = [box for box in read(job, "sample_annotation") if box["sample_token"] in tokens]
    seen = {box["instance_token"] for box in boxes}
    objects = [thing for thing in read(job, "instance") if thing["token"] in seen]
    return {"sample_annotation": boxes, "instance": objects}


def with_scores(boxes: str) -> str:
    """Put a score of 1.0 before each box, since predictions have one."""
    values = boxes.split(" ")
    return " ".join(f"1.0 {' '.join(values[start : start + 8])}" for start in range(0, len(values), 8))


def read(job: Job, name: str) -> list[Record]:
    """Return one table of the raw data."""
    records: list[Record] = json.loads((job.raw / "train_data" / f"{name}.json").read_bytes())
    return records


def write(job: Job, side: str, tables: dict[str, list[Record]]) -> None:
    """Write the tables of one side."""
    folder = job.public / f"{side}_data"
    folder.mkdir()
    for name, records in tables.items():
        (folder / f"{name}.json").write_text(json.dumps(records), encoding="utf-8")
