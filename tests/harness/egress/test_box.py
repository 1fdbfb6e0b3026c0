"""What a script's pip is told by variables, to real pip."""

import subprocess
import sys

from harness.egress.box import OWN_PACKAGES, QUIET_PIP
from tests.harness.egress.conftest import small_wheel


def test_a_script_installs_quietly_and_compiles_nothing(tmp_path):
    small_wheel(tmp_path / "wheels", "mine", command="mine-command")
    own = {name: value.replace("{folder}", str(tmp_path)) for name, value in OWN_PACKAGES.items()}
    found = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels"), "PIP_IGNORE_INSTALLED": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "mine"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**own, **QUIET_PIP, **found, "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    installed = {path.name for path in (tmp_path / "packages").rglob("*") if path.is_file()}
    assert {"mine.py", "mine-command"} <= installed and not any(name.endswith(".pyc") for name in installed)
