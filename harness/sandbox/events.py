"""What the engine says happened to a container: it keeps the last few hundred events of all."""

from __future__ import annotations

import json
import time
from typing import Any

from harness.sandbox.failure import engine_errors

EVENTS_SECONDS = 30


def events(container: Any, since: int, action: str) -> list[dict[str, Any]]:
    """The container's events of one kind since a moment of the engine's clock (Unix time), the oldest first."""
    api = container.client.api
    params = {
        "since": since,
        "until": f"{time.time():.6f}",  # a moment in the future would be waited for
        "filters": json.dumps({"container": [container.id], "event": [action]}),
    }
    with engine_errors():
        # Not the SDK's own `events`: that waits for a silent engine without end.
        answer = api.get(api._url("/events"), params=params, timeout=EVENTS_SECONDS)
        answer.raise_for_status()
    return [json.loads(line) for line in answer.text.splitlines()]


def killed_with(container: Any, exit_code: int | None) -> int | None:
    """The signal by which somebody ended a container through the engine; None where its exit code tells of none.

    Nothing in a container can ask the engine for that, so such an end is never the agent's own.
    """
    signals = [int(one["Actor"]["Attributes"].get("signal", 0)) for one in events(container, 0, "kill")]
    fitting = [signal for signal in signals if exit_code == 128 + signal]
    return fitting[-1] if fitting else None
