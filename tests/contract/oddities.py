"""Replies as providers and compatible servers really send them, beside what the agent is to make of each.

Shapes are taken from their documentation and public bug reports; texts and numbers are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

FINDINGS = {"is_bug": False, "summary": "Fine.", "metric": 1}
FINDINGS_TEXT = '{"is_bug": false, "summary": "Fine.", "metric": 1}'


@dataclass(frozen=True)
class Oddity:
    """One reply of one API, and the fields of the agent's `Reply` that matter about it."""

    api: str
    about: str
    body: Json
    text: str = ""
    arguments: Json | None = None
    stop: str = "done"
    why: str = ""
    tokens: tuple[int, int] = (7, 3)


def chat(message: Json | None, finish: str | None = "stop", **more: Any) -> Json:
    """A completion around one message."""
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    choices = [] if message is None else [{"index": 0, "finish_reason": finish, "message": message}]
    known: Json = {"id": "x", "object": "chat.completion", "created": 0, "model": "served-1", "choices": choices}
    return {**known, "usage": usage, **more}


def said(content: Any, **more: Any) -> Json:
    return {"role": "assistant", "content": content, **more}


def called(*arguments: Any) -> list[Json]:
    return [
        {"id": f"c{position}", "type": "function", "function": {"name": "submit_review", "arguments": given}}
        for position, given in enumerate(arguments)
    ]


def response(output: Any, **more: Any) -> Json:
    usage = {
        "input_tokens": 7,
        "output_tokens": 3,
        "total_tokens": 10,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    known: Json = {"id": "x", "object": "response", "created_at": 0, "model": "served-1", "output": output}
    return {**known, "status": "completed", "error": None, "incomplete_details": None, "usage": usage, **more}


def spoken(text: str) -> Json:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}


def message(content: Any, stop: str | None = "end_turn", **more: Any) -> Json:
    known: Json = {"id": "x", "type": "message", "role": "assistant", "model": "served-1", "content": content}
    usage = {"input_tokens": 7, "output_tokens": 3}
    return {**known, "stop_reason": stop, "stop_sequence": None, "usage": usage, **more}


def without(body: Json, *names: str) -> Json:
    return {name: value for name, value in body.items() if name not in names}


TEXT = {"type": "text", "text": "hello"}
REASONING_ITEM = {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "Hm."}]}
CALL_ITEM = {"type": "function_call", "call_id": "c", "name": "submit_review", "arguments": FINDINGS_TEXT}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
USE = {"type": "tool_use", "id": "t", "name": "submit_review", "input": FINDINGS}
REFUSED_PART = {"type": "refusal", "refusal": "I can't."}

