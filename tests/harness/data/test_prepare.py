"""Preparing: whole or not at all, once, from the right source, and never a mixture of stand-in and real data."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from harness.data import building as module
from harness.data.fake_kaggle import Behaviour, FakeKaggle
from harness.data.manifest import Prepared, find
from harness.data.prepare import prepare
from harness.errors import DownloadError, UserError
from harness.specs import competition as competitions
from harness.specs.competition import Competition

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

    monkeypatch.setattr(module, "set_modes", full)
    with pytest.raises(UserError, match=r"no space left in .* make room"):
        prepare(demo, data_home=tmp_path / "data", raw=demo_raw)
    assert [path.name for path in (tmp_path / "data").iterdir()] == [".locks"]


KILLED_HALF_WAY = """
import os, signal, sys
from pathlib import Path
from harness.data import building, prepare
from harness.specs import competition
building.set_modes = lambda made, private: os.kill(os.getpid(), signal.SIGKILL)
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


@pytest.fixture
def with_media(write_demo: Write, demo_raw: Path) -> Competition:
    """The demo, with pictures beside its table, all of which go into a public folder, and one into a private one."""
    code = """\
from harness.splits.placing import place
from harness.splits.tables import RandomRows

def prepare(job):
    RandomRows(recipe="random_rows", target=("y",), test=0.25, seed=0).apply(job)
    names = sorted((job.raw / "pictures").rglob("*.png"))
    place((path, job.public / "train" / path.relative_to(job.raw / "pictures")) for path in names)
    place([(names[0], job.private / "masks" / "one.png")])
"""
    folder = write_demo(
        ("raw: [train.csv]", "raw: [train.csv, pictures/]"),
        ("split: {recipe: random_rows, target: y, test: 0.25, seed: 0}\n  fixed", "split: {recipe: code}\n  fixed"),
        ("stand_in:\n", "stand_in:\n  code: {}\n"),
    )
    (folder / "demo" / "prepare.py").write_text(code)
    (folder / "demo" / "standin.py").write_text("def write(folder, rng):\n    (folder / 'pictures').mkdir()\n")
    for number in range(300):
        path = demo_raw / "pictures" / str(number % 3) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"picture %d" % number)
        path.chmod(0o644)
    return competitions.load("demo", folder)


def test_a_folder_of_media_is_one_entry_of_the_manifest(
    with_media: Competition, demo_raw: Path, tmp_path: Path
) -> None:
    prepared = prepare(with_media, data_home=tmp_path / "data", raw=demo_raw)
    assert set(prepared.manifest.folders) == {"public/train", "private/masks"}
    assert (prepared.manifest.folders["public/train"].files, len(prepared.manifest.files)) == (300, 5)
    assert len((prepared.folder / "manifest.json").read_bytes()) < 10_000


def test_the_fingerprint_tells_names_and_contents_of_media(
    with_media: Competition, demo_raw: Path, tmp_path: Path
) -> None:
    def fingerprint(name: str) -> str:
        return prepare(with_media, data_home=tmp_path / name, raw=demo_raw).manifest.fingerprint

    first = fingerprint("a")
    assert fingerprint("b") == first
    (demo_raw / "pictures" / "0" / "3.png").write_bytes(b"picture X")
    second = fingerprint("c")
    (demo_raw / "pictures" / "0" / "3.png").rename(demo_raw / "pictures" / "0" / "5.png")
    assert len({first, second, fingerprint("d")}) == 3


def test_media_that_are_missing_later_are_noticed_and_mended(
    with_media: Competition, demo_raw: Path, tmp_path: Path
) -> None:
    prepared = prepare(with_media, data_home=tmp_path / "data", raw=demo_raw)
    (prepared.public / "train" / "0" / "3.png").unlink()
    assert prepare(with_media, data_home=tmp_path / "data", raw=demo_raw) == prepared
    assert (prepared.public / "train" / "0" / "3.png").exists()


