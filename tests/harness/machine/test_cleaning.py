"""`podium clean` lists what is left, says why, and removes what is ours and nobody's."""

import dataclasses
import io
import os
import tarfile

import pytest

from harness.data import prepare
from harness.locks import locked
from harness.machine import cleaning, images
from harness.runs import door
from harness.sandbox import reap
from harness.sandbox.owner import OWNER_LABEL, me
from harness.setup.recipe import INPUTS_LABEL

DEAD_OWNER = "/".join([*me().split("/")[:3], "1"])


def leftover(kind, gone=True):
    return cleaning.Leftover(kind, "x", "why", lambda: gone)


@pytest.mark.parametrize(
    ("kinds", "removed", "images", "words"),
    [
        ([], False, False, ["nothing is left"]),
        (["container"], False, False, ["podium clean --yes"]),
        (["container"], True, False, []),
        (["image"], False, False, ["nothing is left", "podium clean --images --yes"]),
        (["volume", "image"], True, False, ["podium clean --images --yes"]),
        (["volume", "image"], True, True, []),
    ],
)
def test_the_advice_says_what_to_type_next(kinds, removed, images, words):
    said = cleaning.advice([leftover(kind) for kind in kinds], removed=removed, images=images)
    assert all(word in said for word in words) and bool(said) == bool(words)


def test_doors_of_the_dead_are_found_and_those_of_the_living_are_not(tmp_path):
    for name, owner in (("podium-door-dead", DEAD_OWNER), ("podium-door-alive", me())):
        (tmp_path / name).mkdir()
        (tmp_path / name / "owner").write_text(owner)
    (tmp_path / "podium-door-without-an-owner-yet").mkdir()
    assert list(door.left_over(tmp_path)) == [tmp_path / "podium-door-dead"]
    door.remove(tmp_path / "podium-door-dead")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "podium-door-alive",
        "podium-door-without-an-owner-yet",
    ]


def test_half_prepared_data_are_found_when_nobody_is_at_them_any_more(tmp_path):
    for folder in (".demo~", "demo/.search~", ".busy~", "whole"):
        (tmp_path / folder / "public").mkdir(parents=True)
    with locked(tmp_path, "busy"):
        found = prepare.half_made(tmp_path)
        assert [str(path.relative_to(tmp_path)) for path in found] == [".demo~", "demo/.search~"]
        assert not prepare.drop(tmp_path, tmp_path / ".busy~")
        assert all(prepare.drop(tmp_path, path) for path in found)
    left = sorted(path.name for path in tmp_path.iterdir() if path.name != ".locks")
    assert left == [".busy~", "demo", "whole"] and not list((tmp_path / "demo").iterdir())


@pytest.mark.engine
def test_a_network_of_a_dead_owner_is_an_orphan_and_that_of_a_living_one_is_not(engine):
    networks = [
        engine.networks.create(f"podium-test-{os.getpid()}-{name}", internal=True, labels={OWNER_LABEL: owner})
        for name, owner in (("dead", DEAD_OWNER), ("alive", me()))
    ]
    try:
        mine = [one for one in reap.find(engine) if one.name in {network.name for network in networks}]
        assert [one.name for one in mine] == [networks[0].name]
        reap.remove(engine, mine[0])
        reap.remove(engine, mine[0])  # gone already
        assert engine.networks.list(names=[networks[0].name]) == []
    finally:
        for network in engine.networks.list(names=[network.name for network in networks]):
            network.remove()


@pytest.fixture
def tiny(engine):
    """Make small images with given names and inputs; they are removed at the end."""
    made = []

    def make(tag, inputs):
        empty = io.BytesIO()
        with tarfile.open(fileobj=empty, mode="w") as archive:
            archive.addfile(tarfile.TarInfo(f"{tag}-{len(made)}"))
        repository, _, name = tag.partition(":")
        changes = [f"LABEL {INPUTS_LABEL}={inputs}"] if inputs else []
        engine.api.import_image_from_data(empty.getvalue(), repository=repository, tag=name, changes=changes)
        made.append(tag)
        return engine.images.get(tag).id

    yield make
    known = {tag for image in engine.images.list() for tag in image.tags}
    for tag in made:
        if tag in known:
            engine.images.remove(tag, force=True)


@pytest.mark.engine
def test_only_images_of_ours_that_these_sources_do_not_ask_for_are_stale(engine, image, tiny, real_settings):
    stale = tiny("podium/agent-cpu:test-stale", "0000")
    theirs = tiny("podium-of-somebody/agent-cpu:test", "0000")
    unlabelled = tiny("podium/agent-cpu:test-unlabelled", None)
    found = {item.id: item for item in images.stale(engine, real_settings)}
    assert found[stale].tags == ("podium/agent-cpu:test-stale",) and found[stale].built
    assert not {theirs, unlabelled, image.digest} & set(found)

    assert images.remove(engine, found[stale])
    assert images.remove(engine, found[stale])  # gone already is no error
    assert "podium/agent-cpu:test-stale" not in {tag for item in engine.images.list() for tag in item.tags}


@pytest.mark.engine
def test_of_other_agents_images_all_but_the_newest_are_stale(engine, image, tiny, real_settings):
    older = tiny("podium/others/test-cleaning:0000", "0000")
    newest = tiny("podium/others/test-cleaning:latest", "1111")
    found = {item.id for item in images.stale(engine, real_settings)}
    assert older in found and newest not in found


@pytest.mark.engine
def test_a_stale_image_that_a_container_uses_is_left(engine, image, tiny, real_settings):
    used = tiny("podium/agent-cpu:test-used", "0000")
    container = engine.containers.create(used, command=["/nothing"], labels={"podium.test": "cleaning"})
    try:
        (found,) = [item for item in images.stale(engine, real_settings) if item.id == used]
        assert not images.remove(engine, found)
        assert engine.images.get(used)
    finally:
        container.remove(force=True)


@pytest.mark.engine
def test_another_checkouts_sources_have_other_current_images(engine, image, real_settings, tmp_path):
    import shutil

    for name in ("agent", "dockerfiles"):
        shutil.copytree(real_settings.root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "agent" / "edited.py").write_text("MARK = 'edited'\n")
    settings = dataclasses.replace(real_settings, root=tmp_path)
    assert image.digest in {item.id for item in images.stale(engine, settings)}
