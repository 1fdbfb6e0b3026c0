"""The doctor finds what is missing, says what to do, and never fails itself."""

import json
import time
from dataclasses import replace

import pytest

from harness.machine.doctor import GIB, check_all, judge
from harness.machine.engine import Engine, Machine
from harness.machine.images import ImageRef
from harness.machine.toolkit import Toolkit
from harness.setup.facts import Facts, Gpu, Kaggle, can_start, kaggle

READY = Facts(
    engine=Engine("unix:///var/run/docker.sock", "20.10.24", "1.41"),
    can_start_engine=False,
    info={"MemoryLimit": True, "SwapLimit": True, "PidsLimit": True, "CpuCfsQuota": True, "CgroupVersion": "2"},
    image=ImageRef("cpu", "podium/agent-cpu:0123", "sha256:0123", {"numpy": "2.4.6"}),
    gpu_image=None,
    free_bytes={"/cache": 100 * GIB},
    memory_bytes=16 * GIB,
    can_limit_workspace=True,
    kaggle=Kaggle("KAGGLE_API_TOKEN"),
    model_keys=("OPENAI_API_KEY",),
)
H100 = Gpu(names=("NVIDIA H100",), driver="580.1", toolkit=Toolkit("1.17.8", "nvidia-ctk"), in_engine=True)


def finding(name, **changes):
    return next(check for check in judge(replace(READY, **changes)) if check.name == name)


def test_a_ready_host_has_nothing_to_do():
    assert [(check.status, check.what_to_do) for check in judge(READY)] == [("ok", None)] * 10


def test_who_holds_what_of_the_machine_is_shown():
    check = finding("to lend", held=("run a of group g (pid 1) holds CPUs 0-1",))
    assert check.status == "ok" and check.found.endswith("; run a of group g (pid 1) holds CPUs 0-1")


@pytest.mark.parametrize(
    ("name", "changes", "status", "words"),
    [
        ("engine", {"engine": "connection refused"}, "fail", "apt-get install docker.io"),
        ("engine", {"engine": "connection refused", "can_start_engine": True}, "warn", "make image"),
        ("limits", {"info": {}}, "warn", "see engine"),
        ("limits", {"info": READY.info | {"MemoryLimit": False}}, "fail", "memory"),
        ("limits", {"info": READY.info | {"SwapLimit": False}}, "warn", "swap"),
        ("image", {"image": None}, "warn", "make image"),
        ("disk", {"free_bytes": {"/cache": 90 * GIB, "/var/lib/docker": 10 * GIB}}, "warn", "data-root"),
        ("disk", {"free_bytes": {"/cache": 1 * GIB}}, "fail", "PODIUM_HOME"),
        ("memory", {"memory_bytes": 4 * GIB}, "warn", "--memory"),
        ("memory", {"memory_bytes": 1 * GIB}, "fail", "--memory"),
        ("workspace", {"can_limit_workspace": False}, "warn", "mkfs.ext4"),
        ("gpu", {"gpu": replace(H100, toolkit=Toolkit())}, "warn", "nvidia-ctk --version"),
        ("gpu", {"gpu": replace(H100, in_engine=False)}, "warn", "nvidia-ctk runtime configure"),
        ("gpu", {"gpu": replace(H100, toolkit=Toolkit("1.17.7", "nvidia-ctk"))}, "warn", "1.17.8"),
        ("kaggle", {"kaggle": Kaggle()}, "warn", "https://www.kaggle.com/settings/api"),
        ("kaggle", {"kaggle": Kaggle("/h/.kaggle/kaggle.json", True)}, "warn", "chmod 600 /h/.kaggle/kaggle.json"),
        ("models", {"model_keys": ()}, "warn", "OPENAI_API_KEY"),
    ],
)
def test_what_is_missing_is_found_with_what_to_do(name, changes, status, words):
    check = finding(name, **changes)
    assert check.status == status and words in (check.what_to_do or "")


def test_gpus_with_a_current_toolkit_are_ready():
    assert (
        finding("gpu", gpu=H100).status == finding("gpu", gpu=replace(H100, toolkit=Toolkit("1.18.0"))).status == "ok"
    )


@pytest.mark.parametrize(
    ("files", "environ", "place"),
    [
        ({}, {}, None),
        ({}, {"KAGGLE_API_TOKEN": "secret"}, "KAGGLE_API_TOKEN"),
        ({}, {"KAGGLE_USERNAME": "me"}, None),
        ({}, {"KAGGLE_USERNAME": "me", "KAGGLE_KEY": "secret"}, "KAGGLE_USERNAME and KAGGLE_KEY"),
        ({".kaggle/access_token": 0o600}, {}, ".kaggle/access_token"),
        ({".kaggle/kaggle.json": 0o600}, {}, ".kaggle/kaggle.json"),
        ({".config/kaggle/kaggle.json": 0o600}, {}, ".config/kaggle/kaggle.json"),
        (
            {"own/kaggle.json": 0o600, ".kaggle/kaggle.json": 0o600},
            {"KAGGLE_CONFIG_DIR": "HOME/own"},
            "own/kaggle.json",
        ),
        ({".kaggle/credentials.json": 0o600}, {}, ".kaggle/credentials.json"),
    ],
)
def test_kaggle_credentials_are_found_where_its_client_looks(tmp_path, files, environ, place):
    for name, mode in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
        file.chmod(mode)
    environ = {name: value.replace("HOME", str(tmp_path)) for name, value in environ.items()}

    found = kaggle(environ, tmp_path)

    expected = str(tmp_path / place) if place in files else place
    assert found == Kaggle(expected)


def test_credentials_that_others_can_read_are_found(tmp_path):
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle/kaggle.json").write_text("{}")
    (tmp_path / ".kaggle/kaggle.json").chmod(0o644)
    assert kaggle({}, tmp_path).readable_by_others


def test_an_engine_named_by_docker_host_is_not_ours_to_start(tmp_path):
    debian = tmp_path / "os-release"
    debian.write_text("ID=debian\n")
    ours = Machine({"PATH": ""}, uid=0, os_release=debian, system_folders="")
    assert can_start(ours)
    assert not can_start(replace(ours, uid=1000))
    assert not can_start(replace(ours, environ={"DOCKER_HOST": "tcp://127.0.0.1:1"}))


def test_a_host_without_an_engine_is_judged_all_the_same(settings, tmp_path):
    settings = replace(settings, environ={**settings.environ, "DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
    checks = {check.name: check for check in check_all(settings, home=tmp_path)}
    assert checks["engine"].status == "fail" and checks["image"].status == "warn"
    assert checks["disk"].found.endswith(("/home", "/results"))


@pytest.mark.engine
def test_this_host_is_ready_within_three_seconds(real_settings, image, tmp_path):
    secret = "sk-of-the-doctors-test"
    settings = replace(real_settings, environ={**real_settings.environ, "OPENAI_API_KEY": secret})
    start = time.monotonic()
    checks = check_all(settings, home=tmp_path)

    assert time.monotonic() - start < 3
    by_name = {check.name: check for check in checks}
    assert by_name["engine"].status == by_name["image"].status == "ok"
    assert image.tag in by_name["image"].found
    assert secret not in json.dumps([check.found for check in checks])
