"""The real openai and anthropic clients work unchanged through the gateway, whoever answers behind it."""

import json

import pytest

from harness.gateway.providers.fake import Say
from harness.gateway.providers.offline_wire import OfflineProvider
from harness.gateway.providers.replay import ReplayProvider

USER = [{"role": "user", "content": "hi"}]
SCHEMA = {"type": "object", "properties": {}}
CHAT_TOOL = {"type": "function", "function": {"name": "submit_review", "parameters": SCHEMA}}
RESPONSES_TOOL = {"type": "function", "name": "submit_review", "parameters": SCHEMA, "strict": False}
MESSAGES_TOOL = {"name": "submit_review", "input_schema": SCHEMA}


class Calls:
    """Every kind of call, by name; each returns what the SDK made of the answer."""

    def __init__(self, openai, anthropic, model):
        self.openai, self.anthropic, self.model = openai, anthropic, model

    def chat(self):
        return self.openai.chat.completions.create(model=self.model, messages=USER).choices[0].message.content

    def chat_stream(self):
        chunks = self.openai.chat.completions.create(model=self.model, messages=USER, stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

    def chat_tool(self):
        made = self.openai.chat.completions.create(model=self.model, messages=USER, tools=[CHAT_TOOL])
        call = made.choices[0].message.tool_calls[0].function
        return call.name, json.loads(call.arguments)

    def chat_tool_stream(self):
        with self.openai.chat.completions.stream(model=self.model, messages=USER, tools=[CHAT_TOOL]) as stream:
            call = stream.get_final_completion().choices[0].message.tool_calls[0].function
        return call.name, json.loads(call.arguments)

    def responses(self):
        return self.openai.responses.create(model=self.model, input="hi", instructions="be brief").output_text

    def responses_stream(self):
        with self.openai.responses.stream(model=self.model, input="hi") as stream:
            return stream.get_final_response().output_text

    def responses_tool(self):
        made = self.openai.responses.create(model=self.model, input=USER, tools=[RESPONSES_TOOL])
        return made.output[-1].name, json.loads(made.output[-1].arguments)

    def messages(self):
        made = self.anthropic.messages.create(model=self.model, max_tokens=100, messages=USER)
        return made.content[0].text

    def messages_stream(self):
        with self.anthropic.messages.stream(model=self.model, max_tokens=100, messages=USER) as stream:
            return "".join(stream.text_stream)

    def messages_tool(self):
        made = self.anthropic.messages.create(
            model=self.model, max_tokens=100, messages=USER, tools=[MESSAGES_TOOL], system="be brief"
        )
        return made.content[-1].name, made.content[-1].input

    def messages_tool_stream(self):
        with self.anthropic.messages.stream(
            model=self.model, max_tokens=100, messages=USER, tools=[MESSAGES_TOOL]
        ) as stream:
            last = stream.get_final_message().content[-1]
        return last.name, last.input


TEXT_CALLS = ["chat", "chat_stream", "responses", "responses_stream", "messages", "messages_stream"]
TOOL_CALLS = ["chat_tool", "chat_tool_stream", "responses_tool", "messages_tool", "messages_tool_stream"]


@pytest.fixture(params=["upstream", "offline", "replay"])
def calls(request, bench, fake, upstream, echo):
    """The same calls in front of each provider; replay answers from a recording of the fake one."""

    def through(provider, model):
        gateway = bench.gateway(provider)
        return Calls(bench.openai(gateway), bench.anthropic(gateway), model), gateway

    if request.param == "offline":
        return through(OfflineProvider(echo, seed=7), "offline")[0]
    live, gateway = through(upstream(), "model-a")
    if request.param == "upstream":
        return _answering(live, fake)
    for name in TEXT_CALLS + TOOL_CALLS:
        getattr(_answering(live, fake), name)()
    return through(ReplayProvider(gateway.folder / "llm.jsonl"), "model-a")[0]


def _answering(live, fake):
    """The fake provider says what the echo coder would."""

    class Scripted:
        def __getattr__(self, name):
            step = Say("", "submit_review", '{"seed": 7}') if name in TOOL_CALLS else Say("7: hi")
            fake.script(step)
            return getattr(live, name)

    return Scripted()


@pytest.mark.parametrize("name", TEXT_CALLS)
def test_text_arrives(calls, name):
    assert getattr(calls, name)() == "7: hi"


@pytest.mark.parametrize("name", TOOL_CALLS)
def test_tool_calls_arrive(calls, name):
    assert getattr(calls, name)() == ("submit_review", {"seed": 7})


def test_embeddings_arrive(bench, upstream):
    client = bench.openai(bench.gateway(upstream()))

    made = client.embeddings.create(model="model-a", input=["a text"], encoding_format="float")

    assert made.data[0].embedding == [0.5, -0.5] and made.usage.prompt_tokens == 100


def test_tokens_are_counted_without_spending(bench, upstream, fake, records):
    gateway = bench.gateway(upstream("anthropic"))

    counted = bench.anthropic(gateway).messages.count_tokens(model="model-a", messages=USER)

    assert counted.input_tokens == 100 and gateway.usage().input_tokens == 0
    assert fake.received[0].path == "/v1/messages/count_tokens"


def test_both_sdks_list_only_the_models_of_the_run(bench, upstream):
    gateway = bench.gateway(upstream(models=("model-b", "model-a")))

    assert [model.id for model in bench.openai(gateway).models.list()] == ["model-a", "model-b"]
    assert [model.id for model in bench.anthropic(gateway).models.list()] == ["model-a", "model-b"]


def test_offline_answers_depend_on_the_requests_seed(bench, echo):
    client = bench.openai(bench.gateway(OfflineProvider(echo, seed=7)))

    made = client.chat.completions.create(model="offline", messages=USER, seed=3)

    assert made.choices[0].message.content == "3: hi"


def test_every_api_reaches_the_offline_coder_as_the_same_conversation(bench):
    heard = []

    class Listener:
        def answer(self, messages, tools, seed):
            heard.append([(message["role"], message.get("content")) for message in messages])
            return type("Said", (), {"text": "ok", "tool_name": None, "tool_arguments": None})()

    gateway = bench.gateway(OfflineProvider(Listener()))
    openai, anthropic = bench.openai(gateway), bench.anthropic(gateway)
    system = {"role": "system", "content": "be brief"}

    openai.chat.completions.create(model="offline", messages=[system, *USER])
    openai.responses.create(model="offline", instructions="be brief", input="hi")
    openai.responses.create(
        model="offline", input=[system, {"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]
    )
    anthropic.messages.create(
        model="offline", max_tokens=9, system=[{"type": "text", "text": "be brief"}], messages=USER
    )

    assert heard == [[("system", "be brief"), ("user", "hi")]] * 4
