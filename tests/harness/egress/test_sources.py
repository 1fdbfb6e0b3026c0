"""Real pip and the hub's own client against servers of the test's own; what they fetch comes into the cache whole."""

import hashlib
import subprocess
import sys
from functools import partial

import pytest

from harness.egress import sources
from harness.egress.cache import Cache
from harness.egress.fill import add
from harness.errors import InfrastructureError, UserError
from tests.harness.egress.conftest import serving, small_wheel
from tests.harness.egress.hub import commit_of, hub


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
    small_wheel(folder / "with-torch", "with-torch", requires=("in-torch", "other-one"))
    small_wheel(folder / "in-torch", "in-torch", version="3.0")
    with serving(folder) as server:
        yield {"PIP_INDEX_URL": f"http://127.0.0.1:{server.server_address[1]}/", "PATH": "/usr/bin:/bin"}


THERE = {"in-the-image": "1.0"}


def test_a_package_comes_with_what_it_needs_beside_what_the_image_has(cache, index):
    entry = add(cache, "pypi", partial(sources.package, requirement="Mine", there=THERE, environ=index))
    assert (entry.name, entry.version) == ("mine", "1.0")
    names = sorted(path.name for path in (cache.content / "wheels").iterdir())
    assert names == ["mine-1.0-py3-none-any.whl", "other_one-1.5-py3-none-any.whl"]
    assert [path.name for path in cache.content.iterdir()] == ["wheels"]


def test_what_is_left_out_since_the_image_with_torch_has_it_is_known(cache, index):
    fetch = partial(sources.package, there=THERE, environ=index, gpu_image={"in-torch": "3.0"})
    assert add(cache, "pypi", partial(fetch, requirement="with-torch")).needs_gpu_image
    assert not add(cache, "pypi", partial(fetch, requirement="mine")).needs_gpu_image
    assert not any("in_torch" in path.name for path in (cache.content / "wheels").iterdir())
    with pytest.raises(UserError, match=r"the image has in-torch 3\.0 already"):
        add(cache, "pypi", partial(fetch, requirement="in-torch"))

    view = cache.view()
    assert [one.split()[0] for one in view.told] == ["mine", "with-torch"]
    assert [one.split()[0] for one in view.without_gpu_image().told] == ["mine"]
    assert view.without_gpu_image().sha256 == view.sha256


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


FILES = {"config.json": b'{"hidden": 1}', "weights/model.safetensors": b"weights", "other.bin": b"other"}
REPOS = {"owner/name": FILES}


LOAD = """
import huggingface_hub, os, sys
print(open(huggingface_hub.hf_hub_download("owner/name", "config.json")).read())
print(huggingface_hub.snapshot_download("owner/name", allow_patterns=["config.json"]))
"""


@pytest.fixture
def from_hub(cache, tmp_path):
    """Add models of a hub of the test's own to the cache."""

    def fetch(repo, revision=None, patterns=(), repos=REPOS, **more):
        with serving(tmp_path, handler=hub(repos, **more)) as server:
            environ = {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_address[1]}"}
            return add(
                cache, "hf", partial(sources.model, repo=repo, revision=revision, patterns=patterns, environ=environ)
            )

    return fetch


def loaded_offline(cache, tmp_path):
    offline = {"HF_HUB_CACHE": str(cache.content / "huggingface"), "HF_HUB_OFFLINE": "1", "HOME": str(tmp_path)}
    return subprocess.run(
        [sys.executable, "-c", LOAD], capture_output=True, text=True, timeout=60, check=False, env=offline
    )


def test_a_model_of_the_hub_is_found_by_its_own_client_offline(cache, tmp_path, from_hub):
    entry = from_hub("owner/name", patterns=["*.json", "*.safetensors"])
    assert (entry.name, entry.version) == ("owner/name", commit_of(FILES)) and cache.problems() == []
    assert not any("other.bin" in path for path in entry.files)
    done = loaded_offline(cache, tmp_path)
    assert done.stdout.startswith('{"hidden": 1}'), done.stderr


@pytest.mark.parametrize("revision", ["v1.0", commit_of(FILES)])
def test_a_revision_that_was_asked_for_is_what_the_usual_name_means(cache, tmp_path, from_hub, revision):
    from_hub("owner/name", revision=revision, revisions=("v1.0",))
    done = loaded_offline(cache, tmp_path)
    assert done.stdout.startswith('{"hidden": 1}'), done.stderr


def test_another_revision_takes_the_place_of_the_first(cache, tmp_path, from_hub):
    from_hub("owner/name")
    newer = {**FILES, "config.json": b'{"hidden": 2}'}
    entry = from_hub("owner/name", revision="v2", revisions=("v2",), repos={"owner/name": newer})
    assert loaded_offline(cache, tmp_path).stdout.startswith('{"hidden": 2}')
    assert cache.index().entries == (entry,) and cache.problems() == []
    assert not any(commit_of(FILES) in path for path in entry.files)


def test_a_model_that_is_not_there_is_told(cache, from_hub):
    with pytest.raises(UserError, match="nobody/nothing can't be had from the hub"):
        from_hub("nobody/nothing")
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