def test_shared_media_change_nothing_about_the_raw_files(
    with_media: Competition, demo_raw: Path, tmp_path: Path
) -> None:
    (demo_raw / "pictures" / "1" / "1.png").chmod(0o600)
    before = {path: path.stat().st_mode for path in demo_raw.rglob("*")}
    prepared = prepare(with_media, data_home=tmp_path / "data", raw=demo_raw)
    assert {path: path.stat().st_mode for path in demo_raw.rglob("*")} == before
    assert {
        ("public/train/1/1.png", 0o644),
        ("public/train/0/0.png", 0o644),
        ("private/masks/one.png", 0o600),
    } <= modes(prepared)
    assert (demo_raw / "pictures" / "0" / "0.png").stat().st_nlink <= 2  # not linked into private


def test_a_recipe_that_leaves_a_link_is_refused(with_media: Competition, demo_raw: Path, tmp_path: Path) -> None:
    code = with_media.folder / "prepare.py"
    code.write_text(code.read_text() + "    (job.public / 'all').symlink_to(job.raw)\n")
    with pytest.raises(UserError, match=r"left a link in the prepared data: all"):
        prepare(with_media, data_home=tmp_path / "data", raw=demo_raw)


@pytest.fixture
def archive(demo_raw: Path, tmp_path: Path) -> Path:
    path = tmp_path / "demo.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for file in sorted(file for file in demo_raw.rglob("*") if file.is_file()):
            opened.write(file, file.relative_to(demo_raw).as_posix())
    return path


def test_what_is_unpacked_of_an_archive_is_shared_and_then_gone(
    with_media: Competition, demo_raw: Path, archive: Path, tmp_path: Path
) -> None:
    prepared = prepare(with_media, data_home=tmp_path / "data", raw=archive)
    assert (
        prepared.manifest.fingerprint
        == prepare(with_media, data_home=tmp_path / "b", raw=demo_raw).manifest.fingerprint
    )
    assert hidden(tmp_path / "data") == []
    assert {path.stat().st_nlink for path in prepared.folder.rglob("*.png")} == {1}


def test_a_failed_preparation_unpacks_only_once(with_media: Competition, archive: Path, tmp_path: Path) -> None:
    code = with_media.folder / "prepare.py"
    right = code.read_text()
    code.write_text(right + "    raise ValueError('not yet')\n")
    said: list[str] = []
    with pytest.raises(UserError, match=r"not yet"):
        prepare(with_media, data_home=tmp_path / "data", raw=archive, progress=said.append)
    kept = tmp_path / "data" / ".unpacked" / "demo"
    assert hidden(tmp_path / "data") == [".unpacked"]
    assert said[-1] == f"what was unpacked of demo.zip is kept for the next call; to free its space: rm -r {kept}"
    inode = (kept / "files" / "train.csv").stat().st_ino
    code.write_text(right + f"    assert (job.raw / 'train.csv').stat().st_ino == {inode}\n")
    prepare(with_media, data_home=tmp_path / "data", raw=archive)
    assert hidden(tmp_path / "data") == []


def test_another_archive_is_not_mixed_with_what_was_unpacked_of_the_first(
    with_media: Competition, demo_raw: Path, archive: Path, tmp_path: Path
) -> None:
    code = with_media.folder / "prepare.py"
    right = code.read_text()
    code.write_text(right + "    raise ValueError('not yet')\n")
    with pytest.raises(UserError):
        prepare(with_media, data_home=tmp_path / "data", raw=archive)
    code.write_text(right)
    text = (demo_raw / "train.csv").read_text()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("train.csv", text.replace("k0_0,0,", "k0_0,9,"))
        opened.writestr("pictures/0.png", b"other")
    prepared = prepare(with_media, data_home=tmp_path / "data", raw=archive)
    assert [path.name for path in (prepared.public / "train").rglob("*.png")] == ["0.png"]


