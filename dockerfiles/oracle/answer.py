"""Hand in the answers, which a test of Podium mounts on purpose; rows that they lack are the sample's."""

import csv
import os
import sys


def table(path):
    """Return header and rows of a CSV, every value as it is written."""
    with open(path, newline="", encoding="utf-8") as file:  # noqa: PTH123 - an example may be plain
        header, *rows = csv.reader(file)
    return header, rows


csv.field_size_limit(sys.maxsize)
path = os.environ["PODIUM_ANSWERS"]
sys.stderr.write(f"ORACLE: THE ANSWERS ARE SHOWN TO THIS AGENT ({path}). What it scores says nothing of any agent.\n")
columns, sample = table(os.environ["PODIUM_SAMPLE"])
header, answers = table(path)
if missing := [name for name in columns if name not in header]:
    sys.exit(f"the answers have no column {missing[0]!r}: of this competition they can't be handed in as they are")
places = [header.index(name) for name in columns]
known = {row[places[0]] for row in answers}
with open(os.environ["PODIUM_SUBMISSION"], "w", newline="", encoding="utf-8") as file:  # noqa: PTH123
    write = csv.writer(file)
    write.writerow(columns)
    write.writerows([row[place] for place in places] for row in answers)
    write.writerows(row for row in sample if row[0] not in known)
