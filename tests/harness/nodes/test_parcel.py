"""What comes back from a node is a run's folder, or nothing is kept of it."""

import gzip
import io
import os
import tarfile

import pytest

from harness.nodes import parcel
from harness.nodes.parcel import Bounds, ParcelRefused


def chunks(raw, size=333):
    return (raw[at : at + size] for at in range(0, len(raw), size))


def parcel_of(*entries):
    """A compressed stream of these entries, which no honest node would send."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for name, kind, content in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


FILE = tarfile.REGTYPE


def test_a_folder_arrives_as_it_was_without_its_links(tmp_path):
    run = tmp_path / "run"
    (run / "nodes" / "n0001").mkdir(parents=True)
    (run / "run.json").write_text("{}")
    (run / "nodes" / "n0001" / "submission.csv").write_bytes(os.urandom(3_000_000))
    os.link(run / "run.json", run / "again.json")
    (run / "secret").symlink_to("/etc/passwd")
    (run / "attempts" / "1").mkdir(parents=True)  # what it went on from lies at the coordinator
    (run / "attempts" / "1" / "run.json").write_text("{}")
    parcel.pack(run, tmp_path / "parcel")
    parcel.unpack(chunks((tmp_path / "parcel").read_bytes(), 100_000), tmp_path / "out")
    found = {path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*")}
    assert sorted(found) == ["again.json", "nodes", "nodes/n0001", "nodes/n0001/submission.csv", "run.json"]
    assert found["again.json"].read_text() == "{}"
    same = (run / "nodes" / "n0001" / "submission.csv").read_bytes()
    assert found["nodes/n0001/submission.csv"].read_bytes() == same


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([("../../run.json", FILE, b"{}")], "a name that no run has"),
        ([("/etc/cron.d/x", FILE, b"")], "a name that no run has"),
        ([("nodes/../../x", FILE, b"")], "a name that no run has"),
        ([("nodes//x", FILE, b"")], "a name that no run has"),
        ([(".hidden", FILE, b"")], "a name that no run has"),
        ([("a\nb", FILE, b"")], "a name that no run has"),
        ([("/".join("abcdefghi"), FILE, b"")], "a name that no run has"),
        ([("run.json", tarfile.SYMTYPE, b"")], "no plain file"),
        ([("run.json", tarfile.LNKTYPE, b"")], "no plain file"),
        ([("nodes", tarfile.DIRTYPE, b"")], "no plain file"),
        ([("run.json", tarfile.FIFOTYPE, b"")], "no plain file"),
        ([("run.json", tarfile.CHRTYPE, b"")], "no plain file"),
        ([("run.json", FILE, b"{}"), ("run.json", FILE, b"[]")], "twice"),
        ([("nodes", FILE, b""), ("nodes/x", FILE, b"")], "twice, or as file and folder"),
        ([("grade.json", FILE, b"{}")], "coordinator alone writes"),
        ([("attempts/1/run.json", FILE, b"{}")], "coordinator alone writes"),
        ([("gradings.jsonl", FILE, b"{}")], "coordinator alone writes"),
        ([(f"nodes/{number}", FILE, b"") for number in range(20)], "more than 10 files"),
        ([("big", FILE, bytes(2000))], "more than is taken"),
        ([(f"some{number}", FILE, bytes(900)) for number in range(5)], "more than is taken"),
    ],
)
def test_what_is_no_run_is_refused_and_leaves_nothing(tmp_path, entries, words):
    bounds = Bounds(files=10, file_bytes=1000, bytes=3000)
    with pytest.raises(ParcelRefused, match=words):
        parcel.unpack(chunks(parcel_of(*entries)), tmp_path / "out", bounds)
    assert list(tmp_path.iterdir()) == []


def test_a_name_in_a_refusal_can_not_steer_a_terminal(tmp_path):
    with pytest.raises(ParcelRefused) as refused:
        parcel.unpack(chunks(parcel_of(("\x1b[2Jx\x1b]0;y", FILE, b""))), tmp_path / "out")
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize(
    "raw",
    [b"", b"no archive", gzip.compress(b"x" * 5000), parcel_of(("run.json", FILE, b"x" * 90_000))[:-60]],
    ids=["empty", "garbage", "compressed garbage", "cut off"],
)
def test_bytes_that_are_no_parcel_are_refused(tmp_path, raw):
    with pytest.raises(ParcelRefused):
        parcel.unpack(chunks(raw), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bomb_is_met_by_the_bounds_before_it_is_on_the_disk(tmp_path):
    bomb = parcel_of(("run.json", FILE, bytes(50_000_000)))
    assert len(bomb) < 100_000
    with pytest.raises(ParcelRefused, match="more than is taken"):
        parcel.unpack(chunks(bomb), tmp_path / "out", Bounds(file_bytes=1 << 20))
    assert not (tmp_path / "out").exists()
