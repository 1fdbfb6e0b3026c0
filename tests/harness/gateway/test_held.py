"""A run that was killed leaves the most that its calls in flight can have cost; one that ended in order, nothing."""

import threading

from harness.gateway.budget import Budget, Usage
from harness.gateway.held import NAME, Held, read_held
from harness.gateway.prices import FreePrices, StatedPrice, StatedPrices
from harness.gateway.providers.fake import Hang
from harness.gateway.server import Used

USER = [{"role": "user", "content": "hi"}]
PRICES = StatedPrices({"model-a": StatedPrice(input=1.0, output=10.0)}, FreePrices())


def test_calls_in_flight_are_noted_before_they_leave_and_taken_back_when_they_are_settled(
    bench, fake, upstream, eventually
):
    gateway = bench.gateway(upstream(prices=PRICES), budget=Budget(usd=1.0))
    client = bench.openai(gateway)
    fake.script(Hang(1.0))
    call = threading.Thread(
        target=lambda: client.chat.completions.create(model="model-a", messages=USER, max_completion_tokens=100)
    )
    call.start()

    assert eventually(lambda: fake.received)
    held = read_held(gateway.folder)
    assert held.cost_usd >= 100 * 10 / 1e6 and held.tokens > 100
    call.join()
    assert read_held(gateway.folder) == Held()


def test_a_run_that_ended_in_order_leaves_no_such_file(bench, upstream):
    gateway = bench.gateway(upstream())
    assert (gateway.folder / NAME).is_file()
    gateway.__exit__(None, None, None)
    assert not (gateway.folder / NAME).exists()
    gateway.__exit__ = lambda *_: None


def test_what_a_killed_attempt_may_have_cost_beyond_its_transcript_stays_known(bench, upstream):
    used = Used(Usage(calls=1, input_tokens=50, output_tokens=5, cost_usd=0.25))
    gateway = bench.gateway(upstream(), used=used)
    assert read_held(gateway.folder) == Held(cost_usd=0.25, tokens=55)


def test_a_torn_file_says_nothing(tmp_path):
    (tmp_path / NAME).write_text('{"schema_ver')
    assert read_held(tmp_path) == Held()
