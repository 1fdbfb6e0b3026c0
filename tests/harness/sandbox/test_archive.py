"""One file leaves the box, and only as one plain file."""

import io
import tarfile

import pytest

from harness.errors import InvalidSubmission
from harness.sandbox.archive import read_single_file

NAME = "submission.csv"


def chunks(*members, size=700):
    """A tar stream in the engine's manner: bytes in pieces of any length."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, content in members:
            info.size = len(content) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(content))
    raw = buffer.getvalue()
    return [raw[at : at + size] for at in range(0, len(raw), size)]


def member(name=NAME, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def test_a_regular_file_arrives_byte_for_byte(tmp_path):
    content = bytes(range(256)) * 40
    read_single_file(chunks((member(), content)), NAME, tmp_path / "out", max_bytes=len(content))
    assert (tmp_path / "out").read_bytes() == content


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (member(kind=tarfile.SYMTYPE, link="/home/data/train.csv"), "is a link"),
        (member(kind=tarfile.LNKTYPE, link="../private/test.csv"), "is a link"),
        (member(kind=tarfile.FIFOTYPE), "not a regular file"),
        (member(kind=tarfile.CHRTYPE), "not a regular file"),
        (member(kind=tarfile.BLKTYPE), "not a regular file"),
        (member(kind=tarfile.DIRTYPE), "not a regular file"),
        (member(name="../../etc/passwd"), "holds '../../etc/passwd'"),
        (member(name="/submission.csv"), "not 'submission.csv'"),
    ],
)
def test_tricks_are_refused_and_nothing_is_written(tmp_path, info, words):
    with pytest.raises(InvalidSubmission, match=words):
        read_single_file(chunks((info, b"")), NAME, tmp_path / "out", max_bytes=100)
    assert not (tmp_path / "out").exists()


def test_a_sparse_member_is_refused(tmp_path):
    info = member()
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "1000000"}
    with pytest.raises(InvalidSubmission):
        read_single_file(chunks((info, b"1\n0\n10\n".ljust(512, b"\0"))), NAME, tmp_path / "out", max_bytes=100)


def test_an_oversized_file_is_refused_before_it_is_written(tmp_path):
    with pytest.raises(InvalidSubmission, match="at most 100"):
        read_single_file(chunks((member(), b"x" * 101)), NAME, tmp_path / "out", max_bytes=100)
    assert not (tmp_path / "out").exists()


def test_a_second_member_is_refused(tmp_path):
    with pytest.raises(InvalidSubmission, match="other files"):
        read_single_file(chunks((member(), b"a"), (member("other"), b"b")), NAME, tmp_path / "out", max_bytes=100)


def test_a_stream_that_breaks_off_is_refused(tmp_path):
    broken = chunks((member(), b"x" * 5000))[:3]
    with pytest.raises(InvalidSubmission):
        read_single_file(broken, NAME, tmp_path / "out", max_bytes=10_000)


def test_garbage_instead_of_a_tar_is_refused(tmp_path):
    with pytest.raises(InvalidSubmission, match="could not be read"):
        read_single_file([b"\xff" * 2048], NAME, tmp_path / "out", max_bytes=100)


def test_the_stream_is_closed_also_when_the_file_is_refused(tmp_path):
    class Stream(list):
        closed = False

        def close(self):
            self.closed = True

    stream = Stream(chunks((member(kind=tarfile.SYMTYPE, link="x"), b"")))
    with pytest.raises(InvalidSubmission):
        read_single_file(stream, NAME, tmp_path / "out", max_bytes=100)
    assert stream.closed
