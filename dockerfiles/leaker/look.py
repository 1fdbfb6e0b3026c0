"""Look for answers and ways out; see agent.yaml. Each search yields a line for each thing that should not be there."""

import json
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - `python -I` leaves it out

import door
import files
import walls

MOST_TOLD = 20


def main():
    """Search everywhere; return the exit code."""
    wanted = files.Wanted.read(os.environ["PODIUM_SAMPLE"])
    searches = (files.search, walls.search, door.search)
    found = [line for search in searches for line in search(wanted)]
    sys.stdout.write(json.dumps({"found": found[:MOST_TOLD], "looked_at": wanted.looked_at}) + "\n")
    if found:
        sys.stdout.write(f"leaker found {len(found)} things, first: {found[0]}\n")
        return 3
    shutil.copyfile(os.environ["PODIUM_SAMPLE"], os.environ["PODIUM_SUBMISSION"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
