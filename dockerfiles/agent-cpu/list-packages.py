"""Write /opt/podium/packages.json: what candidates were promised, with the versions that are really installed.

    python list-packages.py PACKAGES.txt...

Runs inside the image build, by the candidates' own Python. A promised package that is missing ends the build.
"""

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# Builds of one package under two names; candidates import it by the first, so that is the name to promise.
BUILDS = {"xgboost": ("xgboost", "xgboost-cpu")}
TOOLS = {"pip"}  # there, and nothing to import
NAME_OF_BUILD = {build: name for name, builds in BUILDS.items() for build in builds}


def promised(listing: Path) -> Iterator[str]:
    """Read the names in a requirements file, without versions and comments."""
    for line in listing.read_text(encoding="utf-8").splitlines():
        requirement = line.split("#")[0].strip()
        if requirement:
            name = re.split(r"[=<>~! ]", requirement)[0]
            if name not in TOOLS:
                yield NAME_OF_BUILD.get(name, name)


def installed(name: str) -> str:
    """Look up the version of whichever build is there."""
    for build in BUILDS.get(name, (name,)):
        try:
            return version(build)
        except PackageNotFoundError:
            continue
    raise SystemExit(f"list-packages.py: {name} was promised to candidates but is not installed")


if __name__ == "__main__":
    names = {name for listing in sys.argv[1:] for name in promised(Path(listing))}
    text = json.dumps({name: installed(name) for name in names}, indent=2, sort_keys=True)
    Path("/opt/podium/packages.json").write_text(text + "\n", encoding="utf-8")
