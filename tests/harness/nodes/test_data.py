"""Data on a node are those of the manifest, wherever they come from, and never the private half."""

import json
import shutil
import tarfile

import pytest

from harness.data import prepare_search, search_view
from harness.errors import InfrastructureError
from harness.nodes import data
from harness.nodes.data import Sources
from harness.nodes.wanted import of_data, of_view


@pytest.fixture
def wanted(prepared):
    return of_data(*prepared)


@pytest.fixture
def elsewhere(prepared, tmp_path):
    """A copy of the data without the private half, as a shared disk or another node may have it."""
    _, there = prepared
    copy = tmp_path / "shared" / there.folder.name
    shutil.copytree(there.folder, copy, ignore=shutil.ignore_patterns("private"))
    return copy


def test_data_at_the_coordinators_own_path_are_used_after_they_were_read(wanted, elsewhere, tmp_path):
    found = data.have_data(wanted, Sources(elsewhere), tmp_path / "home")
    assert found.folder == elsewhere and found.manifest.fingerprint == wanted.fingerprint


def test_data_of_the_node_itself_come_first(wanted, elsewhere, tmp_path):
    own = tmp_path / "home" / "data" / wanted.name
    shutil.copytree(elsewhere, own)
    assert data.have_data(wanted, Sources(elsewhere), tmp_path / "home").folder == own


@pytest.mark.parametrize("change", ["content", "missing", "one too many", "sample"])
def test_other_data_are_refused_with_the_file(wanted, elsewhere, tmp_path, change):
    train = elsewhere / "public" / "train.csv"
    match change:
        case "content":
            raw = train.read_bytes()
            train.write_bytes(raw[:-2] + b"7\n")
        case "missing":
            train.unlink()
        case "one too many":
            (elsewhere / "public" / "answers.csv").write_text("id,label\n")
        case "sample":
            (elsewhere / "sample_submission.csv").write_text("id\n")
    name = {"one too many": "answers.csv", "sample": "sample_submission.csv"}.get(change, "train.csv")
    with pytest.raises(InfrastructureError, match=name):
        data.have_data(wanted, Sources(elsewhere), tmp_path / "home")


def test_what_was_verified_is_read_again_only_when_it_changed(wanted, elsewhere, tmp_path, monkeypatch):
    home = tmp_path / "home"
    data.have_data(wanted, Sources(elsewhere), home)
    monkeypatch.setattr(type(wanted), "differs", lambda self, folder: f"{folder} was read")
    data.have_data(wanted, Sources(elsewhere), home)
    (elsewhere / "public" / "train.csv").touch()
    with pytest.raises(InfrastructureError, match="was read"):
        data.have_data(wanted, Sources(elsewhere), home)


def test_an_object_store_gets_the_public_half_and_gives_it_to_nodes(prepared, wanted, tmp_path):
    _, there = prepared
    url = f"file://{tmp_path}/store"
    told = data.push(wanted, there.folder, url)
    assert told == data.push(wanted, there.folder, url), "what is there is not sent again"
    (archive,) = (tmp_path / "store").iterdir()
    with tarfile.open(archive) as tar:
        assert {name.partition("/")[0] for name in tar.getnames()} == {"public", "sample_submission.csv"}

    home = tmp_path / "home"
    found = data.have_data(wanted, Sources(tmp_path / "none", url), home)
    assert found.folder.is_relative_to(home) and wanted.differs(found.folder) is None
    archive.unlink()
    assert data.have_data(wanted, Sources(tmp_path / "none", url), home).folder == found.folder


def test_an_archive_that_is_not_what_it_is_called_is_refused_and_not_kept(prepared, wanted, tmp_path):
    _, there = prepared
    url = f"file://{tmp_path}/store"
    data.push(wanted, there.folder, url)
    (archive,) = (tmp_path / "store").iterdir()
    archive.write_bytes(archive.read_bytes().replace(b"benign", b"malign"[:6]).replace(b"0.1", b"0.2"))
    with pytest.raises(InfrastructureError, match="is not what it is called"):
        data.have_data(wanted, Sources(tmp_path / "none", url), tmp_path / "home")
    assert list((tmp_path / "home" / "fetched").iterdir()) == []


@pytest.mark.parametrize("trick", ["link", "private", "outside"])
def test_an_archive_with_tricks_is_refused(wanted, tmp_path, trick):
    entry = tarfile.TarInfo({"link": "public/x", "private": "private/answers.csv", "outside": "public/../../x"}[trick])
    if trick == "link":
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    (tmp_path / "store").mkdir()
    with tarfile.open(tmp_path / "store" / wanted.object_name, "w") as tar:
        tar.addfile(entry)
    with pytest.raises(InfrastructureError, match="can't be had from"):
        data.have_data(wanted, Sources(tmp_path / "none", f"file://{tmp_path}/store"), tmp_path / "home")
    assert not (tmp_path / "x").exists() and list((tmp_path / "home" / "fetched").iterdir()) == []


def test_a_store_without_the_data_says_how_to_fill_it(wanted, tmp_path):
    with pytest.raises(InfrastructureError, match="podium data push"):
        data.have_data(wanted, Sources(tmp_path / "none", f"file://{tmp_path}/store"), tmp_path / "home")


def test_a_search_view_travels_with_the_training_labels_that_it_holds_back(prepared, tmp_path):
    item, there = prepared
    view = prepare_search.prepare_search(item, there, data_home=there.folder.parent)
    wanted, url = of_view(view), f"file://{tmp_path}/store"
    data.push(wanted, view.folder, url)
    found = data.have_view(wanted, Sources(tmp_path / "none", url), tmp_path / "home")
    assert found.manifest == view.manifest and found.search_truth.read_bytes() == view.search_truth.read_bytes()
    assert (found.folder / search_view.HELD_BACK).stat().st_mode & 0o777 == 0o700


def test_what_is_wanted_names_no_private_file(prepared, wanted):
    assert wanted.contents and all(name.startswith("public/") for name in wanted.contents)
    assert json.loads(wanted.manifest)["competition"] == prepared[0].id
