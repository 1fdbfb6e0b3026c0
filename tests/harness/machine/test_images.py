"""The image is what its inputs say; it holds what runs rely on, and nothing of this host."""

import hashlib
import json
import shutil
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.machine.images import ensure_image, find_image
from harness.setup import host_network, recipe
from harness.setup.build import build, find_client

pytestmark = pytest.mark.engine
ROOT = Path(__file__).resolve().parents[3]
IMPORTS = "import pandas, sklearn.ensemble, lightgbm, xgboost"


@pytest.fixture
def inside(engine, image):
    """A function: run a command in the image as runs do (read-only root, no network, a fresh volume at /home)."""
    volume = engine.volumes.create(labels={"podium.test": "images"})

    def run(*command, user="0"):
        container = engine.containers.create(
            image.digest,
            entrypoint=list(command),
            user=user,
            read_only=True,
            network_mode="none",
            cap_drop=["ALL"],
            tmpfs={"/tmp": "size=64m"},
            volumes={volume.name: {"bind": "/home", "mode": "rw"}},
        )
        try:
            container.start()
            code = container.wait(timeout=60)["StatusCode"]
            output = container.logs().decode()
        finally:
            container.remove(force=True)
        assert code == 0, output
        return output

    yield run
    volume.remove()


@pytest.fixture
def checkout(tmp_path):
    """A checkout of its own, as far as images go."""
    for name in ("agent", "dockerfiles"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_folders_keep_owners_and_modes_on_a_fresh_volume(inside):
    paths = "/home /home/data /home/submission /home/agent /home/slots /home/slots/0 /home/slots/0/run /home/slots/15 "
    paths += "/home/slots/15/run /run/agent /run/agent/door /opt/podium/prompts"
    found = inside("sh", "-c", f"stat -c '%n %u:%g %a' {paths}").splitlines()
    assert found == [
        "/home 0:0 755",
        "/home/data 0:0 755",
        "/home/submission 10001:10001 755",
        "/home/agent 10001:10001 700",
        "/home/slots 0:0 755",
        "/home/slots/0 0:10100 710",
        "/home/slots/0/run 10100:10100 700",
        "/home/slots/15 0:10115 710",
        "/home/slots/15/run 10115:10115 700",
        "/run/agent 0:10001 710",
        "/run/agent/door 0:0 755",
        "/opt/podium/prompts 0:0 755",
    ]


def test_every_uid_has_a_name(inside):
    uids = [10001, *range(10100, 10116), *range(10200, 10216)]
    script = f"import pwd, grp; print([pwd.getpwuid(i).pw_name == grp.getgrgid(i).gr_name for i in {uids}])"
    assert inside("/opt/agent/bin/python", "-I", "-c", script).strip() == str([True] * len(uids))


def test_only_temporary_folders_are_everybodys_outside_the_workspace(inside):
    pruned = "\\( -path /proc -o -path /sys -o -path /dev \\) -prune"
    script = f"find / -xdev {pruned} -o \\( -perm -0002 -o -user 10001 \\) -not -type l -print | sort"
    assert inside("sh", "-c", script).split() == ["/run/lock", "/tmp", "/var/tmp"]


def test_packages_are_those_of_the_list_and_can_be_imported(inside, image):
    listed = (ROOT / "dockerfiles/agent-cpu/candidate-packages.txt").read_text().splitlines()
    pins = dict(line.split("#")[0].strip().split("==") for line in listed if not line.startswith("#"))
    pins["xgboost"] = pins.pop("xgboost-cpu")
    del pins["pip"]  # a tool: there, and nothing to import
    assert image.packages == pins
    assert json.loads(inside("cat", "/opt/podium/packages.json")) == pins

    modules = {"scikit-learn": "sklearn", "pillow": "PIL"}
    names = [modules.get(name, name) for name in pins]
    inside("/opt/candidate/bin/python", "-I", "-c", f"import {', '.join(names)}")


def test_the_agent_and_its_clients_can_be_imported(inside):
    inside("/opt/agent/bin/python", "-I", "-c", "import agent.contract, openai, anthropic, httpx2, jinja2")


def test_imports_compile_nothing_at_run_time(inside):
    script = (
        "import sys, importlib.machinery as m\n"
        "compiled = []\n"
        "original = m.SourceFileLoader.source_to_code\n"
        "def spy(self, data, path, *a, **k):\n"
        "    compiled.append(path)\n"
        "    return original(self, data, path, *a, **k)\n"
        "m.SourceFileLoader.source_to_code = spy\n"
        f"{IMPORTS}\n"
        "print(len(sys.modules) > 1000, compiled)"
    )
    assert inside("/opt/candidate/bin/python", "-I", "-c", script).strip() == "True []"


def test_a_check_of_an_image_that_is_there_is_quick(real_settings, image):
    latest = ensure_image("cpu", real_settings, print)
    start = time.monotonic()
    assert find_image("cpu", real_settings) == latest
    assert time.monotonic() - start < 0.5


def test_an_edit_of_the_agent_makes_another_image_on_the_same_packages(
    checkout, real_settings, image, engine, tmp_path
):
    (checkout / "agent/edited.py").write_text("MARK = 'edited'\n")
    settings = replace(real_settings, root=checkout, home=tmp_path / "home")
    assert find_image("cpu", settings) is None

    said = []
    built = ensure_image("cpu", settings, said.append)
    try:
        assert built.tag != image.tag and built.packages == image.packages
        layers, before = (engine.images.get(ref.digest).attrs["RootFS"]["Layers"] for ref in (built, image))
        assert layers[:-2] == before[:-2] and layers[-2:] != before[-2:]
        assert any("done in" in line for line in said)
        assert ensure_image("cpu", settings, pytest.fail) == built
    finally:
        engine.images.remove(built.tag)
        engine.images.get(image.tag).tag("podium/agent-cpu", "latest")


def test_an_image_with_a_borrowed_name_is_not_taken(checkout, real_settings, engine, image, tmp_path):
    (checkout / "agent/other.py").write_text("")
    settings = replace(real_settings, root=checkout, home=tmp_path / "home")
    tag = recipe.agent("cpu", checkout).tag
    engine.images.get(image.digest).tag(*tag.split(":"))
    try:
        assert find_image("cpu", settings) is None
    finally:
        engine.images.remove(tag, noprune=True)


def test_what_a_build_needs_of_this_host_is_in_no_layer(engine, real_settings, image, tmp_path):
    marks = {"network": "canary-index.example", "ca": "Q0FOQVJZIENB", "netrc": "canary-password"}
    (tmp_path / "ca.pem").write_text(f"-----BEGIN CERTIFICATE-----\n{marks['ca']}\n-----END CERTIFICATE-----\n")
    (tmp_path / ".netrc").write_text(f"machine x login y password {marks['netrc']}\n")
    environ = {
        **real_settings.environ,
        "PIP_EXTRA_INDEX_URL": f"https://user:key@{marks['network']}/simple",
        "PIP_CERT": str(tmp_path / "ca.pem"),
        "NETRC": str(tmp_path / ".netrc"),
    }
    network = host_network.read(environ, home=tmp_path, prefix=tmp_path)
    base = recipe.base(ROOT, "python:3.11-slim")
    canary = recipe.Recipe("podium/test-canary", "Dockerfile", {"Dockerfile": _reads_secrets(base.tag, network)})
    try:
        build(canary, arguments={}, base_id="", network=network, environ=environ, log=tmp_path / "log")
        saved = tmp_path / "image.tar"
        with saved.open("wb") as file:
            file.writelines(engine.images.get(canary.tag).save(chunk_size=1 << 20))
    finally:
        for tag in (canary.tag, f"{canary.repository}:latest"):
            engine.images.remove(tag, force=True)

    content = _own_layers(saved, skip=len(engine.images.get(base.tag).attrs["RootFS"]["Layers"]))
    assert b"proof-that-it-ran" in content, "the layer is in what is searched"
    for mark in marks.values():
        assert mark.encode() not in content and mark not in (tmp_path / "log").read_text()


def test_the_images_settings_name_nothing_of_this_host(engine, image, real_settings):
    attrs = engine.api.inspect_image(image.digest)
    names = {entry.split("=")[0] for entry in attrs["Config"]["Env"]}
    assert names == {"PATH", "LANG", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"} | (
        names & {"GPG_KEY", "PYTHON_VERSION", "PYTHON_SHA256"}
    )
    history = json.dumps(engine.api.history(image.digest))
    private = [value for name, value in real_settings.environ.items() if name.startswith("PIP_") and "/" in value]
    assert not [value for value in private if value in history]


def test_a_client_that_can_not_build_is_passed_over(tmp_path, real_settings):
    """A client from version 23 on refuses without its buildx component; an older one, later on PATH, works."""
    modern = tmp_path / "docker"
    modern.write_text(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo 'Docker version 28.2.2, build e6534b4' && exit\n"
        "echo \"docker: 'buildx' is not a docker command.\" >&2\nexit 1\n"
    )
    modern.chmod(0o755)
    environ = {**real_settings.environ, "PATH": f"{tmp_path}:{real_settings.environ['PATH']}"}
    assert find_client(environ) != str(modern)


def _reads_secrets(base, network):
    """A Dockerfile whose build fails unless it sees every secret, whole."""
    mounts = " ".join(f"--mount=type=secret,id={name}" for name in network.secrets)
    sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in network.secrets.items()}
    checks = [f"echo {digest} /run/secrets/{name} | sha256sum -c" for name, digest in sums.items()]
    return f"FROM {base}\nRUN {mounts} {' && '.join(checks)} && echo proof-that-it-ran >/proof\n".encode()


def _own_layers(saved, skip):
    """Everything in a saved image but its lowest `skip` layers: its settings, history and own layers, as bytes."""
    with tarfile.open(saved) as archive:
        layers = json.load(archive.extractfile("manifest.json"))[0]["Layers"]
        names = [member.name for member in archive.getmembers() if member.isfile() and member.name not in layers[:skip]]
        return b"".join(archive.extractfile(name).read() for name in names)
