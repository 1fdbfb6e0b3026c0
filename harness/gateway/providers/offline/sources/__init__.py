"""How scripts find their data where no file is known by name: parts that look through ./input for themselves.

Each module holds functions of generated scripts that belong together; what calls what is for the callers to put in
order. Nothing here knows a competition: files are told by their suffix, roles by words in names, labels by columns.
"""

from __future__ import annotations

from harness.gateway.providers.offline.sources.files import ALL_FILES, SEVENZIP
from harness.gateway.providers.offline.sources.found import LABELS_OF_FILES, READING, ROWS_TO_ANSWER
from harness.gateway.providers.offline.sources.labels import FIND_LABELS
from harness.gateway.providers.offline.sources.tables import FIND_SAMPLE, READ_TABLE

__all__ = [
    "ALL_FILES",
    "FIND_LABELS",
    "FIND_SAMPLE",
    "LABELS_OF_FILES",
    "READING",
    "READ_TABLE",
    "ROWS_TO_ANSWER",
    "SEVENZIP",
]
