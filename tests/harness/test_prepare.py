"""Preparing: whole or not at all, once, from the right source, and never a mixture of stand-in and real data."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from harness import competition as competitions
from harness import prepare as module
from harness.competition import Competition
from harness.errors import DownloadError, UserError
from harness.fake_kaggle import Behaviour, FakeKaggle
from harness.manifest import Prepared, find
from harness.prepare import prepare

Write = Callable[..., Path]


def hidden(data_home: Path) -> list[str]:
    """What lies in the data folder beside locks and finished competitions."""
    return sorted(path.name for path in data_home.iterdir() if path.name.startswith(".") and path.name != ".locks")


def zipped(folder: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in folder.iterdir():
            opened.write(path, path.name)
    return packed.getvalue()


def modes(prepared: Prepared) -> set[tuple[str, int]]:
    everything = [prepared.folder, *prepared.folder.rglob("*")]
    return {(path.relative_to(prepared.folder).as_posix(), path.stat().st_mode & 0o777) for path in everything}


def test_public_and_private_data_and_their_manifest_are_written(demo: Competition, demo_data: Prepared) -> None:
    public = sorted(path.name for path in demo_data.public.iterdir())
    assert public == ["description.md", "sample_submission.csv", "test.csv", "train.csv"]
    assert [path.name for path in demo_data.private.iterdir()] == ["answers.csv"]
    manifest = demo_data.manifest
    assert (manifest.competition, manifest.edition, manifest.source, manifest.stand_in) == ("demo", "v1", "raw", False)
    assert set(manifest.files) == {f"public/{name}" for name in public} | {"private/answers.csv"}
    assert {"pandas", "scikit-learn", "podium-bench"} <= set(manifest.versions)


def test_no_public_file_holds_the_answers(demo: Competition, demo_data: Prepared) -> None:
    test = pd.read_csv(demo_data.public / "test.csv")
    assert "y" not in test.columns
    train = pd.read_csv(demo_data.public / "train.csv")
    assert not set(train.key) & set(test.key)


def test_only_the_owner_reads_private_data_whatever_the_umask(
    demo: Competition, demo_raw: Path, tmp_path: Path
) -> None:
    for umask in (0o000, 0o077):
        before = os.umask(umask)
        try:
            prepared = prepare(demo, data_home=tmp_path / str(umask), raw=demo_raw)
        finally:
            os.umask(before)
        assert {
            (".", 0o755),
            ("public", 0o755),
            ("public/train.csv", 0o644),
            ("private", 0o700),
            ("private/answers.csv", 0o600),
        } <= modes(prepared)


def test_a_second_call_changes_nothing(demo: Competition, demo_raw: Path, demo_data: Prepared, tmp_path: Path) -> None:
    before = {path: path.stat().st_ino for path in demo_data.folder.rglob("*")}
    for raw in (demo_raw, None):
        assert prepare(demo, data_home=tmp_path / "data", raw=raw).manifest == demo_data.manifest
    assert {path: path.stat().st_ino for path in demo_data.folder.rglob("*")} == before


def test_touched_raw_data_with_the_same_content_are_the_same(
    demo: Competition, demo_raw: Path, demo_data: Prepared, tmp_path: Path
) -> None:
    os.utime(demo_raw / "train.csv", (1, 1))
    inode = (demo_data.folder / "manifest.json").stat().st_ino
    prepare(demo, data_home=tmp_path / "data", raw=demo_raw)
    assert (demo_data.folder / "manifest.json").stat().st_ino == inode


def test_changed_raw_data_are_prepared_again(
    demo: Competition, demo_raw: Path, demo_data: Prepared, tmp_path: Path
) -> None:
    text = (demo_raw / "train.csv").read_text()
    (demo_raw / "train.csv").write_text(text.replace("k0_0,0,", "k0_0,9,"))
    again = prepare(demo, data_home=tmp_path / "data", raw=demo_raw)
    assert again.manifest.fingerprint != demo_data.manifest.fingerprint
    assert again.manifest.raw["train.csv"].sha256 != demo_data.manifest.raw["train.csv"].sha256


@pytest.mark.parametrize(
    ("old", "new"),
    [("test: 0.25, seed: 0}\n  fixed", "test: 0.5, seed: 0}\n  fixed"), ("sample: false", "sample: true")],
)
def test_a_changed_spec_is_prepared_again_from_the_same_raw_data(
    write_demo: Write, demo_data: Prepared, tmp_path: Path, old: str, new: str
) -> None:
    changed = competitions.load("demo", write_demo((old, new)))
    again = prepare(changed, data_home=tmp_path / "data")
    assert again.manifest.source == "raw"
    assert again.manifest.fingerprint != demo_data.manifest.fingerprint


def test_a_raised_recipe_version_is_prepared_again(
    demo: Competition, demo_data: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(demo.edition()[1].split), "version", 99)
    assert prepare(demo, data_home=tmp_path / "data").manifest.recipe != demo_data.manifest.recipe


def test_a_damaged_file_is_noticed_and_mended(
    demo: Competition, demo_raw: Path, demo_data: Prepared, tmp_path: Path
) -> None:
    (demo_data.public / "train.csv").write_text("gone")
    assert find(demo, tmp_path / "data") is None
    assert prepare(demo, data_home=tmp_path / "data", raw=demo_raw) == demo_data


def test_a_changed_spec_without_its_raw_data_is_an_error_and_no_stand_in(
    write_demo: Write, demo_raw: Path, demo_data: Prepared, tmp_path: Path
) -> None:
    (demo_raw / "train.csv").unlink()
    demo_raw.rmdir()
    changed = competitions.load("demo", write_demo(("sample: false", "sample: true")))
    with pytest.raises(UserError, match=r"does not exist; give a folder or a .zip"):
        prepare(changed, data_home=tmp_path / "data")
    kept = find(changed, tmp_path / "data")
    assert kept is not None and kept.manifest == demo_data.manifest


def test_without_raw_data_or_credentials_a_stand_in_is_made_and_says_so(demo: Competition, tmp_path: Path) -> None:
    said: list[str] = []
    home = {"HOME": str(tmp_path)}
    prepared = prepare(demo, data_home=tmp_path / "data", environ=home, progress=said.append)
    assert prepared.manifest.stand_in and prepared.manifest.source == "stand-in"
    assert "stand-in (synthetic)" in said[0]
    assert {file.checksum for file in prepared.manifest.files.values()} == {"unknown"}


def test_real_data_replace_a_stand_in_wholly(demo: Competition, demo_raw: Path, tmp_path: Path) -> None:
    stand_in = prepare(demo, data_home=tmp_path / "data", stand_in=True)
    keys = set(pd.read_csv(stand_in.public / "train.csv").key)
    real = prepare(demo, data_home=tmp_path / "data", raw=demo_raw)
    assert real.folder == stand_in.folder and not real.manifest.stand_in
    assert keys != set(pd.read_csv(real.public / "train.csv").key)


def test_real_data_stay_unless_a_stand_in_is_asked_for(demo: Competition, demo_data: Prepared, tmp_path: Path) -> None:
    assert not prepare(demo, data_home=tmp_path / "data").manifest.stand_in
    assert prepare(demo, data_home=tmp_path / "data", stand_in=True).manifest.stand_in


def test_editions_lie_beside_each_other(demo: Competition, demo_raw: Path, demo_data: Prepared, tmp_path: Path) -> None:
    fixed = prepare(demo, data_home=tmp_path / "data", raw=demo_raw, edition="fixed")
    assert fixed.manifest.edition == "fixed" and fixed.folder.name == "demo@fixed"
    assert find(demo, tmp_path / "data") == demo_data
    train, test = (pd.read_csv(fixed.public / name).key.str[:2] for name in ("train.csv", "test.csv"))
    assert not set(train) & set(test)


@pytest.mark.parametrize("wish", [{"stand_in": True, "kaggle": True}, {"raw": Path("x"), "stand_in": True}])
def test_two_sources_at_once_are_refused(demo: Competition, tmp_path: Path, wish: dict[str, object]) -> None:
    with pytest.raises(UserError, match=r"exclude each other"):
        prepare(demo, data_home=tmp_path, **wish)  # type: ignore[arg-type]


def test_a_failing_recipe_leaves_nothing_and_keeps_what_was_there(
    demo: Competition, demo_raw: Path, demo_data: Prepared, tmp_path: Path
) -> None:
    (demo_raw / "train.csv").write_text("key,x\nk0_0,1\n")
    with pytest.raises(UserError, match=r"demo: the raw data do not fit.*lacks the column 'y'"):
        prepare(demo, data_home=tmp_path / "data", raw=demo_raw)
    assert find(demo, tmp_path / "data") == demo_data
    assert hidden(tmp_path / "data") == []


def test_a_full_disk_is_told_and_leaves_nothing(
    demo: Competition, demo_raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_set_modes", full)
    with pytest.raises(UserError, match=r"no space left in .* make room"):
        prepare(demo, data_home=tmp_path / "data", raw=demo_raw)
    assert [path.name for path in (tmp_path / "data").iterdir()] == [".locks"]


KILLED_HALF_WAY = """
import os, signal, sys
from pathlib import Path
from harness import competition, prepare
prepare._set_modes = lambda made: os.kill(os.getpid(), signal.SIGKILL)
demo = competition.load("demo", Path(sys.argv[1]))
prepare.prepare(demo, data_home=Path(sys.argv[2]), stand_in=True)
"""


def test_a_killed_preparation_leaves_no_data_and_the_next_one_cleans_up(
    write_demo: Write, demo: Competition, tmp_path: Path
) -> None:
    data_home = tmp_path / "data"
    killed = subprocess.run([sys.executable, "-c", KILLED_HALF_WAY, str(write_demo()), str(data_home)], check=False)
    assert killed.returncode == -9
    assert find(demo, data_home) is None and not (data_home / "demo").exists()
    assert hidden(data_home) == [".demo~"]
    assert prepare(demo, data_home=data_home, stand_in=True).manifest.stand_in
    assert hidden(data_home) == []


def test_of_many_at_once_one_prepares_and_the_others_wait(demo: Competition, demo_raw: Path, tmp_path: Path) -> None:
    said: list[str] = []
    made: list[Prepared] = []

    def work() -> None:
        made.append(prepare(demo, data_home=tmp_path / "data", raw=demo_raw, progress=said.append))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 1 and len(made) == 6
    assert all(one.manifest == made[0].manifest for one in made)


def test_an_archive_is_as_good_as_its_folder(
    demo: Competition, demo_raw: Path, demo_data: Prepared, tmp_path: Path
) -> None:
    archive = tmp_path / "demo.zip"
    archive.write_bytes(zipped(demo_raw))
    prepared = prepare(demo, data_home=tmp_path / "other", raw=archive)
    assert prepared.manifest.fingerprint == demo_data.manifest.fingerprint
    assert set(prepared.manifest.raw) == {"demo.zip"}
    assert prepare(demo, data_home=tmp_path / "other", raw=archive) == prepared


def test_with_credentials_the_data_come_from_kaggle(write_demo: Write, demo_raw: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    md5 = hashlib.md5(zipped(demo_raw)).hexdigest()
    demo = competitions.load("demo", write_demo(("slug: demo}", f"slug: demo, zip_md5: {md5}}}")))
    prepare(demo, data_home=tmp_path / "data", stand_in=True)
    with FakeKaggle(zipped(demo_raw)) as fake:
        environ = fake.environ(os.environ, str(tmp_path / "home"))
        prepared = prepare(demo, data_home=tmp_path / "data", environ=environ)
        assert prepared.manifest.source == "kaggle" and not prepared.manifest.stand_in
        assert prepared.manifest.raw["demo.zip"].checksum == "match"
        assert prepare(demo, data_home=tmp_path / "data", environ={}) == prepared
        assert len(fake.ranges) == 1


def test_a_refusal_by_kaggle_is_an_error_and_no_stand_in(demo: Competition, demo_raw: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with FakeKaggle(zipped(demo_raw), Behaviour.RULES_NOT_ACCEPTED) as fake:
        environ = fake.environ(os.environ, str(tmp_path / "home"))
        with pytest.raises(DownloadError, match=r"https://www.kaggle.com/c/demo/rules"):
            prepare(demo, data_home=tmp_path / "data", environ=environ)
    assert find(demo, tmp_path / "data") is None
    assert hidden(tmp_path / "data") == [".downloads"]
    assert [path.name for path in (tmp_path / "data" / ".downloads").iterdir()] == [".locks"]


def test_asking_for_kaggle_without_credentials_is_an_error(demo: Competition, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"no Kaggle credentials"):
        prepare(demo, data_home=tmp_path / "data", kaggle=True, environ={"HOME": str(tmp_path)})


def test_checksums_are_compared_file_by_file(
    write_demo: Write, demo_raw: Path, demo_data: Prepared, tmp_path: Path
) -> None:
    right = demo_data.manifest.files["public/train.csv"].md5
    stated = f"    checksums:\n      public: {{train.csv: {right}, test.csv: {'f' * 32}}}\n  fixed:"
    spec = competitions.load("demo", write_demo(("  fixed:", stated)))
    files = prepare(spec, data_home=tmp_path / "data", raw=demo_raw).manifest.files
    assert {name: file.checksum for name, file in files.items()} == {
        "public/train.csv": "match",
        "public/test.csv": "differs",
        "public/sample_submission.csv": "unknown",
        "public/description.md": "unknown",
        "private/answers.csv": "unknown",
    }
