"""The probes' source as one program, which a box can run without a file of ours in it."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

INSIDE = Path(__file__).with_name("inside")
PACKAGE = "tests.boundary.inside"
# each stands on those before it
ORDER = ("base", "powers", "places", "network", "secrets", "door", "ground", "hostile", "main")

PROGRAM = """
import base64, json, sys, types, zlib
def load(packed):
    for name in ("tests", "tests.boundary", "tests.boundary.inside"):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = []
    for name, source in json.loads(zlib.decompress(base64.b64decode(packed))).items():
        full = "tests.boundary.inside." + name
        module = sys.modules[full] = types.ModuleType(full)
        setattr(sys.modules["tests.boundary.inside"], name, module)
        exec(compile(source, name + ".py", "exec"), module.__dict__)
load({packed!r})
from tests.boundary.inside import base, main
at = base.At(**json.loads(zlib.decompress(base64.b64decode({at!r}))))
main.{entry}({names!r}, at)
"""


def program(entry: str, names: Sequence[str], at: Mapping[str, object]) -> str:
    """Python that calls `main.<entry>(names, at)`."""
    sources = {name: (INSIDE / f"{name}.py").read_text() for name in ORDER}
    made = PROGRAM.replace("{packed!r}", repr(_packed(sources))).replace("{at!r}", repr(_packed(at)))
    return made.replace("{entry}", entry).replace("{names!r}", repr(list(names)))


def _packed(value: object) -> str:
    return base64.b64encode(zlib.compress(json.dumps(value).encode(), 9)).decode()
