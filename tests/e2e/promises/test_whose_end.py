"""Whose end a run's end was is not for the agent to say, and its words reach records and terminals as plain text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.gateway.providers.fake import Fail, FakeProvider
from harness.rates.aggregate import aggregate
from harness.report import markdown
from harness.results.layout import RunStatus
from tests.e2e.promises.conftest import Rig

pytestmark = pytest.mark.engine

FLOODS = """
os.write(1, b"x" * 1000 + b"\\n")
line = b"\\x1b]0;owned\\x07\\x1b[2J" + b"y" * 4000 + b"\\n"
for _ in range(12_000): os.write(1, line)
gateway.report(EndEvent("error", "\\x1b[31mred\\x07\\n\\n| cell | " + "z" * 100_000, None))
"""


def test_what_an_agent_prints_or_says_at_its_end_reaches_no_terminal_raw_and_stays_small(rig: Rig) -> None:
    run = rig.run(FLOODS)
    assert run.record.status is RunStatus.AGENT_FAILED
    assert len(run.record.reason) <= 1000 and run.record.reason.isprintable()
    assert run.folder.sandbox_log.stat().st_size <= 16_000
    assert len(run.box.log) < 25_000_000
    assert all(character.isprintable() or character == "\n" for character in markdown.render(aggregate(rig.group)))


CLAIMS = """
end({reason!r})
"""


@pytest.mark.parametrize("reason", ["stopped", "model_unavailable"])
def test_an_agent_cannot_make_its_own_failure_look_like_somebody_elses(rig: Rig, reason: str) -> None:
    """Nobody asked it to stop and no provider failed: such a run would be repeated for free until it is lucky."""
    record = rig.run(CLAIMS.format(reason=reason)).record
    assert record.status is RunStatus.AGENT_FAILED, record.reason


CALLS = """
import openai
from agent.llm.sdk import http_client
client = openai.OpenAI(api_key="podium", base_url="http://podium/v1", http_client=http_client(pathlib.Path(SOCKET)))
try: client.chat.completions.create(model="fake", messages=[{"role": "user", "content": "hi"}])
except openai.AuthenticationError: end("model_unavailable")
"""


def test_a_provider_that_really_fails_is_infrastructure(rig: Rig) -> None:
    with FakeProvider(otherwise=Fail(401)) as provider:
        record = replace(rig, provider_url=provider.base_url).run(CALLS).record
    assert record.status is RunStatus.INFRA_FAILED, record.reason
