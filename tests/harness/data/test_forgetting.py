"""What `podium solve` made can be removed again; nothing else can."""

import pytest

from harness.data.data_in_use import in_use
from harness.errors import UserError
from harness.runs.dataset import Choices
from harness.runs.solving import Wanted, make_competition


@pytest.fixture
def solved(settings, tmp_path):
    """A competition made of a small folder of data, and prepared."""
    from harness.data.prepare import prepare
    from harness.specs import catalogue

    rows = "".join(f"{number},{number * 3 % 7},{number % 2}\n" for number in range(40))
    (tmp_path / "houses").mkdir()
    (tmp_path / "houses" / "train.csv").write_text("id,x,y\n" + rows)
    id, _ = make_competition(Wanted(tmp_path / "houses", None, None, Choices(target="y"), 0.2), settings.home)
    return prepare(catalogue.of(settings).load(id), data_home=settings.data)


def test_without_yes_it_is_listed_and_stays_and_with_it_goes_with_its_data(podium, solved):
    id = solved.manifest.competition
    listed = podium("forget").stdout
    assert id in listed and "nothing removed" in listed and solved.public.is_dir()
    assert id in podium("list").stdout
    assert f"{id}  " in podium("forget", id, "--yes").stdout
    assert not solved.folder.exists()
    assert id not in podium("list").stdout
    assert "no competition" in podium("forget").stdout


def test_one_that_ships_stays(podium, solved):
    assert "solve made no such" in podium("forget", "digits-8x8", "--yes", expect=2).stderr


def test_data_that_a_run_uses_stay(settings, solved):
    from harness.data import forgetting

    (one,) = forgetting.find(settings, [])
    with in_use(solved), pytest.raises(UserError, match="in use by a run"):
        forgetting.forget(settings, one)
    assert one.spec.is_dir() and solved.public.is_dir()
