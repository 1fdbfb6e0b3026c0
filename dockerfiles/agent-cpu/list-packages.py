"""Write /opt/podium/packages.json: what candidates were promised, with the versions that are really installed.

    python list-packages.py PACKAGES.txt...

Runs inside the image build, by the candidates' own Python. A promised package that is missing ends the build.
"""

import json
import re
import sys
from importlib.metadata import version
from pathlib import Path


def promised(listing: Path) -> list[str]:
    """Return the names in a requirements file, without versions and comments."""
    lines = (line.split("#")[0].strip() for line in listing.read_text(encoding="utf-8").splitlines())
    return [re.split(r"[=<>~! ]", line)[0] for line in lines if line and not line.startswith("-")]


if __name__ == "__main__":
    names = [name for listing in sys.argv[1:] for name in promised(Path(listing))]
    text = json.dumps({name: version(name) for name in names}, indent=2, sort_keys=True)
    Path("/opt/podium/packages.json").write_text(text + "\n", encoding="utf-8")
