"""Reads a YAML file into a pydantic model, so that every complaint names the file, the line and the field.

YAML loaders forget where a value stood and silently keep the last of two equal keys; people who write specs by hand
need both. This module knows nothing of what a spec says: it turns text and a model class into a model, or InvalidSpec.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from harness.errors import InvalidSpec

if TYPE_CHECKING:
    import yaml

M = TypeVar("M", bound=BaseModel)


def read_spec(path: Path, model: type[M]) -> M:
    """Read `path` as `model`; InvalidSpec lists each problem as `file:line: field: what was wrong (found …)`."""
    import yaml

    try:
        root, data = _parse(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSpec(f"{path}: can't be read: {error}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise InvalidSpec(f"{where}: not YAML: {error.problem or error.context}") from error
    if not isinstance(root, yaml.MappingNode):
        raise InvalidSpec(f"{path}:1: expected a mapping of fields, found {'nothing' if root is None else root.tag}")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [_describe(path, root, item["loc"], item["msg"], item["input"]) for item in error.errors()]
        raise InvalidSpec("\n".join(problems)) from error


def _parse(path: Path) -> tuple[yaml.Node | None, object]:
    """Return the tree of nodes, which know their lines, and the plain data built from it."""
    import yaml

    text = path.read_text(encoding="utf-8")
    # C where PyYAML was built with it: some ten times faster, and the same results
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        root = loader.get_single_node()
        if root is not None:
            _refuse_repeated_keys(root, path)  # before `<<` is resolved: a key may override one that is merged in
        return root, None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()


def _describe(path: Path, root: yaml.Node, location: Sequence[int | str], message: str, found: object) -> str:
    line, there = _followed(root, location)
    missing = [part for part in location[-1:] if part not in there[-1:]]  # a field that the file should have
    extra = missing if message == "Field required" else []
    field = ".".join(str(part) for part in (*there, *extra)) or "(whole file)"
    value = repr(found)
    shown = value if len(value) <= 60 else value[:57] + "…"
    return f"{path}:{line}: {field}: {message} (found {shown})"


def _followed(root: yaml.Node, location: Sequence[int | str]) -> tuple[int, list[int | str]]:
    """Return the 1-based line of the deepest node of `location` that the file has, and the parts that led there.

    The others are passed over: pydantic adds the tag of a union to its locations, and a missing field is shown at the
    line of the mapping that should hold it.
    """
    import yaml

    node, line = root, root.start_mark.line
    there: list[int | str] = []
    for part in location:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
            there.append(part)
        elif isinstance(node, yaml.MappingNode):
            for key, value in reversed(node.value):  # what `<<` merged in comes first
                if key.value == str(part):
                    node, line = value, key.start_mark.line
                    there.append(part)
                    break
    return line + 1, there


def _refuse_repeated_keys(node: yaml.Node, path: Path) -> None:
    import yaml

    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise InvalidSpec(f"{path}:{line}: {key.value}: given twice (first in line {seen[key.value]})")
                seen[key.value] = line
            _refuse_repeated_keys(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_repeated_keys(value, path)
