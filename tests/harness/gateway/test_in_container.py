"""From inside the real image, without any network, both SDKs reach the provider through the socket alone."""

import json

import pytest

from harness.contract import DOOR, SOCKET_NAME
from harness.gateway.providers.fake import Say

pytestmark = pytest.mark.engine

SCRIPT = f"""
import json, openai, anthropic, httpx2

def transport():
    return httpx2.HTTPTransport(uds="{DOOR}/{SOCKET_NAME}")

user = [{{"role": "user", "content": "hi"}}]
o = openai.OpenAI(
    api_key="podium", base_url="http://podium/v1", http_client=openai.DefaultHttpxClient(transport=transport())
)
a = anthropic.Anthropic(
    api_key="podium", base_url="http://podium", http_client=anthropic.DefaultHttpxClient(transport=transport())
)
chunks = o.chat.completions.create(model="model-a", messages=user, stream=True)
with a.messages.stream(model="model-a", max_tokens=50, messages=user) as stream:
    streamed = stream.get_final_message().content[0].text
print(json.dumps({{
    "chat": o.chat.completions.create(model="model-a", messages=user).choices[0].message.content,
    "chat_stream": "".join(chunk.choices[0].delta.content or "" for chunk in chunks),
    "responses": o.responses.create(model="model-a", input="hi").output_text,
    "embeddings": o.embeddings.create(model="model-a", input="hi", encoding_format="float").data[0].embedding,
    "messages": a.messages.create(model="model-a", max_tokens=50, messages=user).content[0].text,
    "messages_stream": streamed,
}}))
"""


def test_both_sdks_work_from_a_container_without_network(bench, fake, upstream, engine, image, key):
    fake.script(*[Say("hello from outside")] * 6)
    gateway = bench.gateway(upstream())
    container = engine.containers.create(
        image.tag,
        entrypoint=["/opt/agent/bin/python", "-I", "-c", SCRIPT],
        user="10001:10001",
        network_mode="none",
        read_only=True,
        cap_drop=["ALL"],
        volumes={str(gateway.socket.parent): {"bind": DOOR, "mode": "ro"}},
        labels={"podium": "test"},
    )
    try:
        container.start()
        status = container.wait(timeout=60)["StatusCode"]
        output = container.logs().decode()
    finally:
        container.remove(force=True)

    assert status == 0, output
    said = json.loads(output.splitlines()[-1])
    assert said.pop("embeddings") == [0.5, -0.5] and set(said.values()) == {"hello from outside"}
    assert gateway.usage().calls == 6 and key not in output
