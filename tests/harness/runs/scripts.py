"""A model in the same process whose scripts take no time, for tests of whole runs."""

import json

from harness.gateway.fingerprint import fingerprint
from harness.gateway.providers.base import ProviderResponse, Traits

SCRIPT = """
import shutil
shutil.copy("input/sample_submission.csv", "working/submission.csv")
print("validation score:", {score})
"""


class Scripts:
    """A model that writes small scripts; what it writes follows from what it is asked, without what is volatile."""

    name = "scripts"
    traits = Traits(live=False)

    async def send(self, request):
        key = fingerprint(request.path, {"messages": request.body["messages"], "seed": request.body.get("seed")})
        if request.body.get("tools"):
            arguments = json.dumps({"is_bug": False, "summary": f"Fine: {key[:6]}.", "metric": None})
            call = {"id": "c", "type": "function", "function": {"name": "submit_review", "arguments": arguments}}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
        else:
            code = SCRIPT.format(score=int(key[:8], 16) / 16**8)
            message = {"role": "assistant", "content": f"Plan {key[:6]}.\n```python\n{code}```"}
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        reply = {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": choices, "usage": usage}
        return ProviderResponse(200, {"content-type": "application/json"}, json.dumps(reply).encode())

    async def aclose(self):
        """Nothing to close."""