CHAT = [
    Oddity("chat", "text in place of a tool call", chat(said("It is fine.")), "It is fine."),
    Oddity(
        "chat",
        "an integer metric",
        chat(said(None, tool_calls=called(FINDINGS_TEXT)), "tool_calls"),
        arguments=FINDINGS,
    ),
    Oddity("chat", "no choices", chat(None), stop="failed", why="the reply holds no choice"),
    Oddity("chat", "choices null", {**chat(None), "choices": None}, stop="failed", why="the reply holds no choice"),
    Oddity("chat", "no choices at all", without(chat(None), "choices"), stop="failed", why="the reply holds no choice"),
    Oddity(
        "chat",
        "an error with status 200",
        {"error": {"message": "Provider returned error", "code": "upstream"}, "user_id": "u"},
        stop="failed",
        why="Provider returned error",
        tokens=(0, 0),
    ),
    Oddity(
        "chat",
        "an error inside the choice",
        {
            **chat(None),
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "error",
                    "message": said(""),
                    "error": {"message": "overloaded", "code": 502},
                }
            ],
        },
        stop="failed",
        why="overloaded",
    ),
    Oddity("chat", "null content", chat(said(None))),
    Oddity("chat", "content left out", chat({"role": "assistant"})),
    Oddity("chat", "content in parts", chat(said([TEXT, {"type": "text", "text": " you"}])), "hello you"),
    Oddity("chat", "cut off", chat(said("import pand"), "length"), "import pand", stop="cut_off"),
    Oddity(
        "chat",
        "thinking that took all tokens",
        chat(said(None, reasoning_content="Let me think about"), "length"),
        stop="cut_off",
    ),
    Oddity(
        "chat", "thinking in a field of its own", chat(said("hello", reasoning_content="```python\nno\n```")), "hello"
    ),
    Oddity("chat", "thinking under another name", chat(said("hello", reasoning="Hm.", reasoning_details=[])), "hello"),
    Oddity("chat", "declined", chat(said(None, refusal="I can't.")), "I can't.", stop="declined", why="I can't."),
    Oddity("chat", "filtered", chat(said(""), "content_filter"), stop="declined"),
    Oddity("chat", "malformed tool JSON", chat(said("", tool_calls=called('{"is_bug": tr')), "tool_calls")),
    Oddity(
        "chat",
        "several tool calls, the first of them malformed",
        chat(said(None, tool_calls=called("{", FINDINGS_TEXT, FINDINGS_TEXT)), "tool_calls"),
        arguments=FINDINGS,
    ),
    Oddity(
        "chat",
        "arguments as an object",
        chat(said(None, tool_calls=called(FINDINGS)), "tool_calls"),
        arguments=FINDINGS,
    ),
    Oddity("chat", "tool calls null", chat(said("hello", tool_calls=None)), "hello"),
    Oddity("chat", "usage missing", without(chat(said("hello")), "usage"), "hello", tokens=(0, 0)),
    Oddity("chat", "usage null", {**chat(said("hello")), "usage": None}, "hello", tokens=(0, 0)),
    Oddity("chat", "usage in part", {**chat(said("hello")), "usage": {"prompt_tokens": 7}}, "hello", tokens=(7, 0)),
    Oddity("chat", "no finish reason", chat(said("hello"), None), "hello"),
    Oddity("chat", "an unknown finish reason", chat(said("hello"), "eos_token"), "hello"),
    Oddity("chat", "a bare minimum", {"choices": [{"message": said("hello")}]}, "hello", tokens=(0, 0)),
]

