"""Real pip and the hub's own client against servers of the test's own; what they fetch comes into the cache whole."""

import hashlib
import http.server
import json
import subprocess
import sys
from functools import partial
from typing import ClassVar

import pytest

from harness.egress import sources
from harness.egress.cache import Cache
from harness.egress.fill import add
from harness.errors import InfrastructureError, UserError
from tests.harness.egress.conftest import serving, small_wheel


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def index(tmp_path):
    """A simple index: mine needs other and numpy-of-a-test, which the image has."""
    folder = tmp_path / "index"
    small_wheel(folder / "mine", "mine", requires=("other-one>=1", "in-the-image"))
    small_wheel(folder / "other-one", "other-one", version="1.5")
    small_wheel(folder / "other-one", "other-one", version="0.5")
    small_wheel(folder / "in-the-image", "in-the-image", version="2.0")
    small_wheel(folder / "in-the-image", "in-the-image", version="1.0")
    small_wheel(folder / "torn", "torn", requires=("in-the-image>=2",))
    with serving(folder) as server:
        yield {"PIP_INDEX_URL": f"http://127.0.0.1:{server.server_address[1]}/", "PATH": "/usr/bin:/bin"}


THERE = {"in-the-image": "1.0"}


def test_a_package_comes_with_what_it_needs_beside_what_the_image_has(cache, index):
    entry = add(cache, "pypi", partial(sources.package, requirement="Mine", there=THERE, environ=index))
    assert (entry.name, entry.version) == ("mine", "1.0")
    names = sorted(path.name for path in (cache.content / "wheels").iterdir())
    assert names == ["mine-1.0-py3-none-any.whl", "other_one-1.5-py3-none-any.whl"]
    assert [path.name for path in cache.content.iterdir()] == ["wheels"]


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        ("in-the-image", "the image has in-the-image 1.0 already"),
        ("torn", "beside what the image has"),
        ("not-there", "No matching distribution"),
        ("mine @ http://x", "names no package"),
        ("-r/etc/passwd", "names no package"),
        ("--index-url=http://x", "names no package"),
    ],
)
def test_what_can_not_be_had_is_told(cache, index, requirement, said):
    with pytest.raises(UserError) as caught:
        add(cache, "pypi", partial(sources.package, requirement=requirement, there=THERE, environ=index))
    assert said in str(caught.value) and cache.view() is None


def test_the_images_packages_are_those_of_its_lists(real_settings):
    cpu, gpu = (sources.image_packages(real_settings.root, gpu=gpu) for gpu in (False, True))
    assert {"numpy", "pip"} <= cpu.keys() and "torch" not in cpu and "torch" in gpu


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of the Hugging Face hub as its client asks for to take a snapshot."""

    SHA = "f" * 40
    FILES: ClassVar = {
        "config.json": b'{"hidden": 1}',
        "weights/model.safetensors": b"weights",
        "other.bin": b"other",
    }

    def __init__(self, *given, directory):
        super().__init__(*given)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.server.seen.append((path, self.headers.get("authorization")))
        name = path.rpartition(f"/resolve/{self.SHA}/")[2]
        if path.startswith("/api/models/owner/name/tree/"):
            tree = [
                {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for name, content in self.FILES.items()
            ]
            self.say(json.dumps(tree).encode())
        elif path.startswith("/api/models/owner/name"):
            siblings = [{"rfilename": name, "size": len(content)} for name, content in self.FILES.items()]
            self.say(json.dumps({"id": "owner/name", "sha": self.SHA, "siblings": siblings}).encode())
        elif path.startswith("/owner/name/resolve/") and name in self.FILES:
            content = self.FILES[name]
            tag = hashlib.sha256(content).hexdigest()
            self.say(content, {"ETag": f'"{tag}"', "X-Repo-Commit": self.SHA, "Accept-Ranges": "bytes"})
        else:
            self.send_error(404)

    def say(self, content, more=()):
        self.send_response(200)
        for name, value in {**dict(more), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *arguments):
        pass


LOAD = """
import huggingface_hub, os, sys
print(open(huggingface_hub.hf_hub_download("owner/name", "config.json")).read())
print(huggingface_hub.snapshot_download("owner/name", allow_patterns=["config.json"]))
"""


def test_a_model_of_the_hub_is_found_by_its_own_client_offline(cache, tmp_path):
    with serving(tmp_path, handler=Hub) as server:
        environ = {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_address[1]}"}
        fetch = partial(
            sources.model, repo="owner/name", revision=None, patterns=["*.json", "*.safetensors"], environ=environ
        )
        entry = add(cache, "hf", fetch)
    assert (entry.name, entry.version) == ("owner/name", Hub.SHA) and cache.problems() == []
    assert not any("other.bin" in path for path in entry.files)

    offline = {"HF_HUB_CACHE": str(cache.content / "huggingface"), "HF_HUB_OFFLINE": "1", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", LOAD], capture_output=True, text=True, timeout=60, check=False, env=offline
    )
    assert done.stdout.startswith('{"hidden": 1}'), done.stderr


def test_a_model_that_is_not_there_is_told(cache, tmp_path):
    with serving(tmp_path, handler=Hub) as server:
        environ = {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_address[1]}"}
        with pytest.raises(UserError, match="nobody/nothing can't be had from the hub"):
            add(cache, "hf", partial(sources.model, repo="nobody/nothing", revision=None, patterns=[], environ=environ))
    assert cache.view() is None


def test_weights_lie_where_torch_looks_for_them_and_their_hash_is_checked(cache, files, plain):
    digest = hashlib.sha256(b"weights").hexdigest()
    (files / f"net-{digest[:8]}.pth").write_bytes(b"weights")
    (files / "net-00000000.pth").write_bytes(b"weights")
    site = f"http://127.0.0.1:{plain.server_address[1]}"
    add(cache, "url", partial(sources.weights, url=f"{site}/net-{digest[:8]}.pth", name=None))
    assert (cache.content / "torch/hub/checkpoints" / f"net-{digest[:8]}.pth").read_bytes() == b"weights"
    with pytest.raises(UserError, match="promises bytes with the hash 00000000"):
        add(cache, "url", partial(sources.weights, url=f"{site}/net-00000000.pth", name=None))
    with pytest.raises(InfrastructureError, match="can't be fetched"):
        add(cache, "url", partial(sources.weights, url=f"{site}/gone.pth", name=None))
    for url in ("file:///etc/passwd", f"{site}/", f"{site}/..%2f..%2fx"):
        with pytest.raises(UserError, match="an http"):
            add(cache, "url", partial(sources.weights, url=url, name=None))
