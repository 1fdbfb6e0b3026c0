"""The base is pulled where a registry answers, and made from packages elsewhere."""

import os
from pathlib import Path

import docker.errors
import pytest
import requests

from harness.errors import UserError
from harness.setup import base, recipe
from harness.setup.base import FORGOTTEN, LEFT_OUT, mmdebstrap, package_names, pull
from harness.setup.host_network import HostNetwork

ROOT = Path(__file__).resolve().parents[3]


class FakeImages:
    """An engine's images, as far as a pull asks."""

    def __init__(self, local=(), answer=()):
        self.images = self
        self.api = self
        self.local = local
        self.answer = answer
        self.pulled = []

    def get(self, name):
        if name not in self.local:
            raise docker.errors.ImageNotFound(f"No such image: {name}")

    def pull(self, repository, *, tag, stream, decode):
        self.pulled.append((repository, tag))
        if isinstance(self.answer, Exception):
            raise self.answer
        yield from self.answer


def test_an_image_that_is_here_is_not_pulled():
    client = FakeImages(local=["python:3.11-slim"])
    assert pull(client, "python:3.11-slim", print) is None and client.pulled == []


def test_a_registry_with_a_port_is_no_tag():
    client = FakeImages(answer=[{"status": "Pulling from library/python"}])
    assert pull(client, "mirror.example:5000/python:3.11-slim", print) is None
    assert client.pulled == [("mirror.example:5000/python", "3.11-slim")]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (docker.errors.APIError("500", explanation="dial tcp: lookup registry: no such host"), "no such host"),
        (requests.exceptions.ReadTimeout("Read timed out."), "timed out"),
        ([{"status": "Pulling"}, {"error": "toomanyrequests: rate limit"}], "toomanyrequests"),
    ],
)
def test_a_pull_that_fails_says_why(answer, words):
    assert words in (pull(FakeImages(answer=answer), "python:3.11-slim", print) or "")


def test_a_user_with_neither_way_is_told_of_the_third(monkeypatch, tmp_path):
    monkeypatch.setattr(base, "connect", lambda *_, **__: FakeImages(answer=[{"error": "no such host"}]))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    wanted = recipe.base(ROOT, "python:3.11-slim")

    with pytest.raises(UserError, match=rf"no such host[\s\S]*docker save {wanted.tag}[\s\S]*docker load"):
        base.make_base(wanted, network=HostNetwork({}), environ={}, log=tmp_path / "log", say=lambda _: None)


def test_the_base_is_python_without_documentation_or_this_hosts_addresses():
    names = package_names((ROOT / "dockerfiles/base/debian-packages.txt").read_text())
    command = mmdebstrap(names, ["deb http://mirror.example/debian bookworm main"], Path("/x/base.tar"))

    assert "--include=python3,python3-venv,python-is-python3,ca-certificates,libgomp1,tzdata" in command
    assert all(f"--dpkgopt=path-exclude=/{folder}/*" in command for folder in LEFT_OUT)
    assert all(any(path in part for part in command) for path in FORGOTTEN)
    assert command[-3:] == ["bookworm", "/x/base.tar", "deb http://mirror.example/debian bookworm main"]


@pytest.mark.engine
def test_the_base_holds_python_and_nothing_of_this_host(engine, real_settings, image):
    tag = recipe.base(ROOT, "python:3.11-slim").tag
    script = (
        "import sys, pathlib, ensurepip; print(sys.version_info[:2]);"
        "print([p for p in ('/etc/apt/sources.list', '/etc/apt/apt.conf.d/99mmdebstrap') if pathlib.Path(p).exists()])"
    )
    output = engine.containers.run(tag, ["python", "-c", script], remove=True, network_disabled=True)
    assert output.decode().splitlines() == ["(3, 11)", "[]"]
    assert "PODIUM" not in str(engine.api.inspect_image(tag)["Config"]["Env"])
    assert os.uname().nodename not in str(engine.api.inspect_image(tag)["Config"])
