"""The kinds of file that can be described, in the order in which a script defines them."""

from __future__ import annotations

from harness.gateway.providers.offline.media.arrays import ARRAY, READINGS
from harness.gateway.providers.offline.media.pictures import PICTURE, SCAN
from harness.gateway.providers.offline.media.sounds import SOUND

KINDS = (PICTURE, SCAN, SOUND, ARRAY, READINGS)
