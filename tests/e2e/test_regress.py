"""Two prompt sets against each other in real containers: what is missing is run, once, and then compared."""

import json
import shutil

import pytest

from tests.e2e.conftest import SMALL

pytestmark = pytest.mark.engine


def test_two_prompt_sets_are_run_once_and_compared(podium, real_settings, tmp_path):
    base, new = tmp_path / "base", tmp_path / "new"
    for folder in (base, new):
        shutil.copytree(real_settings.prompts / "aide", folder)
    draft = new / "draft.md"
    draft.write_text(draft.read_text() + "\n- Be brief.\n")
    command = ("regress", str(base), str(new), "breast-cancer-wisconsin", "--seeds", "1", "--steps", "1", *SMALL)
    first = podium(*command, "--json")
    made = json.loads(first.stdout)
    assert made["verdict"] == "can't tell" and made["pairing"] == "seed"
    assert "+- Be brief." in made["prompts"]["diff"] and made["settings"] == []
    again = podium(*command, "--fail-on", "cannot-rule-out-worse:2pp", expect=5)
    assert again.stderr.count("left as it is") == 2
    assert "+- Be brief." in again.stdout and "gate failed: valid_submission" in again.stderr
    assert "hold the same prompts" in podium("regress", str(base), str(base), "digits-8x8", expect=2).stderr
