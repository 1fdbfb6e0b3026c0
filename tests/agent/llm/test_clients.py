"""The three clients with the real SDKs, against a server on a socket that answers in the providers' formats.

One contract for all of them, then what only one format can get wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.contract import ModelSettings
from agent.ends import BudgetExhausted, ModelUnavailable
from agent.llm import llm_for
from agent.llm.base import Message, Reply, Request, RequestRefused, Usage
from agent.operators.review import SUBMIT_REVIEW
from tests.agent.unix_server import Answer, Asked, UnixServer

MESSAGES = (Message("system", "Be brief."), Message("user", "Say hi."))
ARGUMENTS = {"is_bug": False, "summary": "fine", "metric": 1}


@dataclass(frozen=True)
class Wire:
    """How one format says the things that the contract is about."""

    api: Any
    path: str

    def text(self, text: str, cut_off: bool = False) -> dict[str, Any]:
        """A reply of plain text, 7 tokens in and 3 out."""
        if self.api == "chat":
            choice = {
                "index": 0,
                "finish_reason": "length" if cut_off else "stop",
                "message": {"role": "assistant", "content": text},
            }
            return _chat([choice])
        if self.api == "responses":
            part = {"type": "output_text", "text": text, "annotations": []}
            item = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}
            return _response([item], cut_off)
        return _message([{"type": "text", "text": text}], "max_tokens" if cut_off else "end_turn")

    def tool_call(self) -> dict[str, Any]:
        """A reply that calls the tool."""
        arguments = '{"is_bug": false, "summary": "fine", "metric": 1}'
        if self.api == "chat":
            call = {"id": "c", "type": "function", "function": {"name": "submit_review", "arguments": arguments}}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
            return _chat([{"index": 0, "finish_reason": "tool_calls", "message": message}])
        if self.api == "responses":
            call = {"type": "function_call", "call_id": "c", "name": "submit_review", "arguments": arguments}
            return _response([{"type": "reasoning", "id": "r", "summary": []}, call])
        use = {"type": "tool_use", "id": "c", "name": "submit_review", "input": ARGUMENTS}
        return _message([{"type": "text", "text": ""}, use], "tool_use")

    def error(self, status: int, kind: str, message: str) -> Answer:
        """An error in the provider's shape."""
        error = {"type": kind, "message": message}
        if self.api == "messages":
            return Answer({"type": "error", "error": error}, status)
        return Answer({"error": {**error, "code": kind, "param": None}}, status)

    def temperature_in(self, asked: Asked) -> Any:
        return asked.json.get("temperature")


def _chat(choices: list[dict[str, Any]]) -> dict[str, Any]:
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return {"id": "x", "object": "chat.completion", "created": 0, "model": "m1", "choices": choices, "usage": usage}


def _response(output: list[dict[str, Any]], cut_off: bool = False) -> dict[str, Any]:
    return {
        "id": "x", "object": "response", "created_at": 0, "model": "m1", "output": output, "parallel_tool_calls": True,
        "tool_choice": "auto", "tools": [], "status": "incomplete" if cut_off else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut_off else None,
        "usage": {
            "input_tokens": 7, "output_tokens": 3, "total_tokens": 10,
            "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0},
        },
    }  # fmt: skip


def _message(content: list[dict[str, Any]], stop_reason: str) -> dict[str, Any]:
    usage = {"input_tokens": 4, "cache_creation_input_tokens": 1, "cache_read_input_tokens": 2, "output_tokens": 3}
    return {
        "id": "x", "type": "message", "role": "assistant", "model": "m1", "content": content,
        "stop_reason": stop_reason, "stop_sequence": None, "usage": usage,
    }  # fmt: skip


WIRES = [Wire("chat", "/v1/chat/completions"), Wire("responses", "/v1/responses"), Wire("messages", "/v1/messages")]


@dataclass
class Asking:
    """A client whose server gives the answers in order."""

    folder: Path
    wire: Wire

    def __call__(self, answers: Iterable[Answer], times: int = 1, tool: bool = False) -> tuple[Reply, list[Asked]]:
        with UnixServer(self.folder / "gateway.sock", answers) as server:
            llm = llm_for(ModelSettings("m1", self.wire.api, temperature=0.5, max_output_tokens=99), server.path)
            for _ in range(times):
                reply = llm.complete(Request(MESSAGES, seed=5, tool=SUBMIT_REVIEW if tool else None))
        return reply, server.asked


