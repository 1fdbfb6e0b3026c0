"""A gateway in front of a fake provider, and the real SDKs on its socket."""

import contextlib
import os
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import anthropic
import httpx2
import openai
import pytest

from harness.contract import CheckReply
from harness.gateway.budget import Budget
from harness.gateway.prices import FreePrices
from harness.gateway.providers.fake import FakeProvider
from harness.gateway.providers.upstream import Account, Upstream
from harness.gateway.retry import Timing
from harness.gateway.server import Gateway
from harness.gateway.transcript import read_transcript

KEY = "sk-never-to-be-seen-0123456789"


@dataclass
class Answer:
    text: str
    tool_name: str | None = None
    tool_arguments: dict | None = None


class EchoCoder:
    """Stands for the offline coder: says what it was asked, or calls the first tool."""

    def answer(self, messages, tools, seed):
        if tools:
            return Answer("", tools[0]["function"]["name"], {"seed": seed})
        return Answer(f"{seed}: {messages[-1]['content']}")


class InstantTiming:
    """A clock that sleeping moves on, so that hours of waiting take no time; `slept` lists every sleep."""

    def __init__(self):
        self.slept = []
        self._offset = 0.0

    def timing(self):
        real = Timing()

        async def sleep(seconds):
            self.slept.append(seconds)
            self._offset += seconds

        return Timing(
            monotonic=lambda: real.monotonic() + self._offset,
            now=lambda: real.now() + self._offset,
            sleep=sleep,
            rng=random.Random(0),
        )


class Bench:
    """Opens gateways that end with the test, each with a run folder of its own."""

    def __init__(self, stack):
        self._stack = stack
        self.waits = InstantTiming()

    def gateway(self, provider, *, budget=None, checker=None, **more):
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="gw")))
        (folder / "door").mkdir()
        settings = {"deadline_seconds": 100_000.0, "timing": self.waits.timing(), **more}
        gateway = Gateway(
            door=folder / "door",
            run_folder=folder / "run",
            provider=provider,
            budget=budget or Budget(),
            checker=checker or (lambda path: CheckReply(valid=True)),
            **settings,
        )
        gateway.folder = folder / "run"
        return self._stack.enter_context(gateway)

    def http(self, gateway, **more):
        transport = httpx2.HTTPTransport(uds=str(gateway.socket))
        return self._stack.enter_context(httpx2.Client(transport=transport, base_url="http://podium", **more))

    def openai(self, gateway):
        client = openai.DefaultHttpxClient(transport=httpx2.HTTPTransport(uds=str(gateway.socket)))
        base = "http://podium/v1"
        return self._stack.enter_context(
            openai.OpenAI(api_key="podium", base_url=base, http_client=client, max_retries=0)
        )

    def anthropic(self, gateway):
        client = anthropic.DefaultHttpxClient(transport=httpx2.HTTPTransport(uds=str(gateway.socket)))
        return self._stack.enter_context(
            anthropic.Anthropic(api_key="podium", base_url="http://podium", http_client=client, max_retries=0)
        )


@pytest.fixture
def bench():
    with contextlib.ExitStack() as stack:
        yield Bench(stack)


@pytest.fixture
def fake():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def upstream(fake):
    """Makes the provider that calls the fake one, as a given kind of account."""

    def make(kind="openai", *, models=("model-a",), prices=None, key=KEY):
        return Upstream(Account(kind, fake.base_url, key), frozenset(models), prices or FreePrices())

    return make


@pytest.fixture
def echo():
    return EchoCoder()


@pytest.fixture
def key():
    return KEY


@pytest.fixture
def records():
    """Reads a gateway's transcript."""
    return lambda gateway: list(read_transcript(gateway.folder / "llm.jsonl"))


@pytest.fixture
def fill_disk():
    """Puts /dev/full behind this process's open descriptor of a file: every write fails as on a full disk."""

    def fill(path):
        full = os.open("/dev/full", os.O_RDWR)
        for entry in Path("/proc/self/fd").iterdir():
            if os.path.realpath(entry) == os.path.realpath(path):
                os.dup2(full, int(entry.name))
        os.close(full)

    return fill


@pytest.fixture
def eventually():
    """Waits until a condition holds; returns whether it came true."""

    def wait(condition, seconds=10.0):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            time.sleep(0.02)
        return condition()

    return wait
