"""What rows read of a file is what its model says of it: the same fields, types and defaults, and the same refusals."""

import enum
import json
import types
import typing
from pathlib import Path

import msgspec
import pytest
from pydantic import BaseModel

from harness.cheating.finding import Findings
from harness.grading.grade import GradeReport
from harness.grading.grade_nodes import NodeGrades
from harness.results import heads
from harness.results.record import RunRecord
from tests.harness import records

FILES = [
    (heads.RunHead, RunRecord, "run"),
    (heads.GradeHead, GradeReport, "grade"),
    (heads.NodeGradesHead, NodeGrades, "node_grades"),
    (heads.FindingsHead, Findings, "findings"),
]
GRADED = Path(__file__).parents[3] / "perf" / "graded"


def parts(kind):
    """The types that a union allows; of any other type itself."""
    return set(typing.get_args(kind)) if isinstance(kind, types.UnionType) or is_union(kind) else {kind}


def is_union(kind):
    return typing.get_origin(kind) is typing.Union


def is_head(kind):
    return isinstance(kind, type) and issubclass(kind, heads.Head)


def bare(kind):
    """A type without what pydantic notes at it; an enum as the words that stand in the file."""
    if typing.get_origin(kind) is typing.Annotated:
        return bare(typing.get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, enum.StrEnum):
        return typing.Literal[tuple(str(one) for one in kind)]
    return kind


def compare(head, model, where):
    """Yield each place where a head says something else than its model."""
    known = typing.get_type_hints(model, include_extras=True)
    for name, kind in typing.get_type_hints(head).items():
        place = f"{where}.{name}"
        if name not in model.model_fields:
            yield f"{place}: {model.__name__} has no such field"
            continue
        yield from compare_types(kind, bare(known[name]), place)
        own = {field.name: field for field in msgspec.structs.fields(head)}[name]
        theirs = model.model_fields[name]
        if own.required and not theirs.is_required():
            yield f"{place}: it may be missing in {model.__name__}"
        if not own.required and not theirs.is_required():
            default = theirs.get_default(call_default_factory=True)
            same = head_of_default(own.default, default)
            if own.default != same:
                yield f"{place}: the default is {own.default!r}, in {model.__name__} {default!r}"


def head_of_default(own, default):
    return msgspec.convert(default, type(own), from_attributes=True) if is_head(type(own)) else default


def compare_types(kind, theirs, place):
    ours, known = ({bare(one) for one in parts(whole)} for whole in (kind, theirs))
    own_heads, models = {one for one in ours if is_head(one)}, {one for one in known if is_model(one)}
    origins = {typing.get_origin(one) for one in ours | known}
    if own_heads:
        (head,), (model,) = own_heads, models
        yield from compare(head, model, place)
    elif origins == {tuple}:
        (own,), (their,) = ours, known
        yield from compare_types(typing.get_args(own)[0], bare(typing.get_args(their)[0]), f"{place}[]")
        return
    if ours - own_heads != known - models:
        yield f"{place}: {kind} is read, and {theirs} is kept"


def is_model(kind):
    return isinstance(kind, type) and issubclass(kind, BaseModel)


@pytest.mark.parametrize(("head", "model", "_"), FILES, ids=[head.__name__ for head, _, _ in FILES])
def test_a_head_has_the_fields_types_and_defaults_of_its_model(head, model, _):
    found = list(compare(head, model, "$"))
    if head in (heads.GradeHead, heads.NodeGradesHead):  # empty where there is no such file
        found = [line for line in found if not line.endswith("| None is read, and <class 'bool'> is kept")]
    assert found == []


class Wider(heads.Head):
    """What `DataHead` must not become."""

    edition: str | None
    stand_in: bool = False
    colour: str = ""


def test_a_head_that_says_something_else_is_found():
    from harness.results.record import DataRecord

    found = list(compare(Wider, DataRecord, "data"))
    assert [line.split(":")[0] for line in found] == ["data.edition", "data.colour"]


def whole(name):
    return json.loads((GRADED / f"{name}.json").read_bytes())


def leaves(head, value, path=()):
    """Each place of a file that a head reads, with the value there."""
    for field in msgspec.structs.fields(head):
        inner = [one for one in parts(field.type) if is_head(one)]
        if inner and isinstance(value.get(field.name), dict):
            yield from leaves(inner[0], value[field.name], (*path, field.name))
        elif field.name in value:
            yield (*path, field.name)


@pytest.mark.parametrize(
    ("head", "model", "name", "path"),
    [
        (head, model, name, path)
        for head, model, name in FILES
        if name
        for path in leaves(head, json.loads((GRADED / f"{name}.json").read_bytes()))
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else getattr(value, "__name__", value),
)
def test_what_a_model_refuses_a_head_refuses_too(head, model, name, path):
    decode = msgspec.json.Decoder(head).decode
    for wrong in (["?"], {"?": 1}, 0.5, "?", True, None):
        value = whole(name)
        inner = value
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = wrong
        content = json.dumps(value).encode()
        try:
            model.model_validate_json(content)
        except ValueError:
            optional = head is not heads.RunHead and wrong is None  # as good as no grade
            if not optional:
                with pytest.raises(msgspec.ValidationError, match=r"\$" + "".join(f"[.]{key}" for key in path)):
                    decode(content)


def test_the_head_of_a_record_in_memory_is_that_of_its_file():
    record = RunRecord.model_validate_json((GRADED / "run.json").read_bytes())
    assert heads.head_of(record) == heads.run_head((GRADED / "run.json").read_bytes())
    bare_one = records.record("g", "a")
    assert heads.head_of(bare_one) == heads.run_head(bare_one.model_dump_json().encode())
