"""All runs of an account share one pace: a storm of refusals slows them and fails none, and commands share limits."""

import asyncio
import fcntl
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.gateway.pace import RateLimits
from harness.gateway.pace_store import PaceFile
from harness.gateway.pacing import Pace, Paces
from harness.gateway.prices import TokenUsage
from harness.gateway.providers.fake import Fail, Say
from harness.gateway.retry import Timing

USER = [{"role": "user", "content": "hi"}]
CALL = TokenUsage(input=400, output=100)


class Quota:
    """A provider that refuses whatever is more than so many calls in a tenth of a second of real time."""

    def __init__(self, a_tenth):
        self._a_tenth, self._lock = a_tenth, threading.Lock()
        self._window, self._count = 0, 0
        self.refused = 0

    def __call__(self, received):
        with self._lock:
            window = int(time.monotonic() * 10)
            self._count = self._count + 1 if window == self._window else 1
            self._window = window
            if self._count <= self._a_tenth:
                return Say()
            self.refused += 1
            return Fail(429, headers={"retry-after-ms": "30"})


class Storm:
    """A provider that refuses all calls for so many seconds of a clock, then answers."""

    def __init__(self, clock, seconds, status):
        self._clock, self._ends_at, self._status = clock, clock() + seconds, status

    def __call__(self, received):
        return Fail(self._status) if self._clock() < self._ends_at else Say()


def ask(client, kind):
    if kind == "anthropic":
        return client.messages.create(model="model-a", max_tokens=100, messages=USER).content[0].text
    return client.chat.completions.create(model="model-a", messages=USER).choices[0].message.content


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
@pytest.mark.parametrize("status", [429, 529])
def test_a_storm_of_refusals_over_four_runs_fails_none(bench, fake, upstream, records, kind, status):
    fake._otherwise = Storm(bench.waits.timing().monotonic, 1200, status)
    paces = Paces()
    gateways = [bench.gateway(upstream(kind), paces=paces) for _ in range(4)]
    clients = [getattr(bench, kind)(gateway) for gateway in gateways]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda client: [ask(client, kind) for _ in range(5)], clients))

    assert answers == [["hello"] * 5] * 4
    lines = [line for gateway in gateways for line in records(gateway)]
    assert len(lines) == 20 and all(line.outcome == "answered" and line.status == 200 for line in lines)
    assert sum(line.attempts for line in lines) > 24
    assert not any(gateway.provider_failed for gateway in gateways)
    assert sum(gateway.usage().waiting_seconds for gateway in gateways) > 0


def test_under_a_quota_runs_find_the_pace_that_it_allows(bench, fake, upstream, records):
    fake._otherwise = quota = Quota(2)
    paces = Paces()
    gateways = [bench.gateway(upstream(), paces=paces, timing=None) for _ in range(4)]
    clients = [bench.openai(gateway) for gateway in gateways]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda client: [ask(client, "openai") for _ in range(4)], clients))

    attempts = [line.attempts for gateway in gateways for line in records(gateway)]
    assert len(attempts) == 16 and sum(attempts) == 16 + quota.refused
    assert 0 < quota.refused < 32


def test_a_provider_that_never_has_room_is_given_up_in_the_end(bench, fake, upstream, records):
    fake._otherwise = Fail(429)
    gateway = bench.gateway(upstream())

    with pytest.raises(Exception, match="scripted failure"):
        ask(bench.openai(gateway), "openai")

    assert 3600 < records(gateway)[0].waiting_seconds < 4000 and gateway.provider_failed


def test_an_outage_of_a_provider_that_had_answered_is_waited_out_longer(bench, fake, upstream):
    client = bench.openai(bench.gateway(upstream()))
    ask(client, "openai")
    fake.script(*[Fail(500)] * 15)

    assert ask(client, "openai") == "hello"


def test_limits_hold_over_all_runs_together(bench, fake, upstream):
    paces = Paces(RateLimits(requests_per_minute=600))
    clients = [bench.openai(bench.gateway(upstream(), paces=paces, timing=None)) for _ in range(3)]
    began = time.monotonic()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda client: [ask(client, "openai") for _ in range(5)], clients))

    assert time.monotonic() - began > 14 * 0.1 - 0.1  # of its slack; slower is no failure