RESPONSES = [
    Oddity("responses", "text in place of a tool call", response([spoken("It is fine.")]), "It is fine."),
    Oddity("responses", "an integer metric", response([REASONING_ITEM, CALL_ITEM]), arguments=FINDINGS),
    Oddity("responses", "no output", response([])),
    Oddity("responses", "output null", response(None)),
    Oddity("responses", "thinking and text", response([REASONING_ITEM, spoken("hello")]), "hello"),
    Oddity(
        "responses",
        "cut off",
        response([spoken("import pand")], status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
        "import pand",
        stop="cut_off",
    ),
    Oddity(
        "responses",
        "thinking that took all tokens",
        response([REASONING_ITEM], status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
        stop="cut_off",
    ),
    Oddity(
        "responses",
        "filtered",
        response([], status="incomplete", incomplete_details={"reason": "content_filter"}),
        stop="declined",
    ),
    Oddity(
        "responses",
        "declined",
        response([{**spoken(""), "content": [REFUSED_PART]}]),
        "I can't.",
        stop="declined",
        why="I can't.",
    ),
    Oddity(
        "responses",
        "failed",
        response([], status="failed", error={"code": "server_error", "message": "The model broke."}),
        stop="failed",
        why="The model broke.",
    ),
    Oddity("responses", "malformed tool JSON", response([{**CALL_ITEM, "arguments": '{"is_bug": tr'}])),
    Oddity(
        "responses",
        "several tool calls, the first of them malformed",
        response([{**CALL_ITEM, "arguments": "{"}, CALL_ITEM, CALL_ITEM]),
        arguments=FINDINGS,
    ),
    Oddity(
        "responses", "an unknown kind of item", response([{"type": "novelty", "id": "n"}, spoken("hello")]), "hello"
    ),
    Oddity("responses", "content null", response([{**spoken(""), "content": None}, spoken("hello")]), "hello"),
    Oddity("responses", "usage missing", without(response([spoken("hello")]), "usage"), "hello", tokens=(0, 0)),
    Oddity("responses", "a bare minimum", {"output": [spoken("hello")]}, "hello", tokens=(0, 0)),
]

MESSAGES = [
    Oddity("messages", "text in place of a tool call", message([TEXT]), "hello"),
    Oddity("messages", "an integer metric", message([USE], "tool_use"), arguments=FINDINGS),
    Oddity(
        "messages",
        "thinking blocks",
        message([THOUGHT, {"type": "redacted_thinking", "data": "x"}, TEXT]),
        "hello",
    ),
    Oddity("messages", "no content", message([])),
    Oddity("messages", "content null", message(None)),
    Oddity("messages", "cut off", message([TEXT], "max_tokens"), "hello", stop="cut_off"),
    Oddity(
        "messages", "the context is full", message([TEXT], "model_context_window_exceeded"), "hello", stop="cut_off"
    ),
    Oddity(
        "messages",
        "thinking that took all tokens",
        message([THOUGHT], "max_tokens"),
        stop="cut_off",
    ),
    Oddity(
        "messages",
        "declined",
        message([], "refusal", stop_details={"type": "refusal", "category": "cyber", "explanation": "Not this."}),
        stop="declined",
        why="Not this.",
    ),
    Oddity("messages", "declined without words", message([], "refusal"), stop="declined"),
    Oddity(
        "messages", "tool input as text", message([{**USE, "input": FINDINGS_TEXT}], "tool_use"), arguments=FINDINGS
    ),
    Oddity("messages", "malformed tool input", message([{**USE, "input": '{"is_bug": tr'}], "tool_use")),
    Oddity(
        "messages", "several tool calls", message([{**USE, "input": "{"}, USE, USE], "tool_use"), arguments=FINDINGS
    ),
    Oddity("messages", "an unknown kind of block", message([{"type": "novelty"}, TEXT]), "hello"),
    Oddity("messages", "text null", message([{"type": "text", "text": None}, TEXT]), "hello"),
    Oddity("messages", "usage missing", without(message([TEXT]), "usage"), "hello", tokens=(0, 0)),
    Oddity("messages", "usage in part", {**message([TEXT]), "usage": {"input_tokens": 7}}, "hello", tokens=(7, 0)),
    Oddity("messages", "no reason to stop", message([TEXT], None), "hello"),
]

ODDITIES = [*CHAT, *RESPONSES, *MESSAGES]

REFUSALS = {  # what servers say (400 unless noted) of a parameter: the API, their words, what is no longer sent then
    "a reasoning model's temperature": (
        "chat",
        "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default is.",
        "temperature",
    ),
    "a reasoning model's temperature in responses": (
        "responses",
        "Unsupported parameter: 'temperature' is not supported with this model.",
        "temperature",
    ),
    "a temperature of a model without sampling": (
        "messages",
        "temperature: is not supported by this model",
        "temperature",
    ),
    "a temperature beside thinking": (
        "messages",
        "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.",
        "temperature",
    ),
    "the newer name of the limit": (
        "chat",
        "[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens')}]",
        "max_completion_tokens",
    ),
    "a seed": ("chat", "Unrecognized request argument supplied: seed", "seed"),
    "a forced tool": ("chat", "Thinking mode does not support this tool_choice", "tool_choice"),
    "a forced tool beside thinking": (
        "messages",
        "Thinking may not be enabled when tool_choice forces tool use.",
        "tool_choice",
    ),
    "an effort": (
        "chat",
        "Unsupported parameter: 'reasoning_effort' is not supported with this model.",
        "reasoning_effort",
    ),
    "an effort in responses": ("responses", "Unknown parameter: 'reasoning.effort'.", "reasoning"),
    "thinking by effort": ("messages", "adaptive thinking is not supported on this model", "output_config"),
}
