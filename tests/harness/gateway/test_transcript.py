"""llm.jsonl is complete, holds no key, and stays readable whatever happens to the disk or the writer."""

import errno
import os

import orjson
import pytest

from harness.errors import InfrastructureError, InvalidSpec
from harness.gateway.forward import CallLimits
from harness.gateway.lines import JsonLines
from harness.gateway.providers.base import ProviderResponse
from harness.gateway.transcript import read_transcript

USER = [{"role": "user", "content": "hi"}]


def test_each_call_is_one_line_with_request_response_and_account(bench, fake, upstream, records):
    gateway = bench.gateway(upstream())
    bench.openai(gateway).chat.completions.create(model="model-a", messages=USER, temperature=0.5)

    [record] = records(gateway)
    assert (record.sequence, record.api, record.model, record.provider) == (1, "chat", "model-a", "openai")
    assert record.request == {"model": "model-a", "messages": USER, "temperature": 0.5}
    assert record.added == {"max_completion_tokens": 8192}
    assert record.response["choices"][0]["message"]["content"] == "hello"
    assert orjson.loads(record.raw) == record.response
    assert record.usage.input == 100 and record.attempts == 1 and record.latency_seconds > 0
    assert len(record.request_hash) == 64


def test_no_header_and_no_key_is_written(bench, fake, upstream, key):
    gateway = bench.gateway(upstream())
    client = bench.openai(gateway)
    client.chat.completions.create(model="model-a", messages=[{"role": "user", "content": f"my key is {key}"}])

    text = (gateway.folder / "llm.jsonl").read_text()
    assert key not in text and "authorization" not in text.lower() and "[redacted]" in text


def test_answers_that_are_not_utf8_are_kept_exactly(tmp_path, bench, upstream, records):
    raw = b'{"text": "\xff\xfe"}'

    class Odd:
        name = "odd"
        traits = upstream().traits

        async def send(self, request):
            return ProviderResponse(200, {"content-type": "application/json"}, raw)

        async def aclose(self):
            pass

    gateway = bench.gateway(Odd())
    bench.http(gateway).post("/v1/chat/completions", json={"model": "model-a", "messages": USER})

    assert records(gateway)[0].body() == raw


def test_a_torn_last_line_is_not_read_and_is_cut_off_by_the_next_writer(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": 2')

    lines = JsonLines(path, durable=True)
    lines.append(b'{"a": 3}')
    lines.close()

    assert path.read_bytes() == b'{"a": 1}\n{"a": 3}\n'


@pytest.mark.parametrize("content", [b"", b"no newline at all", b"x" * 200_000, b"one\n" + b"x" * 200_000])
def test_cutting_keeps_exactly_the_whole_lines(tmp_path, content):
    path = tmp_path / "lines.jsonl"
    path.write_bytes(content)

    JsonLines(path, durable=False).close()

    assert path.read_bytes() == content[: content.rfind(b"\n") + 1]


def test_a_full_disk_in_the_middle_of_a_line_leaves_whole_lines(tmp_path, monkeypatch):
    lines = JsonLines(tmp_path / "lines.jsonl", durable=False)
    lines.append(b"first")
    real_write, room = os.write, [3]

    def write(descriptor, data):
        if not room[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = real_write(descriptor, bytes(data)[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(InfrastructureError, match=r"No space left.*df -h"):
        lines.append(b"second")
    monkeypatch.undo()
    lines.append(b"third")
    lines.close()

    assert (tmp_path / "lines.jsonl").read_bytes() == b"first\nthird\n"


def test_a_full_disk_ends_the_run_as_infrastructures_failure(bench, fake, upstream, fill_disk):
    gateway = bench.gateway(upstream())
    client = bench.http(gateway)
    fill_disk(gateway.folder / "llm.jsonl")

    answers = [client.post("/v1/chat/completions", json={"model": "model-a", "messages": USER}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [503, 503] and len(fake.received) == 1
    assert answers[0].headers["x-should-retry"] == "false"
    assert isinstance(gateway.failure, InfrastructureError)
    assert client.get("/podium/status").json()["stop"] is True


def test_refusals_do_not_echo_a_whole_body_to_the_disk(bench, upstream):
    gateway = bench.gateway(upstream())
    body = {"model": "model-a", "messages": [{"role": "user", "content": [{"type": "x" * 1_000_000}]}]}

    answer = bench.http(gateway).post("/v1/chat/completions", json=body)

    assert answer.status_code == 400 and len(answer.content) < 2_000
    assert (gateway.folder / "llm.jsonl").stat().st_size < 3_000


def test_a_bad_line_in_the_middle_names_file_line_and_field(tmp_path):
    path = tmp_path / "llm.jsonl"
    path.write_text('{"schema_version": 1}\n')

    with pytest.raises(InvalidSpec, match=r"llm.jsonl, line 1 .*sequence"):
        list(read_transcript(path))


def test_transcript_that_has_reached_its_cap_ends_the_budget_and_does_not_grow(bench, upstream, records):
    gateway = bench.gateway(upstream(), limits=CallLimits(transcript_bytes=500))
    client = bench.http(gateway)
    body = {"model": "model-a", "messages": USER}

    statuses = [client.post("/v1/chat/completions", json=body).status_code for _ in range(4)]

    assert statuses == [200, 402, 402, 402] and len(records(gateway)) == 1 and gateway.usage().refused == 3
