"""Which version of NVIDIA's toolkit hands out GPUs, and that old ones don't. Answers have the real programs' form."""

import pytest

from harness.errors import UserError
from harness.machine.toolkit import refuse_old, toolkit
from tests.harness.fake_nvidia import CLI, CTK, HOOK, says


@pytest.mark.parametrize("version", ["1.17.7", "1.16.2", "1.9.0", "0.14.6", "1.17.8-rc.1", "1.17.8~rc.2"])
def test_versions_that_let_a_container_take_over_the_host_are_refused(tmp_path, version):
    found = toolkit(says(tmp_path, "nvidia-ctk", CTK.format(version)))
    assert (found.version, found.program) == (version, "nvidia-ctk")
    with pytest.raises(UserError, match=r"CVE-2025-23266.*1\.17\.8 or newer: sudo apt-get install --only-upgrade"):
        refuse_old(found)


@pytest.mark.parametrize("version", ["1.17.8", "1.17.9-rc.1", "1.18.0", "2.0.0", "1.17.10"])
def test_later_versions_may_be_used(tmp_path, version):
    found = toolkit(says(tmp_path, "nvidia-ctk", CTK.format(version)))
    refuse_old(found)
    assert found.version == version and not found.is_old


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("nvidia-container-runtime-hook", HOOK.format("1.13.5")),
        ("nvidia-container-cli", CLI.format("1.13.5", "1.13.5")),
    ],
)
def test_the_toolkits_other_programs_are_asked_where_its_tool_is_missing(tmp_path, program, text):
    assert toolkit(says(tmp_path, program, text)).version == "1.13.5"


def test_an_unknown_version_is_no_old_one_and_says_why(tmp_path):
    nothing = toolkit({"PATH": str(tmp_path)})
    assert nothing.version is None and not nothing.is_old and "there is no nvidia-ctk on PATH" in nothing.problem
    refuse_old(nothing)
    mute = toolkit(says(tmp_path, "nvidia-ctk", "NVIDIA Container Toolkit CLI version unknown\n"))
    assert mute.version is None and "nvidia-ctk names no version" in mute.problem


def test_an_engine_elsewhere_has_a_toolkit_of_its_own(tmp_path):
    environ = says(tmp_path, "nvidia-ctk", CTK.format("1.2.3")) | {"DOCKER_HOST": "ssh://me@there"}
    assert toolkit(environ).version is None and "ssh://me@there" in toolkit(environ).problem
