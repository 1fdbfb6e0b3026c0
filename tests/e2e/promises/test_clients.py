"""The real `openai` and `anthropic` clients, unchanged, from inside a real box: tool calls, streams and errors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.gateway.providers.fake import Cut, Fail, FakeProvider, Say
from harness.gateway.transcript import read_transcript
from tests.e2e.promises.conftest import KEY, Rig

pytestmark = pytest.mark.engine

CALLS = """
import anthropic, httpx2, openai
user = [{"role": "user", "content": "hi"}]
o = openai.OpenAI(api_key="none", base_url="http://podium/v1",
                  http_client=openai.DefaultHttpxClient(transport=httpx2.HTTPTransport(uds=SOCKET)))
a = anthropic.Anthropic(api_key="none", base_url="http://podium",
                        http_client=anthropic.DefaultHttpxClient(transport=httpx2.HTTPTransport(uds=SOCKET)))
schema = {"type": "object", "properties": {}}
chat_tool = {"type": "function", "function": {"name": "submit", "parameters": schema}}
responses_tool = {"type": "function", "name": "submit", "parameters": schema, "strict": False}
messages_tool = {"name": "submit", "input_schema": schema}
tools = {"chat": [chat_tool], "responses": [responses_tool], "messages": [messages_tool]}

def chat(stream, **more):
    made = o.chat.completions.create(model="fake", messages=user, stream=stream, **more)
    if not stream: return made.choices[0].message
    return [chunk.choices[0].delta for chunk in made if chunk.choices]

def responses(**more): return o.responses.create(model="fake", input="hi", **more).output[-1]

def messages(stream, **more):
    if not stream: return a.messages.create(model="fake", max_tokens=50, messages=user, **more).content[-1]
    with a.messages.stream(model="fake", max_tokens=50, messages=user, **more) as made:
        return made.get_final_message().content[-1]

def streamed_arguments():
    calls = [call for delta in chat(True, tools=tools["chat"]) for call in delta.tool_calls or ()]
    return calls[0].function.name, "".join(call.function.arguments or "" for call in calls)

def error(call, *given, **more):
    try: call(*given, **more)
    except (openai.OpenAIError, anthropic.AnthropicError) as raised: return type(raised).__name__
    return "nothing was raised"

call = chat(False, tools=tools["chat"]).tool_calls[0].function
said = {"tools": [[call.name, call.arguments], streamed_arguments()]}
call = responses(tools=tools["responses"])
said["tools"] += [[call.name, call.arguments]]
for stream in (False, True):
    call = messages(stream, tools=tools["messages"])
    said["tools"] += [[call.name, json.dumps(call.input)]]
said["streams"] = ["".join(delta.content or "" for delta in chat(True)), messages(True).text]
said["errors"] = [error(call, *given) for _ in range(3) for call, *given in ((chat, False), (messages, False))]
said["broken streams"] = [error(chat, True), error(messages, True)]
searches = [{"type": "web_search_20250305", "name": "x"}]
said["refused"] = [error(chat, False, tools=[{"type": "web_search"}]), error(messages, False, tools=searches),
                   error(chat, False, store=True)]
end()
print(json.dumps(said))
"""
ERRORS = [(400, "BadRequestError"), (401, "AuthenticationError"), (404, "NotFoundError")]


def test_both_clients_work_unchanged_with_tools_streams_and_errors(rig: Rig) -> None:
    with FakeProvider() as provider:
        provider.script(*[Say("", "submit", '{"a": 1}')] * 5, *[Say("hello from outside", piece=3)] * 2)
        provider.script(*[Fail(status) for status, _ in ERRORS for _ in range(2)], *[Cut()] * 2)
        run = replace(rig, provider_url=provider.base_url).run(CALLS)
    said = run.said()
    assert said["tools"] == [["submit", '{"a": 1}']] * 5
    assert said["streams"] == ["hello from outside"] * 2
    assert said["errors"] == [name for _, name in ERRORS for _ in range(2)]
    assert all(name.endswith("Error") for name in said["broken streams"])
    assert said["refused"] == ["BadRequestError"] * 3
    assert len(provider.received) == 15 and all(KEY in str(one.headers) for one in provider.received)
    assert run.record.usage.refused == 3
    records = list(read_transcript(run.folder.transcript))
    assert [one.outcome for one in records[:15]] == ["answered"] * 13 + ["cut"] * 2
    assert KEY not in run.folder.transcript.read_text() and KEY not in run.box.log