KILLED_AFTER_UNPACKING = """
import os, signal, sys
from pathlib import Path
from harness.data import building, prepare
from harness.specs import competition
building.set_modes = lambda made, private: os.kill(os.getpid(), signal.SIGKILL)
demo = competition.load("demo", Path(sys.argv[1]))
prepare.prepare(demo, data_home=Path(sys.argv[2]), raw=Path(sys.argv[3]))
"""


def test_after_a_kill_the_next_call_goes_on_with_what_was_unpacked(
    with_media: Competition, archive: Path, tmp_path: Path
) -> None:
    data_home = tmp_path / "data"
    arguments = [str(with_media.folder.parent), str(data_home), str(archive)]
    killed = subprocess.run([sys.executable, "-c", KILLED_AFTER_UNPACKING, *arguments], check=False)
    assert killed.returncode == -9 and find(with_media, data_home) is None
    kept = data_home / ".unpacked" / "demo" / "files" / "train.csv"
    inode = kept.stat().st_ino
    code = with_media.folder / "prepare.py"
    code.write_text(code.read_text() + f"    assert (job.raw / 'train.csv').stat().st_ino == {inode}\n")
    assert prepare(with_media, data_home=data_home, raw=archive).manifest.source == "raw"
    assert hidden(data_home) == []


@pytest.mark.parametrize(("free", "enough"), [(100, False), (10**9, True)])
def test_too_little_disk_is_said_before_anything_is_made(
    with_media: Competition,
    demo_raw: Path,
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    enough: bool,
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    for number, raw in enumerate((demo_raw, archive)):
        if enough:
            prepare(with_media, data_home=tmp_path / str(number), raw=raw)
        else:
            with pytest.raises(
                UserError, match=r"demo: preparing it takes about [\d,]+ bytes in .* 100 bytes are free"
            ):
                prepare(with_media, data_home=tmp_path / str(number), raw=raw)
            assert hidden(tmp_path / str(number)) == []


def test_a_download_without_room_is_not_begun(write_demo: Write, tmp_path: Path, demo_raw: Path) -> None:
    (tmp_path / "home").mkdir()
    demo = competitions.load("demo", write_demo(("stand_in:\n", "sizes: {raw_mb: 1.0e+9}\nstand_in:\n")))
    with FakeKaggle(zipped(demo_raw)) as fake:
        environ = fake.environ(os.environ, str(tmp_path / "home"))
        with pytest.raises(UserError, match=r"takes about 2000000.0 GB in .*make room or move PODIUM_HOME"):
            prepare(demo, data_home=tmp_path / "data", environ=environ)
        assert fake.ranges == []


def test_folders_and_archives_inside_kaggles_archive_arrive(
    with_media: Competition, archive: Path, demo_raw: Path, tmp_path: Path
) -> None:
    spec = with_media.folder / "competition.yaml"
    spec.write_text(spec.read_text().replace("pictures/]", "pictures/, 'inner_*.zip']"))
    code = with_media.folder / "prepare.py"
    code.write_text(
        code.read_text()
        + "    from harness.splits.placing import place_from_zip\n"
        + "    place_from_zip(job.raw / 'inner_1.zip', [('deep/a.txt', job.public / 'a.txt')])\n"
    )
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("deep/a.txt", b"from inside")
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("inner_1.zip", inner.getvalue())
        opened.writestr("not wanted.bin", bytes(1000))
    (tmp_path / "home").mkdir()
    with FakeKaggle(archive.read_bytes()) as fake:
        environ = fake.environ(os.environ, str(tmp_path / "home"))
        demo = competitions.load("demo", with_media.folder.parent)
        prepared = prepare(demo, data_home=tmp_path / "data", environ=environ)
    assert (prepared.public / "a.txt").read_bytes() == b"from inside"
    assert prepared.manifest.folders["public/train"].files == 300
    assert hidden(tmp_path / "data") == [".downloads"]
