"""What GPUs there are, by the names that runs ask for them. The answers have the real tool's form."""

import pytest

from harness.errors import UserError
from harness.machine.gpu_request import given
from harness.machine.gpus import inventory
from harness.sandbox.base import Gpus
from tests.harness import fake_nvidia
from tests.harness.fake_nvidia import A100, OTHER_SLICE, SECOND, SLICE, nvidia_smi


@pytest.fixture
def two(tmp_path):
    return inventory(nvidia_smi(tmp_path, fake_nvidia.PLAIN))


@pytest.fixture
def cut(tmp_path):
    return inventory(nvidia_smi(tmp_path, fake_nvidia.CUT, fake_nvidia.LISTED))


def test_gpus_are_listed_with_what_the_driver_says_of_them(two):
    assert [(gpu.index, gpu.id, gpu.memory, gpu.mig) for gpu in two.gpus] == [
        (0, A100, "81920 MiB", False),
        (1, SECOND, "81920 MiB", False),
    ]
    assert two.gpus[0].name == "NVIDIA A100-SXM4-80GB" and two.gpus[0].driver == "535.161.08"
    assert two.ids == (A100, SECOND)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("1", (A100,)),  # a number: the first ones, as the engine takes them
        ("2", (A100, SECOND)),
        ("all", (A100, SECOND)),
        (SECOND, (SECOND,)),
        (f"{SECOND},{A100}", (SECOND, A100)),
        ("GPU-0f3e1a5b", (SECOND,)),  # the tool itself takes a beginning
        ("1,0", (SECOND, A100)),
    ],
)
def test_a_request_is_resolved_to_uuids(two, asked, found):
    assert two.resolve(Gpus.parse(asked)) == found


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("3", f"--gpus 3, and this machine has 0 \\({A100}\\), 1"),
        ("GPU-ffffffff-0000-0000-0000-000000000000", "no GPU GPU-ffffffff"),
        ("0,7", "no GPU 7"),
        (f"0,{A100}", "names a GPU twice"),
        (SLICE, "no GPU MIG-"),
    ],
)
def test_gpus_that_are_not_here_are_refused_with_those_that_are(two, asked, words):
    with pytest.raises(UserError, match=words) as refused:
        two.resolve(Gpus.parse(asked))
    assert "nvidia-smi -L" in str(refused.value) or "Name each once" in str(refused.value)


def test_mig_instances_stand_for_the_gpu_that_they_cut_up(cut):
    assert [part.profile for part in cut.gpus[0].instances] == ["3g.40gb", "1g.10gb"]
    assert cut.ids == (SLICE, OTHER_SLICE, SECOND)
    assert cut.resolve(Gpus.parse(f"{OTHER_SLICE},{SECOND}")) == (OTHER_SLICE, SECOND)
    assert cut.parent(SLICE).id == A100
    assert cut.resolve(Gpus.parse("2")) == (SLICE, OTHER_SLICE)
    assert cut.resolve(Gpus.parse("all")) == cut.ids
    with pytest.raises(UserError, match=rf"--gpus 4, .* 0 \({SLICE}\), 0 \({OTHER_SLICE}\), 1 \({SECOND}\)"):
        cut.resolve(Gpus.parse("4"))


@pytest.mark.parametrize("asked", ["0,1", A100])
def test_a_gpu_under_mig_is_not_handed_out_whole(cut, asked):
    with pytest.raises(UserError, match=f"GPU 0 .*by its UUID: {SLICE}, {OTHER_SLICE}"):
        cut.resolve(Gpus.parse(asked))


@pytest.mark.parametrize("rows", [fake_nvidia.CARD_WITHOUT_MIG, fake_nvidia.OLD_DRIVER])
def test_cards_and_drivers_that_know_no_mig_are_listed_too(tmp_path, rows):
    found = inventory(nvidia_smi(tmp_path, rows))
    assert found.ids == (A100,) and not found.gpus[0].mig


def test_why_there_are_none_is_told(tmp_path):
    assert inventory({"PATH": str(tmp_path)}).problem == "there is no nvidia-smi on PATH"
    broken = inventory(nvidia_smi(tmp_path))
    assert broken.ids == () and "couldn't communicate with the NVIDIA driver" in broken.problem
    with pytest.raises(UserError, match="none: nvidia-smi ended with 9"):
        broken.resolve(Gpus.parse("1"))


def test_gpus_of_an_engine_elsewhere_are_not_taken_for_those_here(tmp_path):
    environ = nvidia_smi(tmp_path, fake_nvidia.PLAIN) | {"DOCKER_HOST": "tcp://10.0.0.7:2376"}
    assert inventory(environ).ids == () and "tcp://10.0.0.7:2376" in inventory(environ).problem


def test_what_a_run_was_given_is_named_also_where_it_cannot_be_looked_up(two, tmp_path):
    assert given(Gpus(count=1), two) == (A100,)
    assert given(Gpus(ids=("GPU-elsewhere",)), two) == ("GPU-elsewhere",)
    assert given(None, two) == ()
