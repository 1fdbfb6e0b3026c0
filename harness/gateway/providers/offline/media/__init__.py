"""What scripts know of a file that is no table: pictures, sounds, arrays and readings, each summed up in numbers.

A kind is a module with the code of one function that gives a list of numbers of fixed length for a path. `DESCRIBE`
puts them together: it finds the files of each row and appends their numbers to the table.
"""

from __future__ import annotations

from harness.gateway.providers.offline.media.base import DESCRIBE, Kind
from harness.gateway.providers.offline.media.kinds import KINDS

__all__ = ["DESCRIBE", "KINDS", "Kind"]
