"""Measure both in turn, and print each figure as a ratio beside its aim.

aideml runs as its users run it, as a process of this host; ours in its container, by `podium run`, whose whole command
is counted too. Rounds alternate, so that what else this machine does meets both; the spread over rounds is the noise.
On a busy machine that is not enough: with cgroup v1 all containers together get the share of one process outside.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from perf.versus import ours, theirs, tokens
from perf.versus.provider import Model

STEPS = 20
ROUNDS = 3
AGENT = "best"
AIMS = {1: 0.4, 2: 0.3}  # our time as a share of aideml's, by workers
AIM_STEP_20, AIM_500, AIM_IMAGE = 0.8, 0.1, 0.2
THEIR_IMAGE_GB = 7.5  # measured earlier, of aideml's own Dockerfile: most of it is torch


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print."""
    from harness import config
    from harness.machine.images import ensure_image

    load, _, _ = os.getloadavg()
    settings = config.load(os.environ)
    image = ensure_image("cpu", settings, lambda line: None)
    bin_folder = theirs.environment(settings.root, settings.home)
    ours.podium("prepare", ours.COMPETITION, "--stand-in")
    data = settings.data / ours.COMPETITION / "public"
    their_seconds: list[float] = []
    our_runs: dict[int, list[ours.Taken]] = {workers: [] for workers in AIMS}
    for _ in range(ROUNDS):
        with (model := Model()).server:
            their_seconds.append(theirs.run(bin_folder, data, model.server.base_url, STEPS))
            their_steps = model.steps()
        for workers, taken in our_runs.items():
            with (model := Model()).server:
                taken.append(ours.run(model.server.base_url, STEPS, workers, AGENT))
            if workers == 1:
                our_steps = model.steps()
    say(f"aideml {theirs.VERSION}: {STEPS} steps in {_seconds(their_seconds)} s; ours is the preset {AGENT}")
    if load > len(os.sched_getaffinity(0)) / 2:
        say(
            f"   The machine was busy before (load {load:.1f}): its times say little, and less of ours than of aideml's"
        )
    for workers, taken in our_runs.items():
        _print_time(say, workers, their_seconds, taken)
    _print_tokens(say, their_steps, our_steps, tokens.ours(our_runs[1][-1], data))
    _print_sizes(say, image.digest)


def _print_time(say: Callable[[str], None], workers: int, theirs: Sequence[float], taken: Sequence[ours.Taken]) -> None:
    named = {
        "the run, container included": [one.run for one in taken],
        "the whole command": [one.command for one in taken],
    }
    for name, seconds in named.items():
        ratios = sorted(one / other for one, other in zip(seconds, theirs, strict=True))
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        aim = f"aim {AIMS[workers]}; " if name.startswith("the run") else ""
        say(
            f"   {workers} at a time, {name}: {_seconds(seconds)} s, ours / aideml {statistics.median(ratios):.2f} "
            f"({aim}{len(ratios)} rounds: {spread})"
        )


def _print_tokens(
    say: Callable[[str], None], theirs: Sequence[int], seen: Sequence[int], five_hundred: Sequence[int]
) -> None:
    ratio = seen[-1] / theirs[-1]
    say(f"   input tokens of step 1:  {seen[0]:,}, aideml {theirs[0]:,}")
    say(f"   input tokens of step {STEPS}: {seen[-1]:,}, aideml {theirs[-1]:,}; ratio {ratio:.2f} (aim {AIM_STEP_20})")
    together = f"{sum(seen):,}, aideml {sum(theirs):,}; ratio {sum(seen) / sum(theirs):.2f}"
    say(f"   input tokens of {STEPS} steps together: {together}")
    whole, their_whole = sum(five_hundred), tokens.theirs(theirs)
    say(
        f"   input tokens of {tokens.STEPS} steps: {whole:,} (our loop, replies at speed), "
        f"aideml {their_whole:,} (by its prompts' growth); ratio {whole / their_whole:.3f} (aim {AIM_500})"
    )


def _print_sizes(say: Callable[[str], None], image: str) -> None:
    asked = ["docker", "image", "inspect", "--format", "{{.Size}}", image]
    size = int(subprocess.run(asked, check=True, capture_output=True, text=True).stdout) / 1e9
    host = sum(file.lstat().st_size for file in Path(sys.prefix).rglob("*") if file.is_file()) / 1e9
    say(
        f"   image: {size:.2f} GB, aideml's {THEIR_IMAGE_GB} GB (as measured before, not built here); ratio "
        f"{size / THEIR_IMAGE_GB:.2f} (aim {AIM_IMAGE}); beside it the host's environment, with the tools of "
        f"development: {host:.2f} GB"
    )


def _seconds(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1f}"
