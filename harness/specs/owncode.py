"""Loads a function from a competition's own Python file: `prepare.py`, `standin.py` or `metric.py` beside its spec.

Such a file may import `harness`; nothing imports it. It runs with the harness's rights, as a plug-in would.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.errors import InvalidSpec


def function_in(path: Path, name: str) -> Callable[..., Any]:
    """Return the function `name` of the file; InvalidSpec when there is no such file or function."""
    module_name = f"podium_competition_{path.parent.name}_{path.stem}".replace("-", "_").replace(".", "_")
    specification = importlib.util.spec_from_file_location(module_name, path)
    if not path.is_file() or specification is None or specification.loader is None:
        raise InvalidSpec(f"{path}: the spec names this file, and it is missing")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    function = getattr(module, name, None)
    if not callable(function):
        raise InvalidSpec(f"{path}: the spec names a function {name!r}, which the file does not define")
    found: Callable[..., Any] = function
    return found
