"""Pre-trained models in a box without a network: installed by pip and loaded by their usual names, from the cache."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.config import load
from harness.machine.images import find_image
from harness.runs.bench import Bench
from harness.runs.run import run_one
from harness.sandbox.base import GIB
from harness.verbs.choices import BenchOptions
from tests.e2e import pretrained
from tests.e2e.conftest import SMALL, says_code, says_review
from tests.e2e.test_egress import COMPETITION, NoGpus, NoProgress, said
from tests.harness.egress.conftest import serving
from tests.harness.egress.hub import hub

pytestmark = pytest.mark.engine
LOCK = Path(__file__).parents[2] / "dockerfiles" / "agent-cpu" / "candidate-lock.txt"
TRANSFORMERS, TIMM = "transformers", "timm"  # as they are now: an index may not have every version
GPU_IMAGE = (
    "the image with torch is not here. To have it and run this: make image-gpu (8 GB), then "
    ".venv/bin/python -m pytest tests/e2e/test_pretrained.py"
)


def refuse_to_judge_without_an_index(environ, packages, folder):
    """Skip where pip alone can't have the packages either, with what it says: then the index lacks what they need."""
    plain = [sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:", "-d", folder / "tried"]
    done = subprocess.run(
        [*plain, "-c", LOCK, *packages], env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"the package index has no set of wheels for {', '.join(packages)}: {done.stderr[-300:].strip()}")


@pytest.fixture
def filled(podium, tmp_path):
    """Fill the cache by the command, from the real package index and a hub of the test's own."""

    def fill(packages, image, script, *options):
        podium.environ |= pretrained.index_variables()
        try:
            podium("cache", "add", "pypi", *options, *packages)
        except AssertionError:
            if not options:
                refuse_to_judge_without_an_index(podium.environ, packages, tmp_path)
            raise
        out = tmp_path / "made"
        expected = pretrained.Maker(image.digest, podium.home / "cache").make(script, out)
        repos = pretrained.repositories(out)
        with serving(tmp_path, handler=hub(repos)) as server:
            podium.environ["HF_ENDPOINT"] = f"http://127.0.0.1:{server.server_address[1]}"
            for repo in repos:
                podium("cache", "add", "hf", repo)
        if (out / "weights").is_dir():
            with serving(out / "weights") as server:
                address = f"http://127.0.0.1:{server.server_address[1]}/{pretrained.WEIGHTS}"
                podium("cache", "add", "url", address)
        assert "all is as it was added" in podium("cache", "verify").stdout
        return expected

    return fill


def test_a_tokenizer_a_configuration_and_weights_are_loaded_offline_by_their_usual_names(model, podium, image, filled):
    expected = filled([TRANSFORMERS], image, pretrained.SAVE_TOKENS)
    model.script(says_code(pretrained.LOAD_TOKENS + pretrained.END), says_review())
    podium("bench", COMPETITION, *SMALL, "--group", "g", "--model", "compatible/fake", "--steps", "1")
    found, node = said(podium.only_run())

    assert found["tokens"] == [2, 5, 6, 7, 3] and found["hidden"] == 4, node["output"]
    assert found["sum"] == pytest.approx(expected, rel=1e-5) and found["interfaces"] == ["lo"]
    assert "WARNING" not in node["output"] and found["compiled"] == 0, node["output"]


def test_networks_of_timm_transformers_and_torch_are_loaded_offline_by_their_usual_names(
    model, podium, filled, real_settings
):
    torch_image = find_image("gpu", real_settings)
    if torch_image is None:
        pytest.skip(GPU_IMAGE)
    expected = filled([TRANSFORMERS, TIMM], torch_image, pretrained.SAVE_NETWORKS, "--gpu")
    model.script(says_code(pretrained.LOAD_NETWORKS + pretrained.END), says_review())
    options = BenchOptions(
        competitions=(COMPETITION,),
        model="compatible/fake",
        steps=1,
        group="g",
        memory_bytes=4 * GIB,
        disk_bytes=GIB,
        cpus=2,
    )
    bench = Bench(load(podium.environment()), options, lambda line: None)
    (plan,) = bench.plans()
    folder = bench.group().run(plan.run_id)
    # The image that `--gpus 1` takes, on a machine that may have no GPU.
    record = run_one(dataclasses.replace(plan, image=torch_image), folder, bench.tools(NoProgress(), NoGpus()))
    found, node = said(folder)

    assert found["tokens"] == [2, 5, 6, 7, 3] and found["hidden"] == [1, 5, 4], node["output"]
    sums = {name: pytest.approx(expected[name], rel=1e-5) for name in ("bert", "resnet", "linear")}
    assert {name: found[name] for name in sums} == sums
    assert found["same body"] is True and found["classes"] == [1, 2] and found["interfaces"] == ["lo"]
    assert record.status == "completed" and record.sandbox["network_mode"] == "none", json.dumps(record.reason)
