"""What travels to an engine that sees none of this machine's folders: sorted into volumes, packed as it is read."""

import io
import os
import socket
import tarfile

import pytest

from harness.errors import InfrastructureError
from harness.sandbox.base import Mount
from harness.sandbox.travel import Load, _Packing, loads


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    (folder / "images").mkdir(parents=True)
    (folder / "train.csv").write_text("x")
    (folder / "images" / "1.png").write_bytes(b"picture")
    (folder / "description.md").write_text("its own")
    (folder / "link.csv").symlink_to("train.csv")
    os.link(folder / "train.csv", folder / "second.csv")
    return folder


def packed(load):
    with _Packing(load) as archive:
        content = io.BytesIO(b"".join(archive))
    with tarfile.open(fileobj=content) as tar:
        return {
            member.name: member.linkname
            if member.issym()
            else (tar.extractfile(member) or io.BytesIO()).read().decode()
            for member in tar.getmembers()
        }, tar.getmembers()


def test_a_file_lies_over_the_folder_that_it_is_mounted_into(data, tmp_path):
    (tmp_path / "told.md").write_text("told")
    mounts = [Mount(data, "/home/data"), Mount(tmp_path / "told.md", "/home/data/description.md")]
    (load,) = loads(mounts)
    content, members = packed(load)
    assert content["description.md"] == "told" and content["train.csv"] == content["second.csv"] == "x"
    assert content["link.csv"] == "train.csv" and content["images/1.png"] == "picture"
    assert all(member.uid == member.gid == 0 and not member.islnk() for member in members)
    assert [member.name for member in members].count("description.md") == 1


def test_a_file_alone_lies_over_a_copy_of_the_images_folder_and_outer_folders_have_room_for_inner_ones(data, tmp_path):
    found = loads([Mount(data, "/opt/podium/prompts"), Mount(tmp_path / "sample.csv", "/opt/podium/sample.csv")])
    (tmp_path / "sample.csv").write_text("id")
    assert [load.target for load in found] == ["/opt/podium", "/opt/podium/prompts"]
    outer, _ = packed(found[0])
    assert outer == {"sample.csv": "id", "prompts": ""}


def test_sockets_stay_here(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "gateway.sock"))
        (tmp_path / "request.json").write_text("{}")
        content, _ = packed(Load("/door", tmp_path, links={"gateway.sock": "/elsewhere"}))
    assert content == {"request.json": "{}", "gateway.sock": "/elsewhere"}


def test_what_can_not_be_read_is_told_and_an_engine_that_stops_reading_leaves_no_thread(data, tmp_path):
    with pytest.raises(InfrastructureError, match="can't be read"):
        packed(Load("/x", data, files={"gone": tmp_path / "gone"}))
    (data / "large").write_bytes(b"x" * 5_000_000)
    with pytest.raises(InfrastructureError, match="Broken pipe"), _Packing(Load("/x", data)) as archive:
        next(archive)
