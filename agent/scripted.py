"""Stand-ins that ship: a model, an interpreter and a gateway that do what they are told and nothing else.

The tests and the measurement of our own overhead drive the real loop with these. They check and isolate nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.contract import CandidateLimits, CheckReply, Event, ScoreReply, StatusReply
from agent.interpreter import NO_INPUTS, Execution
from agent.llm.base import Reply, Request, Usage


@dataclass
class ScriptedLLM:
    """A model that answers from a list, or from a function of the request; keeps every request it was sent.

    An exception in the list is raised instead of returned.
    """

    answers: Callable[[Request], Reply | str] | Iterable[Reply | str | Exception]
    requests: list[Request] = field(default_factory=list)
    name: str = "scripted"

    def __post_init__(self) -> None:
        self._listed = None if callable(self.answers) else iter(self.answers)
        self._lock = threading.Lock()

    def complete(self, request: Request) -> Reply:
        """Give the next answer; plain text is counted as a token for four characters."""
        with self._lock:
            self.requests.append(request)
            listed = None if self._listed is None else next(self._listed)
        answer = listed if listed is not None else self.answers(request)  # type: ignore[operator]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Reply):
            return answer
        tokens = sum(len(message.text) for message in request.messages) // 4
        return Reply(text=answer, usage=Usage(tokens, len(answer) // 4), model="scripted")


@dataclass
class ScriptedInterpreter:
    """An interpreter that runs nothing: a function of the code says what would have happened."""

    outcome_of: Callable[[str], Execution]
    limits: list[CandidateLimits] = field(default_factory=list)
    inputs: list[Mapping[str, Path]] = field(default_factory=list)
    sampled: list[bool] = field(default_factory=list)
    closed: bool = False

    def run(
        self,
        code: str,
        node_dir: Path,
        limits: CandidateLimits,
        inputs: Mapping[str, Path] = NO_INPUTS,
        *,
        sampled: bool = False,
    ) -> Execution:
        """Lay the node's files out as a real interpreter does, and return what the function says."""
        self.limits.append(limits)
        self.inputs.append(inputs)
        self.sampled.append(sampled)
        node_dir.mkdir(parents=True, exist_ok=True)
        execution = self.outcome_of(code)
        (node_dir / "solution.py").write_text(code, encoding="utf-8")
        (node_dir / "output.txt").write_text(execution.output, encoding="utf-8")
        return execution

    def close(self) -> None:
        """Note that the run is over."""
        self.closed = True


@dataclass
class MemoryGateway:
    """A gateway in the same process: keeps events, and answers status and checks as told."""

    reply: StatusReply = field(default_factory=lambda: StatusReply(0.0, 0.0, 3600.0, stop=False))
    check_reply: CheckReply = field(default_factory=lambda: CheckReply(valid=True))
    score_reply: ScoreReply = field(default_factory=lambda: ScoreReply(valid=True, score=0.5))
    events: list[Event] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def report(self, event: Event) -> None:
        """Keep an event."""
        with self._lock:
            self.events.append(event)

    def check(self, node_id: str, submission: Path) -> CheckReply:
        """Answer every check alike."""
        self.checked.append(node_id)
        return self.check_reply

    def score(self, node_id: str, submission: Path) -> ScoreReply:
        """Give every submission the same score."""
        self.checked.append(node_id)
        return self.score_reply

    def status(self) -> StatusReply:
        """Say how much is left."""
        return self.reply
