"""Plays of a few players who wander about; two that are near each other touch, and one that stands still lies."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd

from harness.standin.videos import mp4

PLAYS, PLAYERS, STEPS, VIEWS = 12, 4, 3, ("All29", "Endzone", "Sideline")


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the four tables, and three films of each play."""
    (folder / "train").mkdir()
    labels, tracking, helmets, films = [], [], [], []
    for number in range(PLAYS):
        game, play = 58168 + number // 3, 3392 + 17 * number
        name = f"{game}_{play:06d}"
        players = sorted(rng.choice(np.arange(30000, 55000), PLAYERS, replace=False).tolist())
        key: dict[str, object] = {"game_play": name, "game_key": game, "play_id": play}
        spot = rng.uniform(0, 6, (PLAYERS, 2)) + 30
        for step in range(STEPS):
            moment = f"2020-09-11T03:01:{48 + step // 10}.{step % 10}00Z"
            stride = np.where(rng.random(PLAYERS) < 0.3, 0, rng.uniform(0.5, 2, PLAYERS))
            spot = spot + stride[:, None] * rng.normal(size=(PLAYERS, 2))
            for place, player in enumerate(players):
                motion = {"speed": round(stride[place] * 3, 2), "distance": round(stride[place], 2)}
                where = {"x_position": round(spot[place, 0], 2), "y_position": round(spot[place, 1], 2)}
                who = {"team": ("home", "away")[place % 2], "position": "CB", "jersey_number": place + 1}
                turned = dict.fromkeys(("direction", "orientation"), round(rng.uniform(0, 360), 2))
                pushed = dict.fromkeys(("acceleration", "sa"), round(rng.normal(), 2))
                at = {"nfl_player_id": player, "datetime": moment, "step": step}
                tracking.append({**key, **at, **who, **where, **motion, **turned, **pushed})
            pairs = [
                (one, other, np.hypot(*(spot[one] - spot[other])) < 3)
                for one, other in itertools.combinations(range(PLAYERS), 2)
            ]
            ground = [(place, None, stride[place] == 0) for place in range(PLAYERS)]
            for one, other, touches in [*pairs, *ground]:
                second = "G" if other is None else str(players[other])
                id = f"{name}_{step}_{players[one]}_{second}"
                who_with = {"nfl_player_id_1": players[one], "nfl_player_id_2": second}
                label = {"game_play": name, "datetime": moment, "step": step, **who_with, "contact": int(touches)}
                labels.append({"contact_id": id, **label})
        for view in VIEWS:
            frames = rng.integers(0, 256, (2, 16, 16, 3)).astype(np.uint8)
            (folder / f"train/{name}_{view}.mp4").write_bytes(mp4(frames, 60))
            times: dict[str, object] = {
                "start_time": "2020-09-11T03:01:43.134Z",
                "end_time": "2020-09-11T03:01:54.971Z",
            }
            films.append({**key, "view": view, **times, "snap_time": "2020-09-11T03:01:48.134Z"})
            seen = {"video": f"{name}_{view}.mp4", "frame": 1, "nfl_player_id": players[0], "player_label": "H1"}
            helmets.append({**key, "view": view, **seen, "left": 7, "width": 3, "top": 5, "height": 4})
    for table, rows in {
        "train_labels": labels,
        "train_player_tracking": tracking,
        "train_baseline_helmets": helmets,
        "train_video_metadata": films,
    }.items():
        pd.DataFrame(rows).to_csv(folder / f"{table}.csv", index=False)