def test_what_is_answered_from_a_recording_or_offline_waits_for_nobody(bench, echo):
    from harness.gateway.providers.offline_wire import OfflineProvider

    paces = Paces(RateLimits(requests_per_minute=0.001))
    client = bench.openai(bench.gateway(OfflineProvider(echo), paces=paces))
    for _ in range(3):
        client.chat.completions.create(model="offline", messages=USER)

    assert bench.waits.slept == []


SENDER = """
import asyncio, sys, time
from pathlib import Path
from harness.gateway.pace import RateLimits
from harness.gateway.pacing import Paces
from harness.gateway.prices import TokenUsage
from harness.gateway.retry import Timing

async def main():
    pace = Paces(RateLimits(requests_per_minute=float(sys.argv[2]) or None), Path(sys.argv[1])).of("account")
    for _ in range(int(sys.argv[4])):
        turn = await pace.turn(sys.argv[3], TokenUsage(input=4), Timing(), lambda waiting=0.0: time.monotonic() + 60)
        print(turn.sent_at)

asyncio.run(main())
"""


def test_two_commands_on_one_machine_share_one_limit(tmp_path):
    words = [[sys.executable, "-c", SENDER, str(tmp_path), "600", name, "8"] for name in ("one", "two")]
    senders = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in words]
    times = sorted(float(line) for sender in senders for line in sender.communicate(timeout=60)[0].split())

    assert [sender.returncode for sender in senders] == [0, 0] and len(times) == 16
    assert times[-1] - times[0] >= 15 * 60.1 / 600 - 0.1 - 0.01


def test_what_one_command_was_refused_slows_another_that_was_not(tmp_path):
    pace = Paces(RateLimits(), tmp_path).of("account")
    now = time.monotonic()
    turn = asyncio.run(pace.turn("run", CALL, Timing(), lambda waiting=0.0: now + 60))
    pace.slow_down(turn, 0.4, time.monotonic())
    until = time.monotonic() + 0.39

    command = [sys.executable, "-c", SENDER, str(tmp_path), "0", "other", "1"]
    first = float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.split()[0])

    state = PaceFile(tmp_path / "account.json").look()
    assert first >= until and state.slowed_at is not None


@pytest.mark.parametrize("content", [b"", b'{"boot": "', b"[]", b'{"boot": "another", "state": {}}', b"\xff" * 50])
def test_a_torn_or_old_file_is_begun_anew(tmp_path, content):
    (tmp_path / "account.json").write_bytes(content)
    pace = Paces(RateLimits(requests_per_minute=60), tmp_path).of("account")

    turn = asyncio.run(pace.turn("run", CALL, Timing(), lambda waiting=0.0: time.monotonic() + 60))

    assert turn is not None and PaceFile(tmp_path / "account.json").look().next_request_at > 0


def test_a_file_that_somebody_keeps_locked_holds_no_run_up(tmp_path, caplog):
    pace = Paces(RateLimits(requests_per_minute=60), tmp_path).of("account")
    keeper = os.open(tmp_path / "account.json", os.O_RDWR | os.O_CREAT)
    fcntl.flock(keeper, fcntl.LOCK_EX)

    turn = asyncio.run(pace.turn("run", CALL, Timing(), lambda waiting=0.0: time.monotonic() + 60))

    os.close(keeper)
    assert turn is not None and "not shared" in caplog.text


def test_a_call_that_is_given_up_leaves_the_queue():
    pace = Pace(RateLimits(requests_per_minute=1))

    async def two():
        await pace.turn("run", CALL, Timing(), lambda waiting=0.0: time.monotonic() + 60)
        waiting = asyncio.create_task(pace.turn("run", CALL, Timing(), lambda waiting=0.0: time.monotonic() + 60))
        await asyncio.sleep(0.05)
        assert len(pace._store.look().waiting) == 1
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(two())
    assert pace._store.look().waiting == []
