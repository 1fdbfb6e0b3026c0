"""What was paid for once is not paid for again: the same request gets its recorded answer, the rest goes on live."""

import contextlib

import httpx2
import pytest

from harness.gateway.budget import Budget
from harness.gateway.prices import FreePrices
from harness.gateway.providers import reusing
from harness.gateway.providers.fake import Cut, Fail, Say
from harness.results.layout import RunFolder
from tests.harness import records as made_up

CHAT = "/v1/chat/completions"


class Prices(FreePrices):
    """A dollar a call."""

    def cost_usd(self, model, tokens):
        return 1.0


def ask(text, **more):
    return {"model": "model-a", "messages": [{"role": "user", "content": text}], **more}


def text_of(answer):
    return answer.json()["choices"][0]["message"]["content"]


@pytest.fixture
def paid(bench, fake, upstream):
    """Record some paid calls; give the transcript."""

    def record(*calls):
        gateway = bench.gateway(upstream(prices=Prices()))
        client = bench.http(gateway)
        for body, step in calls:
            fake.script(step)
            with contextlib.suppress(httpx2.RemoteProtocolError):  # a stream that broke off
                client.post(CHAT, json=body)
        gateway.__exit__(None, None, None)
        return gateway.folder / "llm.jsonl"

    return record


def test_a_request_that_was_paid_for_costs_nothing_again(bench, fake, upstream, paid, records):
    path = paid((ask("one"), Say("first")), (ask("two", stream=True), Say("second")))
    before = len(fake.received)
    gateway = bench.gateway(reusing([path], upstream(prices=Prices())), budget=Budget(usd=1.5))
    client = bench.http(gateway)

    assert text_of(client.post(CHAT, json=ask("one"))) == "first"
    assert b"second" in client.post(CHAT, json=ask("two", stream=True)).content
    gateway.__exit__(None, None, None)

    assert len(fake.received) == before and gateway.usage().cost_usd == 0.0
    assert [(call.provider, call.cost_usd) for call in records(gateway)] == [("replay", 0.0)] * 2


def test_a_request_that_is_new_goes_to_the_model_and_is_paid(bench, fake, upstream, paid, records):
    path = paid((ask("one"), Say("first")))
    gateway = bench.gateway(reusing([path], upstream(prices=Prices())))
    client = bench.http(gateway)
    fake.script(Say("live"))

    assert text_of(client.post(CHAT, json=ask("another"))) == "live"
    assert text_of(client.post(CHAT, json=ask("one"))) == "first"
    gateway.__exit__(None, None, None)

    assert gateway.usage().cost_usd == 1.0
    assert [call.provider for call in records(gateway)] == ["openai", "replay"]


def test_each_recorded_answer_is_given_once(bench, fake, upstream, paid):
    path = paid((ask("same"), Say("first")), (ask("same"), Say("second")))
    client = bench.http(bench.gateway(reusing([path], upstream())))
    fake.script(Say("third, and live"))

    assert [text_of(client.post(CHAT, json=ask("same"))) for _ in range(3)] == ["first", "second", "third, and live"]


def test_errors_and_broken_answers_are_not_given_again(bench, fake, upstream, paid):
    path = paid((ask("one"), Fail(400, message="refused")), (ask("two", stream=True), Cut(Say("half " * 99), 1)))
    client = bench.http(bench.gateway(reusing([path], upstream())))
    fake.script(Say("whole"), Say("whole too"))

    assert text_of(client.post(CHAT, json=ask("one"))) == "whole"
    assert b"whole too" in client.post(CHAT, json=ask("two", stream=True)).content


def test_what_was_reused_can_be_reused_once_more(bench, fake, upstream, paid):
    path = paid((ask("one"), Say("first")))
    second = bench.gateway(reusing([path], upstream()))
    bench.http(second).post(CHAT, json=ask("one"))
    second.__exit__(None, None, None)

    client = bench.http(bench.gateway(reusing([second.folder / "llm.jsonl"], upstream())))

    assert text_of(client.post(CHAT, json=ask("one"))) == "first"


def test_a_group_gives_the_transcripts_of_the_same_competition_and_seed(tmp_path):
    group = made_up.group_at(tmp_path / "g")
    for seed in (0, 1):
        for competition in ("a", "a--b"):
            folder = made_up.write(group, made_up.record("g", competition, seed), None)
            folder.transcript.write_text("{}")
    earlier = RunFolder(group.path / "a--aide--s1" / "attempts" / "1").transcript
    earlier.parent.mkdir(parents=True)
    earlier.write_text("{}")

    (found,) = group.runs_of("a", 1)

    assert found.path.name == "a--aide--s1" and found.transcripts() == [found.transcript, earlier]


def test_a_group_that_is_not_there_ends_the_command_before_anything_runs(podium):
    assert "no group 'none'" in podium("bench", "digits-8x8", "--reuse", "none", expect=2).stderr
    done = podium("bench", "digits-8x8", "--reuse", "none", "--replay", "x", expect=2)
    assert "leave one of them out" in done.stderr
