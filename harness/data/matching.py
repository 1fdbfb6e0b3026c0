"""Compares prepared files with the MD5s that a spec states, those it lacks too: what `podium prepare` reports."""

from __future__ import annotations

from typing import NamedTuple

from harness.data.manifest import Manifest
from harness.specs.competition import Edition


class Compared(NamedTuple):
    """One file whose MD5 is stated; `found` is None where nothing of that name was made."""

    name: str
    stated: str
    found: str | None

    @property
    def matches(self) -> bool:
        return self.stated == self.found


def compare(edition: Edition, manifest: Manifest) -> list[Compared]:
    """Return what is stated beside what was made. Stand-in data are not the data that checksums are about."""
    if manifest.stand_in:
        return []
    sides = {"public": edition.checksums.public, "private": edition.checksums.private}
    stated = {f"{side}/{name}": md5 for side, files in sides.items() for name, md5 in files.items()}
    made = {name: file.md5 for name, file in manifest.files.items()}
    return [Compared(name, md5, made.get(name)) for name, md5 in stated.items()]
