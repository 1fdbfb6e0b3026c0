"""The door stands open to the container alone: other users of the host don't get past its parent."""

import stat

from harness.contract import RunRequest
from harness.runs.door import open_door
from tests.contract.test_contract import GOLDEN


def request():
    return RunRequest.model_validate_json((GOLDEN / "request.json").read_text())


def modes(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_that_is_mounted_lies_in_one_that_nobody_else_may_enter(tmp_path):
    with open_door(request(), tmp_path) as door:
        assert (modes(door.parent), modes(door), modes(door / "request.json")) == (0o700, 0o755, 0o644)
        assert [path.name for path in door.iterdir()] == ["request.json"]
    assert list(tmp_path.iterdir()) == []


def test_a_door_is_gone_also_when_the_run_breaks_off(tmp_path):
    try:
        with open_door(request(), tmp_path):
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert list(tmp_path.iterdir()) == []
