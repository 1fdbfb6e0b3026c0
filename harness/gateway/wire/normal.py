"""One form for all: a request of any API as chat messages and chat tools, for providers that read prompts themselves.

Nothing is checked here; the wire's own `check` has been through the body before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from harness.gateway.wire.base import Json, child


@dataclass(frozen=True)
class Conversation:
    """Messages and tools in OpenAI's chat shape, and the seed if the request has one."""

    messages: list[Json]
    tools: list[Json]
    seed: int | None


def conversation(api: str, body: Json) -> Conversation:
    """Read a chat, responses or messages body."""
    seed = body.get("seed")
    tools = [] if body.get("tool_choice") == "none" else [_tool(tool) for tool in body.get("tools") or []]
    readers = {"responses": _from_responses, "messages": _from_messages}
    messages = readers[api](body) if api in readers else list(body["messages"])
    return Conversation(messages, tools, seed if isinstance(seed, int) else None)


def _tool(tool: Json) -> Json:
    """Chat nests a function's fields, responses lays them flat, Anthropic calls the schema `input_schema`."""
    if isinstance(tool.get("function"), dict):
        return tool
    schema = tool.get("parameters") or tool.get("input_schema") or {}
    function = {"name": tool.get("name"), "description": tool.get("description") or "", "parameters": schema}
    return {"type": "function", "function": function}


def _from_responses(body: Json) -> list[Json]:
    messages = [_message("system", body["instructions"])] if body.get("instructions") else []
    if isinstance(body["input"], str):
        return [*messages, _message("user", body["input"])]
    return messages + [message for item in body["input"] for message in _from_item(item)]


def _from_item(item: Json) -> list[Json]:
    match item.get("type", "message"):
        case "message":
            role = "system" if item.get("role") == "developer" else item.get("role", "user")
            return [_message(role, item.get("content"))]
        case "function_call":
            return [_call_message(item.get("call_id"), item.get("name"), item.get("arguments") or "{}")]
        case "function_call_output":
            return [{**_message("tool", item.get("output")), "tool_call_id": item.get("call_id")}]
        case _:
            return []


def _from_messages(body: Json) -> list[Json]:
    messages = [_message("system", body["system"])] if body.get("system") else []
    return messages + [found for message in body["messages"] for found in _from_turn(message)]


def _from_turn(message: Json) -> list[Json]:
    role, content = message.get("role", "user"), message.get("content")
    if not isinstance(content, list):
        return [_message(role, content)]
    found: list[Json] = []
    texts = [block for block in content if block.get("type") not in ("tool_use", "tool_result")]
    for block in content:
        if block.get("type") == "tool_use":
            found.append(_call_message(block.get("id"), block.get("name"), json.dumps(block.get("input"))))
        elif block.get("type") == "tool_result":
            found.append({**_message("tool", block.get("content")), "tool_call_id": block.get("tool_use_id")})
    spoken = [_message(role, texts)] if texts else []
    return spoken + found if role == "assistant" else found + spoken


def _call_message(call_id: Any, name: Any, arguments: str) -> Json:
    call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _message(role: str, content: Any) -> Json:
    """A message with its text parts joined; pictures and reasoning are left out."""
    if isinstance(content, list):
        content = "\n".join(part["text"] for part in content if isinstance(part.get("text"), str))
    return {"role": role, "content": content or ""}


def text_of(message: Json) -> str:
    """All text of one chat message, its tool calls' arguments included."""
    content = _message("", message.get("content"))["content"]
    calls = message.get("tool_calls") or []
    return str(content) + "".join(str(child(call, "function").get("arguments") or "") for call in calls)
