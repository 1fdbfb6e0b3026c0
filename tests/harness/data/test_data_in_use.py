"""Data that a run uses stay as they are until it has ended and is graded."""

import threading

import pytest

import harness.data.prepare as module
from harness.data.data_in_use import in_use
from harness.data.prepare import prepare
from harness.errors import UserError


def test_data_in_use_are_not_replaced_and_later_they_are(demo, demo_raw, demo_data, tmp_path):
    before = demo_data.manifest
    with in_use(demo_data), pytest.raises(UserError, match=r"in use by a run.*PODIUM_HOME"):
        prepare(demo, data_home=tmp_path / "data", stand_in=True)
    assert prepare(demo, data_home=tmp_path / "data").manifest == before
    assert prepare(demo, data_home=tmp_path / "data", stand_in=True).manifest.stand_in


def test_preparing_what_is_current_disturbs_nobody(demo, demo_raw, demo_data, tmp_path):
    with in_use(demo_data):
        assert prepare(demo, data_home=tmp_path / "data", raw=demo_raw).manifest == demo_data.manifest


def test_several_runs_share_data(demo_data):
    with in_use(demo_data), in_use(demo_data):
        pass


def test_data_that_were_replaced_since_they_were_found_are_refused(demo, demo_data, tmp_path):
    prepare(demo, data_home=tmp_path / "data", stand_in=True)
    with pytest.raises(UserError, match=r"no longer those.*podium prepare demo"), in_use(demo_data):
        pass


def test_data_that_are_gone_are_refused(demo_data):
    demo_data.folder.rename(demo_data.folder.with_name("moved"))
    with pytest.raises(UserError, match="no longer those"), in_use(demo_data):
        pass


def test_whoever_uses_data_waits_while_they_are_made_anew_and_then_sees_which_they_are(
    demo, demo_data, tmp_path, monkeypatch
):
    making, may_end = threading.Event(), threading.Event()
    real = module._swap_in

    def slow(made, target, scratch):
        making.set()
        assert may_end.wait(20)
        real(made, target, scratch)

    monkeypatch.setattr(module, "_swap_in", slow)
    other = threading.Thread(target=lambda: prepare(demo, data_home=tmp_path / "data", stand_in=True))
    other.start()
    assert making.wait(20)
    ended = []

    def use():
        try:
            with in_use(demo_data):
                ended.append("used")
        except UserError:
            ended.append("refused")

    user = threading.Thread(target=use)
    user.start()
    user.join(0.2)
    assert ended == []
    may_end.set()
    other.join()
    user.join()
    assert ended == ["refused"]
