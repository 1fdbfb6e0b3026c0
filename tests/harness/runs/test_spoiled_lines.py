"""A line of a journal or a transcript that a disk spoiled: told where figures are checked, no trouble elsewhere."""

import json

import pytest

from harness.grading.grade_run import grade_run
from harness.rates.aggregate import aggregate
from harness.results.layout import RunStatus
from harness.results.verify import Found, verify
from harness.runs.run import run_one
from tests.harness.runs.scripts import Scripts

SPOILED = {
    "garbage": b"\x00\xff\xfe garbage",
    "half a line": b'{"schema_version": 1, "sequence": 3, "event": {"type": "no',
    "no object": b"5",
    "another object": b'{"a": 1}',
    "nothing": b"null",
}


@pytest.fixture(scope="module")
def spoil():
    """Put something in the place of the line of the first node, or of the first call."""

    def at(file, is_it, content):
        lines = file.read_bytes().splitlines()
        number = next(number for number, line in enumerate(lines) if is_it(json.loads(line)))
        lines[number] = content
        file.write_bytes(b"\n".join(lines) + b"\n")
        return number + 1

    return at


def test_spoiled_lines_change_no_rate_stop_no_verb_and_are_named(plan, group, tools, prepared, spoil):
    folder = group.run(plan().run_id)
    record = run_one(plan(steps=2), folder, tools(provider=lambda plan: Scripts()))
    assert record.status is RunStatus.COMPLETED
    grade_run(folder, record, *prepared)
    before, whole = aggregate(group), looked(group, prepared)
    assert whole["logs are whole"].found is whole["tree"].found is whole["usage"].found is Found.SAME
    journal, calls = folder.journal.read_bytes(), folder.transcript.read_bytes()
    for content in SPOILED.values():
        number = spoil(folder.journal, lambda line: line["event"]["type"] == "node", content)
        spoil(folder.transcript, lambda line: True, content)
        assert aggregate(group) == before  # the record holds what the journal came to
        found = looked(group, prepared)
        assert found["tree"].found is Found.DIFFERS and found["usage"].found is Found.DIFFERS
        assert found["summary"].found is Found.SAME
        if content != SPOILED["another object"]:
            assert f"journal.jsonl, line {number} is no JSON object" in found["logs are whole"].detail
        folder.journal.write_bytes(journal)
        folder.transcript.write_bytes(calls)
    assert looked(group, prepared) == whole


def looked(group, prepared):
    return {one.what: one for one in verify(group, lambda name, edition: prepared)}
