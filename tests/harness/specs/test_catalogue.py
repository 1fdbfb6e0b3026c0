"""Competitions are found in every folder that is named, and one id means one competition."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from harness import config
from harness.config import Settings
from harness.errors import UserError
from harness.specs import catalogue

SHIPPED = Path(__file__).parents[3] / "competitions"


def settings(**environ: str) -> Settings:
    return config.load(environ)


def copied(id: str, name: str, into: Path) -> None:
    """A competition under another name."""
    shutil.copytree(SHIPPED / id, into / name)
    spec = into / name / "competition.yaml"
    spec.write_text(spec.read_text().replace(f"id: {id}", f"id: {name}"))


def test_shipped_competitions_are_there_without_being_named() -> None:
    assert "spaceship-titanic" in catalogue.of(settings()).ids()


def test_the_users_folders_count_too(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        copied("digits-8x8", f"digits-{name}", tmp_path / name)
    known = catalogue.of(settings(PODIUM_COMPETITIONS=f"{tmp_path / 'first'}{os.pathsep}{tmp_path / 'second'}"))
    assert {"digits-first", "digits-second", "digits-8x8"} <= set(known.ids())
    assert known.load("digits-second").folder == tmp_path / "second" / "digits-second"
    assert {"digits-first", "digits-second"} <= {item.id for item in known.in_suite("bundled")}


def test_an_id_of_two_folders_is_an_error(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED / "digits-8x8", tmp_path / "digits-8x8")
    with pytest.raises(UserError, match=r"competition 'digits-8x8' is in .* and in .*; rename one"):
        catalogue.of(settings(PODIUM_COMPETITIONS=str(tmp_path))).load("digits-8x8")


def test_an_unknown_id_gets_near_misses() -> None:
    with pytest.raises(UserError, match="did you mean spaceship-titanic"):
        catalogue.of(settings()).load("spaceship-titanik")


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="which is no folder"):
        catalogue.of(settings(PODIUM_COMPETITIONS=str(tmp_path / "nowhere")))


def test_a_competition_named_in_place_of_its_folder_is_an_error() -> None:
    with pytest.raises(UserError, match="name the folder that holds it"):
        catalogue.of(settings(PODIUM_COMPETITIONS=str(SHIPPED / "digits-8x8")))


def test_an_installed_package_brings_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "our_competitions"
    package.mkdir()
    (package / "__init__.py").touch()
    copied("digits-8x8", "digits-packaged", package)
    info = tmp_path / "ours-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[podium.competitions]\nours = our_competitions\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        assert catalogue.of(settings()).load("digits-packaged").folder == package / "digits-packaged"
    finally:
        sys.modules.pop("our_competitions", None)