@pytest.fixture(params=WIRES, ids=lambda wire: wire.api)
def wire(request: pytest.FixtureRequest) -> Wire:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def ask(tmp_path: Path, wire: Wire) -> Asking:
    return Asking(tmp_path, wire)


class TestEveryClient:
    def test_reads_text_and_usage(self, ask: Asking, wire: Wire) -> None:
        reply, asked = ask([Answer(wire.text("hi"))])
        assert reply == Reply("hi", Usage(7, 3), "m1")
        assert [one.path for one in asked] == [wire.path]

    def test_sends_both_messages_and_a_dummy_key(self, ask: Asking, wire: Wire) -> None:
        _, asked = ask([Answer(wire.text("hi"))])
        sent = asked[0].body.decode()
        assert "Be brief." in sent and "Say hi." in sent and "99" in sent
        assert "podium" in (asked[0].headers.get("authorization") or asked[0].headers["x-api-key"])

    def test_reads_a_tool_call_that_it_forced(self, ask: Asking, wire: Wire) -> None:
        reply, asked = ask([Answer(wire.tool_call())], tool=True)
        assert reply.tool_arguments == ARGUMENTS
        assert "submit_review" in str(asked[0].json["tool_choice"])

    def test_returns_text_where_a_tool_call_was_asked_for(self, ask: Asking, wire: Wire) -> None:
        reply, _ = ask([Answer(wire.text("It looks fine."))], tool=True)
        assert (reply.text, reply.tool_arguments) == ("It looks fine.", None)

    def test_says_when_the_reply_was_cut_off(self, ask: Asking, wire: Wire) -> None:
        reply, _ = ask([Answer(wire.text("import pand", cut_off=True))])
        assert reply.stop == "cut_off"

    def test_gives_up_a_refused_temperature_for_good(self, ask: Asking, wire: Wire) -> None:
        refused = wire.error(400, "invalid_request_error", "Unsupported parameter: 'temperature' with this model.")
        _, asked = ask([refused, Answer(wire.text("hi")), Answer(wire.text("hi"))], times=2)
        assert [wire.temperature_in(one) for one in asked] == [0.5, None, None]

    def test_a_spent_budget_ends_the_run(self, ask: Asking, wire: Wire) -> None:
        with pytest.raises(BudgetExhausted, match="5 USD"):
            ask([wire.error(402, "budget_exhausted", "The run's 5 USD are spent.")])

    def test_a_request_that_cannot_be_answered_is_refused(self, ask: Asking, wire: Wire) -> None:
        with pytest.raises(RequestRefused, match="too long"):
            ask([wire.error(400, "invalid_request_error", "The prompt is too long.")])

    @pytest.mark.parametrize("status", [401, 403, 404, 409, 429, 500, 503, 529])
    def test_an_error_that_outlasts_the_gateway_ends_the_run_without_a_retry(
        self, ask: Asking, wire: Wire, status: int
    ) -> None:
        with pytest.raises(ModelUnavailable, match=f"{status}.*nope"):
            ask([wire.error(status, "some_error", "nope")])  # a second call would find the list of answers empty

    @pytest.mark.parametrize("body", [b"<html>hello</html>", b'"text"', b"{", b"[]"])
    def test_an_answer_in_no_known_form_ends_the_run(self, ask: Asking, body: bytes) -> None:
        with pytest.raises(ModelUnavailable):
            ask([Answer(body)])

    def test_nobody_at_the_socket_ends_the_run(self, tmp_path: Path, wire: Wire) -> None:
        llm = llm_for(ModelSettings("m1", wire.api), tmp_path / "nobody.sock")
        with pytest.raises(ModelUnavailable):
            llm.complete(Request(MESSAGES, seed=0))


