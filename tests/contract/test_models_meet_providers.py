"""The agent's clients with the real SDKs, through the real gateway, before a server as odd as others were seen to be.

Loopback only; what the server says is in `oddities.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from agent.contract import ModelSettings
from agent.ends import ModelUnavailable
from agent.llm import llm_for
from agent.llm.base import LLM, Message, Request, RequestRefused, Usage
from agent.operators.coding import propose
from agent.operators.review import SUBMIT_REVIEW, review
from harness.contract import CheckReply
from harness.gateway.budget import Budget
from harness.gateway.prices import FreePrices
from harness.gateway.providers.fake import Body, Cut, Drop, Fail, FakeProvider, Say, Step
from harness.gateway.providers.upstream import Account, Upstream
from harness.gateway.retry import RetryPolicy
from harness.gateway.server import Gateway
from harness.gateway.transcript import CallRecord, read_transcript
from tests.contract.oddities import FINDINGS_TEXT, ODDITIES, REFUSALS, Oddity, chat, said

MESSAGES = (Message("system", "Be brief."), Message("user", "Say hi."))
KINDS: dict[str, Any] = {"chat": "openai", "responses": "openai", "messages": "anthropic"}
GOOD = "Plan.\n```python\nprint(1)\n```"


class Bench:
    """A client of one API, the server that it reaches, and what the gateway kept of their calls."""

    def __init__(self, folder: Path, fake: FakeProvider, stack: ExitStack) -> None:
        self.fake = fake
        self._folder = folder
        self._stack = stack

    def client(self, api: Any, kind: Any = None, **settings: Any) -> LLM:
        account = Account(kind or KINDS[api], self.fake.base_url, "sk-test")
        self.gateway = self._stack.enter_context(
            Gateway(
                door=self._folder,
                run_folder=self._folder,
                provider=Upstream(account, frozenset({"m1", "m2"}), FreePrices()),
                budget=Budget(),
                checker=lambda path: CheckReply(valid=True),
                deadline_seconds=1000.0,
                retry=RetryPolicy(attempts=3, first_delay_seconds=0.001),
            )
        )
        return llm_for(ModelSettings("m1", api, **settings), self.gateway.socket)

    def another(self, api: Any) -> LLM:
        return llm_for(ModelSettings("m2", api), self.gateway.socket)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [received.body for received in self.fake.received]

    def records(self) -> list[CallRecord]:
        return list(read_transcript(self._folder / "llm.jsonl"))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(tmp_path, stack.enter_context(FakeProvider()), stack)


@pytest.mark.parametrize("oddity", ODDITIES, ids=lambda oddity: f"{oddity.api}: {oddity.about}")
def test_replies_as_servers_really_send_them_are_read(bench: Bench, oddity: Oddity) -> None:
    llm = bench.client(oddity.api)
    bench.fake.script(Body(oddity.body))

    reply = llm.complete(Request(MESSAGES, seed=5, tool=SUBMIT_REVIEW))

    assert (reply.text, reply.tool_arguments) == (oddity.text, oddity.arguments)
    assert (reply.stop, reply.why) == (oddity.stop, oddity.why)
    assert reply.usage == Usage(*oddity.tokens)


@pytest.mark.parametrize("oddity", ODDITIES, ids=lambda oddity: f"{oddity.api}: {oddity.about}")
def test_no_reply_breaks_a_proposal_or_a_review(bench: Bench, oddity: Oddity) -> None:
    llm = bench.client(oddity.api)
    bench.fake.script(*[Body(oddity.body)] * 5)

    assert propose([llm], MESSAGES, seed=0).problem
    found = review([llm], MESSAGES, seed=0)

    assert found.metric == (1.0 if oddity.arguments else None)
    assert all(ask.purpose == "review" for ask in found.asks)


class TestWhatIsRefused:
    @pytest.mark.parametrize(("api", "words", "field"), REFUSALS.values(), ids=REFUSALS)
    def test_it_is_sent_no_more_and_the_transcript_has_both_attempts(
        self, bench: Bench, api: str, words: str, field: str
    ) -> None:
        llm = bench.client(api, temperature=0.5, reasoning_effort="high", max_output_tokens=8192)
        called = Say("", "submit_review", FINDINGS_TEXT)
        bench.fake.script(Fail(400, "invalid_request_error", words), called, called)

        for _ in range(2):
            llm.complete(Request(MESSAGES, seed=5, tool=SUBMIT_REVIEW))

        assert [field in body for body in bench.bodies] == [True, False, False]
        assert [(one.status, field in (one.request or {})) for one in bench.records()] == [
            (400, True),
            (200, False),
            (200, False),
        ]

    def test_the_older_name_of_the_limit_follows_the_newer_one(self, bench: Bench) -> None:
        llm = bench.client("chat", max_output_tokens=99)
        bench.fake.script(Fail(400, "x", "Unsupported parameter: max_completion_tokens"))
        llm.complete(Request(MESSAGES, seed=0))
        assert bench.bodies[1]["max_tokens"] == 99

    def test_a_server_that_may_be_old_is_asked_by_the_older_name_first(self, bench: Bench) -> None:
        llm = bench.client("chat", kind="compatible", max_output_tokens=99, older_limit=True)
        bench.fake.script(
            Fail(
                400,
                "unsupported_parameter",
                "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
            )
        )
        llm.complete(Request(MESSAGES, seed=0))
        assert [sorted(name for name in body if name.startswith("max_")) for body in bench.bodies] == [
            ["max_tokens"],
            ["max_completion_tokens"],
        ]

    @pytest.mark.parametrize(
        ("api", "words", "names"),
        [
            ("chat", "max_tokens is too large: 32768. This model supports at most 16384 completion tokens.", 16384),
            ("messages", "max_tokens: 32768 > 8192, which is the maximum allowed number of output tokens for m1", 8192),
            ("chat", "max_completion_tokens is too large.", 16384),
        ],
    )
    def test_a_limit_above_the_models_own_is_lowered_to_it(
        self, bench: Bench, api: str, words: str, names: int
    ) -> None:
        llm = bench.client(api, max_output_tokens=32768)
        bench.fake.script(Fail(400, "invalid_request_error", words))
        for _ in range(2):
            llm.complete(Request(MESSAGES, seed=0))
        limits = [body.get("max_completion_tokens") or body.get("max_tokens") for body in bench.bodies]
        assert limits == [32768, names, names]

    def test_room_that_one_prompt_left_in_the_context_is_not_remembered(self, bench: Bench) -> None:
        llm = bench.client("chat", max_output_tokens=8192)
        words = "'max_completion_tokens' is too large: {}. This model's maximum context length is 4096 tokens and your "
        words += "request has 3000 input tokens ({} > 4096 - 3000)."
        bench.fake.script(*[Fail(400, "x", words.format(limit, limit)) for limit in (8192, 4096, 3000, 1500)])
        llm.complete(Request(MESSAGES, seed=0))
        llm.complete(Request(MESSAGES, seed=0))
        assert [body["max_completion_tokens"] for body in bench.bodies] == [8192, 4096, 3000, 1500, 750, 8192]

    def test_an_effort_that_a_model_lacks_becomes_the_next_one(self, bench: Bench) -> None:
        llm = bench.client("responses", reasoning_effort="max")
        said = "Unsupported value: '{}' is not supported with this model. Use 'low' or 'high'."
        for effort in ("max", "xhigh"):
            error = {
                "message": said.format(effort),
                "type": "x",
                "param": "reasoning.effort",
                "code": "unsupported_value",
            }
            bench.fake.script(Body({"error": error}, status=400))
        llm.complete(Request(MESSAGES, seed=0))
        assert [body["reasoning"]["effort"] for body in bench.bodies] == ["max", "xhigh", "high"]

    def test_older_models_get_a_budget_for_thinking_below_their_limit(self, bench: Bench) -> None:
        llm = bench.client("messages", reasoning_effort="high", max_output_tokens=8192)
        bench.fake.script(Fail(400, "invalid_request_error", "This model does not support the effort parameter."))
        llm.complete(Request(MESSAGES, seed=0))
        first, second = bench.bodies
        assert first["thinking"] == {"type": "adaptive"} and first["output_config"] == {"effort": "high"}
        assert second["thinking"] == {"type": "enabled", "budget_tokens": 6144} and "output_config" not in second

    def test_newer_models_get_an_effort(self, bench: Bench) -> None:
        llm = bench.client("messages", reasoning_effort="minimal")
        llm.complete(Request(MESSAGES, seed=0))
        assert bench.bodies[0]["output_config"] == {"effort": "low"}

    def test_a_request_that_is_wrong_by_itself_teaches_nothing(self, bench: Bench) -> None:
        llm = bench.client("chat", temperature=0.5)
        bench.fake.script(*[Fail(400, "x", "temperature, seed: the prompt is too long")] * 3)
        with pytest.raises(RequestRefused):
            llm.complete(Request(MESSAGES, seed=0))
        llm.complete(Request(MESSAGES, seed=0))
        assert bench.bodies[-1]["temperature"] == 0.5 and bench.bodies[-1]["seed"] == 0

    def test_a_template_without_a_system_role_gets_its_words_from_the_user(self, bench: Bench) -> None:
        llm = bench.client("chat", kind="compatible")
        bench.fake.script(Fail(400, "BadRequestError", "System role not supported"))
        llm.complete(Request(MESSAGES, seed=0))
        assert bench.bodies[1]["messages"] == [{"role": "user", "content": "Be brief.\n\nSay hi."}]


class TestAnswersBySchema:
    @pytest.mark.parametrize(
        ("api", "field"), [("chat", "response_format"), ("responses", "text"), ("messages", "output_config")]
    )
    def test_a_schema_is_asked_for_where_a_run_says_so(self, bench: Bench, api: str, field: str) -> None:
        llm = bench.client(api, answers="schema")
        bench.fake.script(Say(FINDINGS_TEXT))

        found = review([llm], MESSAGES, seed=0)

        assert (found.is_bug, found.summary, found.metric) == (False, "Fine.", 1.0)
        assert "tools" not in bench.bodies[0] and '"is_bug"' in str(bench.bodies[0][field]).replace("'", '"')

    @pytest.mark.parametrize("api", ["chat", "responses", "messages"])
    def test_words_alone_ask_for_the_same(self, bench: Bench, api: str) -> None:
        llm = bench.client(api, answers="text")
        bench.fake.script(Say(f"Here it is:\n```json\n{FINDINGS_TEXT}\n```"))

        assert review([llm], MESSAGES, seed=0).metric == 1.0
        assert not {"tools", "response_format", "text", "output_config"} & set(bench.bodies[0])
        assert "ONE JSON object" in str(bench.bodies[0])

    def test_each_form_that_is_refused_gives_way_to_the_next(self, bench: Bench) -> None:
        llm = bench.client("chat", kind="compatible")
        bench.fake.script(
            Fail(404, "x", "No endpoints found that support the provided 'tool_choice' value."),
            Fail(404, "x", "No endpoints found that support tool use."),
            Fail(400, "x", "This response_format type is unavailable now"),
            Fail(400, "x", "'response_format.type' must be 'json_schema' or 'text'"),
            Say(FINDINGS_TEXT),
        )
        assert review([llm], MESSAGES, seed=0).metric == 1.0
        asked = [{"tool_choice", "tools", "response_format"} & set(body) for body in bench.bodies]
        assert asked == [{"tool_choice", "tools"}, {"tools"}, {"response_format"}, {"response_format"}, set()]

    @pytest.mark.parametrize("api", ["chat", "responses", "messages"])
    def test_a_model_that_leaves_a_tool_unheeded_is_asked_by_schema_from_then_on(self, bench: Bench, api: str) -> None:
        llm = bench.client(api)
        bench.fake.script(Say("It looks fine."), Say(FINDINGS_TEXT), Say(FINDINGS_TEXT))
        found = review([llm], MESSAGES, seed=0)
        assert found.is_bug is False and [ask.problem is None for ask in found.asks] == [False, True]
        review([llm], MESSAGES, seed=0)
        assert ["tools" in body for body in bench.bodies] == [True, False, False]


class TestFallbacks:
    """First the same model again, so many times, with the reason; then the other one."""

    def fails(self, bench: Bench, *steps: Step) -> tuple[LLM, LLM]:
        first = bench.client("chat")
        bench.fake.script(*steps)
        return first, bench.another("chat")

    def test_a_model_that_gives_no_code_is_followed_by_the_fallback(self, bench: Bench) -> None:
        models = self.fails(bench, Say("no"), Say("no"), Say("no"), Say(GOOD))
        made = propose(models, MESSAGES, seed=0)
        assert made.problem is None and made.code == "print(1)\n"
        assert [(ask.model, ask.problem is None) for ask in made.asks] == [("m1", False)] * 3 + [("m2", True)]

    @pytest.mark.parametrize(
        ("reply", "words"),
        [
            (chat(said("Plan.\n```python\nx = ("), "length"), "cut off at the token limit. Write a shorter one."),
            (chat(said(None), "length"), "cut off at the token limit. Think less and write less."),
            (chat(said(None, refusal="I can't.")), "the request was declined (I can't.). This is a machine-learning"),
        ],
        ids=["cut off", "thought too long", "declined"],
    )
    def test_the_reason_is_told(self, bench: Bench, reply: dict[str, Any], words: str) -> None:
        models = self.fails(bench, Body(reply), Say(GOOD))
        made = propose(models, MESSAGES, seed=0)
        assert made.problem is None and words in bench.bodies[1]["messages"][-1]["content"]
        assert {body["model"] for body in bench.bodies} == {"m1"}

    def test_a_request_that_is_refused_goes_to_the_fallback_at_once(self, bench: Bench) -> None:
        models = self.fails(bench, Fail(400, "content_policy", "The prompt was filtered."), Say(GOOD))
        made = propose(models, MESSAGES, seed=0)
        assert made.code == "print(1)\n" and not made.refused
        assert [ask.problem for ask in made.asks] == ["the model refused the request: The prompt was filtered.", None]

    def test_a_model_that_is_not_there_is_replaced(self, bench: Bench) -> None:
        models = self.fails(bench, Fail(404, "model_not_found", "no such model"), Say(GOOD))
        assert propose(models, MESSAGES, seed=0).asks[-1].model == "m2"

    def test_the_run_ends_when_the_fallback_is_not_there_either(self, bench: Bench) -> None:
        models = self.fails(bench, *[Fail(404, "model_not_found", "no such model")] * 2)
        with pytest.raises(ModelUnavailable, match="no such model"):
            propose(models, MESSAGES, seed=0)

    def test_a_review_falls_back_too(self, bench: Bench) -> None:
        models = self.fails(bench, Body(chat(None)), Body(chat(None)), Say("", "submit_review", FINDINGS_TEXT))
        found = review(models, MESSAGES, seed=0)
        assert found.metric == 1.0 and found.asks[-1].model == "m2"
        assert "the provider failed" in (found.asks[0].problem or "")

    @pytest.mark.parametrize("step", [Cut(), Drop()], ids=["a body that breaks off", "no answer"])
    def test_a_connection_that_breaks_is_the_gateways_to_mend(self, bench: Bench, step: Step) -> None:
        models = self.fails(bench, step, Say(GOOD))
        assert len(propose(models, MESSAGES, seed=0).asks) == 1 and bench.records()[0].attempts == 2


class TestTheRecord:
    def test_it_keeps_what_was_served_and_with_which_parameters(self, bench: Bench) -> None:
        llm = bench.client("chat", temperature=0.5, max_output_tokens=99)
        bench.fake.script(
            Fail(400, "x", "temperature is not supported"),
            Body({**chat(said("hi")), "system_fingerprint": "fp_1", "service_tier": "default"}),
            Body({**chat(said("hi")), "system_fingerprint": "fp_1", "service_tier": "default"}),
            Body({**chat(said("hi")), "system_fingerprint": "fp_2"}),
        )
        for _ in range(3):
            llm.complete(Request(MESSAGES, seed=5))
        first, second = bench.gateway.served()
        assert (first.asked, first.served, first.provider, first.calls) == ("m1", "served-1", "openai", 2)
        assert (first.system_fingerprint, first.service_tier) == ("fp_1", "default")
        assert first.sent == {"max_completion_tokens": 99, "seed": 5}
        assert (second.system_fingerprint, second.service_tier, second.calls) == ("fp_2", None, 1)

    def test_it_keeps_what_a_provider_says_that_it_did(self, bench: Bench) -> None:
        llm = bench.client("responses", reasoning_effort="high")
        answer = {"model": "served-1", "status": "completed", "output": [], "temperature": 1.0}
        bench.fake.script(Body({**answer, "reasoning": {"effort": "medium", "summary": None}}))
        llm.complete(Request(MESSAGES, seed=5, tool=SUBMIT_REVIEW))
        (only,) = bench.gateway.served()
        assert only.sent["reasoning"] == {"effort": "high"} and only.sent["answers"] == "forced tool"
        assert only.reported == {"temperature": 1.0, "reasoning": {"effort": "medium", "summary": None}}

    def test_what_others_write_can_not_fill_it(self, bench: Bench) -> None:
        llm = bench.client("chat")
        for number in range(60):
            bench.fake.script(Body({**chat(said("hi")), "model": f"{number}" * 1000}))
            llm.complete(Request(MESSAGES, seed=5))
        served = bench.gateway.served()
        assert len(served) == 50 and max(len(one.served) for one in served) == 300
