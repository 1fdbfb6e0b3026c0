"""Images arrive on other machines as what they were, or not at all."""

import io
import secrets
import tarfile

import pytest

from harness.errors import InfrastructureError, UserError
from harness.nodes import shipping
from harness.setup.recipe import INPUTS_LABEL
from tests.harness.nodes.registry import Registry

pytestmark = pytest.mark.engine


def quiet(line):
    pass


@pytest.fixture
def make(engine):
    """Make tiny images that look like ours; what is left of them goes with the test."""
    made = []

    def image(inputs=None, content=b"one", tag=None, label=True):
        inputs = inputs or secrets.token_hex(8)
        tag = tag or f"podium/others/tiny:{inputs}"
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            entry = tarfile.TarInfo("content")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        changes = [f"LABEL {INPUTS_LABEL}={inputs if label else 'other'}"]
        repository, _, name = tag.rpartition(":")
        engine.api.import_image_from_data(buffer.getvalue(), repository=repository, tag=name, changes=changes)
        digest = engine.images.get(tag).id
        made.append(digest)
        return tag, digest

    yield image
    for digest in made:
        for found in [one for one in engine.images.list(filters={"label": INPUTS_LABEL}) if one.id == digest]:
            engine.images.remove(found.id, force=True)


def is_there(engine, digest):
    return any(image.id == digest for image in engine.images.list())


def test_a_registry_gives_the_very_image_that_was_pushed(engine, make):
    tag, digest = make()
    with Registry() as registry:
        told = shipping.push(engine, tag, f"{registry.address}/team", quiet)
        assert told.startswith(f"{registry.address}/team/podium/others/tiny@sha256:")
        engine.images.remove(tag)
        assert not is_there(engine, digest)
        assert shipping.pull(engine, f"{registry.address}/team", tag, quiet, digest=digest) == digest
    assert engine.images.get(tag).id == digest
    assert engine.images.get(tag).tags == [tag], "the registry's name is left"


def test_another_image_under_the_name_is_refused_and_does_not_get_it(engine, make):
    tag, digest = make()
    with Registry() as registry:
        shipping.push(engine, tag, registry.address, quiet)
        engine.images.remove(tag)
        with pytest.raises(InfrastructureError, match="refused"):
            shipping.pull(engine, registry.address, tag, quiet, digest="sha256:" + "0" * 64)
    assert not is_there(engine, digest)


def test_without_a_digest_an_image_must_be_of_the_inputs_in_its_name(engine, make):
    tag, _ = make(label=False)
    with Registry() as registry:
        shipping.push(engine, tag, registry.address, quiet)
        engine.images.remove(tag)
        with pytest.raises(InfrastructureError, match="not one built from"):
            shipping.pull(engine, registry.address, tag, quiet)


def test_a_registry_without_the_image_is_told(engine):
    with Registry() as registry, pytest.raises(InfrastructureError, match="manifest"):
        shipping.pull(engine, registry.address, "podium/others/tiny:none", quiet)


@pytest.mark.parametrize("registry", ["", "http://10.0.0.5:5000", "10.0.0.5:5000/"])
def test_a_registry_is_named_as_images_are(engine, registry):
    with pytest.raises(UserError, match="a host, its port"):
        shipping.push(engine, "podium/others/tiny:x", registry, quiet)


def test_a_file_carries_images_with_their_digests(engine, make, tmp_path):
    tag, digest = make()
    shipping.save(engine, tag, tmp_path / "podium.tar", quiet)
    engine.images.remove(tag)
    assert [(one.tag, one.digest) for one in shipping.load(engine, tmp_path / "podium.tar", quiet)] == [(tag, digest)]
    assert engine.images.get(tag).id == digest
    assert [path.name for path in tmp_path.iterdir()] == ["podium.tar"]


def test_a_file_whose_image_is_not_what_it_is_called_is_refused(engine, make, tmp_path):
    tag, _ = make(label=False)
    shipping.save(engine, tag, tmp_path / "podium.tar", quiet)
    engine.images.remove(tag)
    with pytest.raises(UserError, match="was not built from those inputs"):
        shipping.load(engine, tmp_path / "podium.tar", quiet)
    assert tag not in {name for image in engine.images.list() for name in image.tags}


def test_an_image_that_is_not_there_leaves_no_file(engine, tmp_path):
    with pytest.raises(InfrastructureError, match="is gone"):
        shipping.save(engine, "podium/others/tiny:none", tmp_path / "podium.tar", quiet)
    assert list(tmp_path.iterdir()) == []


def test_listed_are_the_images_of_runs_and_those_of_this_checkout_are_marked(engine, make):
    tag, digest = make()
    other, _ = make()
    marked = {one.tag: one.current for one in shipping.listed(engine, [digest])}
    assert marked[tag] and not marked[other]
    assert all(not name.endswith(":latest") for name in marked)
