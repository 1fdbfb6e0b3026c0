"""One form for all: a request of any API as chat messages and chat tools, for providers that read prompts themselves.

Nothing is checked here; the wire's own `check` has been through the body before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from harness.gateway.wire.base import Json, child, children


@dataclass(frozen=True)
class Conversation:
    """Messages and tools in OpenAI's chat shape, and the seed if the request has one."""

    messages: list[Json]
    tools: list[Json]
    seed: int | None


def conversation(api: str, body: Json) -> Conversation:
    """Read a chat, responses or messages body."""
    seed = body.get("seed")
    tools = [] if body.get("tool_choice") == "none" else [_tool(tool) for tool in children(body, "tools")]
    readers = {"responses": _from_responses, "messages": _from_messages}
    messages = readers[api](body) if api in readers else [_from_chat(message) for message in children(body, "messages")]
    return Conversation(messages, tools, seed if isinstance(seed, int) else None)


def answer(api: str, response: Json) -> Json:
    """Read what a model said, from a response of any API, as one chat message of the assistant."""
    if api == "chat":
        said = [_from_chat(child(choice, "message")) for choice in children(response, "choices")[:1]]
    elif api == "responses":
        said = [message for item in children(response, "output") for message in _from_item(item)]
    else:
        said = _from_turn({"role": "assistant", "content": response.get("content")})
    texts = [str(message["content"]) for message in said if message.get("content")]
    calls = [call for message in said for call in children(message, "tool_calls")]
    return {"role": "assistant", "content": "\n".join(texts)} | ({"tool_calls": calls} if calls else {})


def text_of(message: Json) -> str:
    """All text of one message of a conversation, its tool calls' arguments included."""
    calls = (child(call, "function").get("arguments") for call in children(message, "tool_calls"))
    return str(message["content"]) + "".join(str(arguments or "") for arguments in calls)


def _tool(tool: Json) -> Json:
    """Chat nests a function's fields, responses lays them flat, Anthropic calls the schema `input_schema`."""
    if isinstance(tool.get("function"), dict):
        return tool
    schema = tool.get("parameters") or tool.get("input_schema") or {}
    function = {"name": tool.get("name"), "description": tool.get("description") or "", "parameters": schema}
    return {"type": "function", "function": function}


def _from_chat(message: Json) -> Json:
    return {**message, "content": _text(message.get("content"))}


def _from_responses(body: Json) -> list[Json]:
    messages = [_message("system", body["instructions"])] if body.get("instructions") else []
    if isinstance(body.get("input"), str):
        return [*messages, _message("user", body["input"])]
    return messages + [message for item in children(body, "input") for message in _from_item(item)]


def _from_item(item: Json) -> list[Json]:
    match item.get("type", "message"):
        case "message":
            role = "system" if item.get("role") == "developer" else item.get("role")
            return [_message(role, item.get("content"))]
        case "function_call":
            return [_call_message(item.get("call_id"), item.get("name"), item.get("arguments") or "{}")]
        case "function_call_output":
            return [{**_message("tool", item.get("output")), "tool_call_id": item.get("call_id")}]
        case _:
            return []


def _from_messages(body: Json) -> list[Json]:
    messages = [_message("system", body["system"])] if body.get("system") else []
    return messages + [found for message in children(body, "messages") for found in _from_turn(message)]


def _from_turn(message: Json) -> list[Json]:
    """Anthropic puts calls and results among the text; a chat has messages of their own for them."""
    role = message.get("role")
    if not isinstance(message.get("content"), list):
        return [_message(role, message.get("content"))]
    texts, others = [], []
    for block in children(message, "content"):
        match block.get("type"):
            case "tool_use":
                others.append(_call_message(block.get("id"), block.get("name"), json.dumps(block.get("input"))))
            case "tool_result":
                others.append({**_message("tool", block.get("content")), "tool_call_id": block.get("tool_use_id")})
            case _:
                texts.append(block)
    spoken = [_message(role, texts)] if texts else []
    return spoken + others if role == "assistant" else others + spoken


def _call_message(call_id: Any, name: Any, arguments: Any) -> Json:
    call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": str(arguments)}}
    return {"role": "assistant", "content": "", "tool_calls": [call]}


def _message(role: Any, content: Any) -> Json:
    return {"role": str(role or "user"), "content": _text(content)}


def _text(content: Any) -> str:
    """The text parts of a content, joined; pictures and reasoning are left out."""
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, dict))
        return "\n".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""
