"""Each way in which Kaggle can fail, through the official client against a server on loopback."""

from __future__ import annotations

import io
import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.data.download import download, has_credentials
from harness.data.fake_kaggle import Behaviour, FakeKaggle
from harness.errors import DownloadError


def make_archive(seed: int = 0) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr("train.csv", random.Random(seed).randbytes(3 * 2**20))
    return packed.getvalue()


ARCHIVE = make_archive()


@pytest.fixture
def fetch(tmp_path: Path) -> Callable[..., Path]:
    """Download `demo` from a fake into `downloads`, with one retry, under a home of its own."""
    (tmp_path / "home").mkdir()

    def fetch(fake: FakeKaggle, **changed: object) -> Path:
        environ = fake.environ(os.environ, str(tmp_path / "home"))
        environ |= {name: str(value) for name, value in changed.items() if name.isupper()}
        options = {name: value for name, value in changed.items() if not name.isupper()}
        defaults = {"retries": 1, "environ": environ, "say": lambda _: None}
        return download("demo", tmp_path / "downloads", **(defaults | options))  # type: ignore[arg-type]

    return fetch


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".locks")


def test_an_archive_arrives_whole_and_is_not_fetched_twice(fetch: Callable[..., Path], tmp_path: Path) -> None:
    with FakeKaggle(ARCHIVE) as fake:
        first = fetch(fake)
        second = fetch(fake)
        assert fake.ranges == [None]
    assert first == second == tmp_path / "downloads" / "demo.zip"
    assert first.read_bytes() == ARCHIVE
    assert leftovers(tmp_path / "downloads") == ["demo.zip"]
    assert leftovers(tmp_path / "home") == []


@pytest.mark.parametrize(
    ("behaviour", "advice"),
    [
        (Behaviour.RULES_NOT_ACCEPTED, r"403.*accept the competition's rules at https://www.kaggle.com/c/demo/rules"),
        (Behaviour.UNKNOWN, r"404.*https://www.kaggle.com/c/demo"),
        (Behaviour.LIMITED, r"429.*in 7 seconds"),
        (Behaviour.FAILS, r"500.*later"),
        (Behaviour.CUT_SHORT, r"not a complete \.zip.*run it again"),
        (Behaviour.ENORMOUS, r"takes 1000000000000000 bytes.*make room"),
    ],
)
def test_a_failure_says_what_to_do_and_leaves_nothing(
    fetch: Callable[..., Path], tmp_path: Path, behaviour: Behaviour, advice: str
) -> None:
    with FakeKaggle(ARCHIVE, behaviour) as fake, pytest.raises(DownloadError, match=advice) as caught:
        fetch(fake)
    assert caught.value.exit_code == 2
    assert leftovers(tmp_path / "downloads") == []


def test_an_archive_larger_than_the_room_for_it_is_not_begun(fetch: Callable[..., Path], tmp_path: Path) -> None:
    with FakeKaggle(ARCHIVE) as fake, pytest.raises(DownloadError, match=r"1000 are free; make room"):
        fetch(fake, free_bytes=1000)
    assert leftovers(tmp_path / "downloads") == []


def test_a_connection_that_breaks_once_is_resumed_in_the_same_call(fetch: Callable[..., Path]) -> None:
    with FakeKaggle(ARCHIVE, Behaviour.BREAKS_OFF_ONCE) as fake:
        assert fetch(fake).read_bytes() == ARCHIVE
        assert len(fake.ranges) == 2 and str(fake.ranges[1]).startswith("bytes=")


def test_the_next_call_resumes_where_the_last_one_broke_off(fetch: Callable[..., Path], tmp_path: Path) -> None:
    with FakeKaggle(ARCHIVE, Behaviour.BREAKS_OFF) as fake:
        with pytest.raises(DownloadError, match=r"broke off.*run it again"):
            fetch(fake, retries=0)
        assert leftovers(tmp_path / "downloads") == ["demo.partial"]
        fake.behaviour = Behaviour.SERVES
        assert fetch(fake, retries=0).read_bytes() == ARCHIVE
        assert str(fake.ranges[-1]).startswith("bytes=")
    assert leftovers(tmp_path / "downloads") == ["demo.zip"]


def test_a_changed_archive_is_not_joined_to_an_old_partial_one(fetch: Callable[..., Path]) -> None:
    with FakeKaggle(ARCHIVE, Behaviour.BREAKS_OFF) as fake:
        with pytest.raises(DownloadError):
            fetch(fake, retries=0)
        fake.archive, fake.behaviour = make_archive(seed=1), Behaviour.SERVES
        assert fetch(fake, retries=0).read_bytes() == fake.archive


def test_refused_credentials_say_where_to_get_others(fetch: Callable[..., Path], tmp_path: Path) -> None:
    with FakeKaggle(ARCHIVE) as fake, pytest.raises(DownloadError, match=r"401.*kaggle.com/settings/api"):
        fetch(fake, KAGGLE_KEY="wrong")
    assert leftovers(tmp_path / "downloads") == []


def test_an_expired_token_is_refused_without_ending_this_process(fetch: Callable[..., Path]) -> None:
    with FakeKaggle(ARCHIVE) as fake, pytest.raises(DownloadError, match=r"refused the credentials.*settings/api"):
        fetch(fake, KAGGLE_API_TOKEN="expired", KAGGLE_USERNAME="", KAGGLE_KEY="")


def test_without_credentials_nothing_is_asked(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"no Kaggle credentials.*--raw"):
        download("demo", tmp_path / "d", environ={"HOME": str(tmp_path)}, say=lambda _: None)


def test_a_server_that_is_gone_is_an_error_to_run_again(fetch: Callable[..., Path]) -> None:
    with FakeKaggle(ARCHIVE) as fake:
        pass
    with pytest.raises(DownloadError, match=r"broke off.*run it again"):
        fetch(fake)


@pytest.mark.parametrize("name", [".kaggle/kaggle.json", ".kaggle/access_token", ".config/kaggle/kaggle.json"])
def test_credentials_are_found_where_the_client_looks(tmp_path: Path, name: str) -> None:
    environ = {"HOME": str(tmp_path)}
    assert not has_credentials(environ)
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text("{}")
    assert has_credentials(environ)


def test_a_user_name_without_its_key_is_no_credentials(tmp_path: Path) -> None:
    assert not has_credentials({"HOME": str(tmp_path), "KAGGLE_USERNAME": "somebody"})
