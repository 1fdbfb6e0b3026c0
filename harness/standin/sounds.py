"""Writes sounds of one channel and 16 bits; the standard library has lost its writer of AIFF, and this needs no other.

Nothing is read or played here.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def wav(samples: NDArray[np.int16], rate: int) -> bytes:
    """Return a RIFF/WAVE file."""
    data = samples.astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def aiff(samples: NDArray[np.int16], rate: int) -> bytes:
    """Return an AIFF file (Apple 1989); its rate is a float of 80 bits."""
    data = struct.pack(">II", 0, 0) + samples.astype(">i2").tobytes()
    fraction, exponent = math.frexp(rate)
    rate_80_bits = struct.pack(">HQ", exponent - 1 + 16383, int(fraction * 2**64))
    common = struct.pack(">hIh", 1, len(samples), 16) + rate_80_bits
    chunks = b"COMM" + struct.pack(">I", len(common)) + common + b"SSND" + struct.pack(">I", len(data)) + data
    return b"FORM" + struct.pack(">I", 4 + len(chunks)) + b"AIFF" + chunks
