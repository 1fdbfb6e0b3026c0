"""The ledger lies where all find it who may use the engine, and is written through nobody else's folder or link."""

import os
import socket
import stat

import pytest

from harness.errors import UserError
from harness.groups import lending_folder
from harness.groups.lending import Ledger
from harness.groups.lending_folder import is_here, ledger_path, ledgers


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """In the place of /tmp."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(lending_folder, "BESIDE", folder)
    return folder


@pytest.fixture
def environ(tmp_path):
    """An engine whose socket a group may use."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        path.chmod(0o660)
        yield {"DOCKER_HOST": f"unix://{path}"}


def test_who_may_use_the_socket_may_use_the_ledger_and_nobody_else(beside, environ):
    path = ledger_path(environ, {}, here=True)
    assert path == beside / f"podium-lending-g{os.getegid()}" / "machine.sqlite"
    found = path.parent.stat()
    assert stat.S_IMODE(found.st_mode) == 0o2770 and found.st_gid == os.getegid()
    assert ledger_path(environ, {}, here=True) == path
    Ledger(path, "g").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert list(ledgers(environ)) == [path]


@pytest.mark.parametrize("host", ["tcp://10.0.0.1:2376", "ssh://somebody@there", "unix:///nowhere/docker.sock"])
def test_without_a_socket_of_a_group_it_is_the_users_alone(beside, host):
    path = ledger_path({"DOCKER_HOST": host}, {"Name": "far"}, here=False)
    assert path.parent == beside / f"podium-lending-u{os.geteuid()}" and path.name.startswith("far-")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_other_machines_have_ledgers_of_their_own(beside):
    one, same, two = (
        ledger_path({}, {"Name": name, "NCPU": 2}, here=False) for name in ("../gpu box", "../gpu box", "cpu")
    )
    assert one == same != two and one.parent == two.parent and "/" not in one.name


@pytest.mark.parametrize("trap", ["link", "open to all", "file"])
def test_a_folder_that_somebody_else_may_have_made_is_refused(beside, environ, tmp_path, trap):
    folder = beside / f"podium-lending-g{os.getegid()}"
    if trap == "link":
        (tmp_path / "victim").mkdir()
        folder.symlink_to(tmp_path / "victim")
    elif trap == "file":
        folder.write_text("")
    else:
        folder.mkdir()
        folder.chmod(0o777)
    with pytest.raises(UserError, match="made by somebody else"):
        ledger_path(environ, {}, here=True)
    assert list(ledgers(environ)) == []


def test_a_ledger_is_not_written_through_a_link(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"")
    (tmp_path / "machine.sqlite").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic link"):
        Ledger(tmp_path / "machine.sqlite", "g")
    assert victim.read_bytes() == b""


def test_an_engine_is_here_where_kernel_and_cpus_are_and_no_address_leads_away():
    assert is_here({"NCPU": os.cpu_count()}, {})
    assert not is_here({"NCPU": os.cpu_count()}, {"DOCKER_HOST": "ssh://somebody@there"})
    assert not is_here({"NCPU": (os.cpu_count() or 1) + 1}, {})
    assert not is_here({"NCPU": os.cpu_count(), "KernelVersion": "another"}, {})
