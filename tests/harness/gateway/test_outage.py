"""A provider that is down for minutes is waited out; the clock of the test is moved on by the waiting itself."""

import pytest

from harness.gateway.providers.fake import Drop, Fail, Say


@pytest.mark.parametrize("down", [Drop(), Fail(503), Fail(429)], ids=["no answer", "overloaded", "too often"])
def test_an_outage_of_more_than_a_minute_is_waited_out_and_counts_as_waiting(bench, fake, upstream, records, down):
    gateway = bench.gateway(upstream())
    fake.script(*[down] * 7, Say(text="back"))
    reply = bench.openai(gateway).chat.completions.create(
        model="model-a", messages=[{"role": "user", "content": "there?"}]
    )
    assert reply.choices[0].message.content == "back"
    assert sum(bench.waits.slept) > 60
    used = gateway.usage()
    assert used.waiting_seconds > 60 and used.model_seconds < 30 and used.calls == 1
    (call,) = records(gateway)
    assert (call.outcome, call.attempts) == ("answered", 8)