class TestChat:
    wire = WIRES[0]

    def test_the_seed_is_sent(self, tmp_path: Path) -> None:
        _, asked = Asking(tmp_path, self.wire)([Answer(self.wire.text("hi"))])
        assert asked[0].json["seed"] == 5

    def test_an_older_server_gets_the_older_name_of_the_token_limit(self, tmp_path: Path) -> None:
        refused = self.wire.error(422, "", "extra fields not permitted: max_completion_tokens")
        _, asked = Asking(tmp_path, self.wire)([refused, Answer(self.wire.text("hi"))])
        assert "max_completion_tokens" not in asked[1].json and asked[1].json["max_tokens"] == 99

    def test_a_server_that_cannot_force_a_tool_is_asked_without(self, tmp_path: Path) -> None:
        refused = self.wire.error(400, "", "tool_choice must be auto or none")
        _, asked = Asking(tmp_path, self.wire)([refused, Answer(self.wire.tool_call())], tool=True)
        assert "tool_choice" not in asked[1].json and "tools" in asked[1].json

    @pytest.mark.parametrize(
        "choices",
        [[], [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": None}}]],
        ids=["no choices", "no content"],
    )
    def test_an_empty_answer_is_empty_text(self, tmp_path: Path, choices: list[dict[str, Any]]) -> None:
        reply, _ = Asking(tmp_path, self.wire)([Answer(_chat(choices))])
        assert reply.text == ""

    def test_missing_usage_counts_nothing(self, tmp_path: Path) -> None:
        body = {name: value for name, value in self.wire.text("hi").items() if name != "usage"}
        reply, _ = Asking(tmp_path, self.wire)([Answer(body)])
        assert reply.usage == Usage()

    def test_content_in_parts_is_joined(self, tmp_path: Path) -> None:
        message = {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
        reply, _ = Asking(tmp_path, self.wire)([Answer(_chat([{"index": 0, "message": message}]))])
        assert reply.text == "ab"

    def test_broken_tool_arguments_are_no_tool_call(self, tmp_path: Path) -> None:
        call = {"id": "c", "type": "function", "function": {"name": "submit_review", "arguments": '{"is_bug": tr'}}
        message = {"role": "assistant", "content": "", "tool_calls": [call]}
        reply, _ = Asking(tmp_path, self.wire)([Answer(_chat([{"index": 0, "message": message}]))], tool=True)
        assert reply.tool_arguments is None

    def test_a_refusal_is_text(self, tmp_path: Path) -> None:
        message = {"role": "assistant", "content": None, "refusal": "I can't help with that."}
        reply, _ = Asking(tmp_path, self.wire)([Answer(_chat([{"index": 0, "message": message}]))])
        assert reply.text == "I can't help with that."


class TestMessages:
    wire = WIRES[2]

    def test_the_system_message_has_its_own_place(self, tmp_path: Path) -> None:
        _, asked = Asking(tmp_path, self.wire)([Answer(self.wire.text("hi"))])
        assert asked[0].json["system"] == "Be brief."
        assert asked[0].json["messages"] == [{"role": "user", "content": "Say hi."}]


class TestPromptCaching:
    """What stays the same over a run is marked for Anthropic's cache; other providers find it by themselves."""

    def asked(self, folder: Path, api: str, *messages: Message) -> dict[str, Any]:
        wire = next(wire for wire in WIRES if wire.api == api)
        with UnixServer(folder / "gateway.sock", [Answer(wire.text("hi"))]) as server:
            llm_for(ModelSettings("m1", wire.api), server.path).complete(Request(messages, seed=5))
        body: dict[str, Any] = server.asked[0].json
        return body

    def test_the_turn_is_split_where_its_stable_beginning_ends(self, tmp_path: Path) -> None:
        body = self.asked(tmp_path, "messages", Message("system", "Role.", 5), Message("user", "Task.\n\nDraft.", 7))
        kept = {"type": "text", "text": "Task.\n\n", "cache_control": {"type": "ephemeral"}}
        assert body["messages"][0]["content"] == [kept, {"type": "text", "text": "Draft."}]
        assert body["system"] == "Role.", "what comes before the mark is cached with it"

    def test_without_a_stable_turn_the_system_text_is_marked(self, tmp_path: Path) -> None:
        body = self.asked(tmp_path, "messages", Message("system", "Role.", 5), Message("user", "Draft."))
        assert body["system"] == [{"type": "text", "text": "Role.", "cache_control": {"type": "ephemeral"}}]
        assert body["messages"][0]["content"] == "Draft."

    def test_without_anything_stable_nothing_is_marked(self, tmp_path: Path) -> None:
        body = self.asked(tmp_path, "messages", Message("system", "Role."), Message("user", "Draft."))
        assert "cache_control" not in str(body)

    @pytest.mark.parametrize("api", ["chat", "responses"])
    def test_other_providers_get_the_text_as_it_is(self, tmp_path: Path, api: str) -> None:
        body = self.asked(tmp_path, api, Message("system", "Role.", 5), Message("user", "Task.\n\nDraft.", 7))
        assert "cache_control" not in str(body) and "Task.\n\nDraft." in [
            message["content"] for message in body.get("messages") or body["input"]
        ]


def test_an_unknown_api_names_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="chat, responses, messages"):
        llm_for(ModelSettings("m1", "telepathy"), tmp_path)  # type: ignore[arg-type]
