"""An engine by ssh: real ssh and sshd on loopback, with keys and settings of the test's own."""

import contextlib
import http.server
import os
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness.errors import InfrastructureError, UserError
from harness.machine.engine import Engine, Machine, ask, connect
from harness.machine.tunnel import Tunnels

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin")
VERSION = b'{"Version": "1.2.3", "ApiVersion": "1.41", "MinAPIVersion": "1.12"}'


class AsEngine(http.server.BaseHTTPRequestHandler):
    """As much of an engine as is asked for its version."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", str(len(VERSION)))
        self.end_headers()
        self.wfile.write(VERSION)

    def address_string(self):
        return "socket"

    def log_message(self, *arguments):
        pass


class OnSocket(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@pytest.fixture
def far(tmp_path):
    """A host with an engine's socket, reached by ssh; the environment that knows its key."""
    if SSHD is None or shutil.which("ssh") is None or os.geteuid() != 0:
        pytest.skip("it takes ssh and sshd (apt-get install openssh-server), and root")
    server = OnSocket(str(tmp_path / "e.sock"), AsEngine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("host", "client"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {tmp_path}/client.pub\nPasswordAuthentication no\nPermitRootLogin yes\n"
    )
    (tmp_path / "ssh_config").write_text(
        f"Host far.test\n HostName 127.0.0.1\n Port {port}\n IdentityFile {tmp_path}/client\n IdentitiesOnly yes\n"
        f" UserKnownHostsFile {tmp_path}/known\n StrictHostKeyChecking accept-new\n"
    )
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {tmp_path}/ssh_config "$@"\n')
    (programs / "ssh").chmod(0o755)
    Path("/run/sshd").mkdir(exist_ok=True)
    sshd = subprocess.Popen([SSHD, "-D", "-e", "-f", str(tmp_path / "sshd_config")], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield {"PATH": f"{programs}:{os.environ['PATH']}", "DOCKER_HOST": f"ssh://root@far.test{tmp_path}/e.sock"}
    sshd.terminate()
    sshd.wait()
    server.shutdown()
    server.server_close()


def test_an_engine_by_ssh_answers_and_one_tunnel_serves_all_that_a_command_asks(far):
    found = ask(Machine(far, uid=1000))
    assert isinstance(found, Engine) and found.version == "1.2.3" and found.host == far["DOCKER_HOST"]
    first, second = connect(far), connect(far)
    assert first.api.base_url and second.version()["Version"] == "1.2.3"


def test_a_tunnel_that_broke_is_made_anew_and_the_end_leaves_nothing(far):
    tunnels = Tunnels()
    one = tunnels.through(far)["DOCKER_HOST"]
    assert tunnels.through(far)["DOCKER_HOST"] == one
    (process, _) = next(iter(tunnels._open.values()))
    process.kill()
    process.wait()
    other = tunnels.through(far)["DOCKER_HOST"]
    assert other != one
    tunnels.close()
    assert not Path(other.removeprefix("unix://")).parent.exists()


def test_a_host_that_does_not_let_us_in_is_told_with_ssh_s_words(far, tmp_path):
    (tmp_path / "client.pub").write_text("")
    with pytest.raises(InfrastructureError, match=r"Permission denied.*Try: ssh root@far.test"):
        Tunnels().through(far)
    assert "Permission denied" in str(ask(Machine(far, uid=1000)))


@pytest.mark.parametrize("host", ["ssh://", "ssh://-oProxyCommand=x", "ssh://-l@host", "ssh://host:port"])
def test_what_names_no_host_is_refused(host):
    with pytest.raises(UserError, match="names no host"):
        Tunnels().through({"PATH": os.environ["PATH"], "DOCKER_HOST": host})


def test_other_addresses_are_left_alone():
    environ = {"DOCKER_HOST": "tcp://127.0.0.1:2376"}
    assert Tunnels().through(environ) == environ and Tunnels().through({}) == {}
