"""A model that could not be had once is not asked again: waiting for it at every step would cost a run its time.

Only for a model that has a fallback; without one, a model that can't be had ends the run.
"""

from __future__ import annotations

from agent.ends import ModelUnavailable
from agent.llm.base import LLM, Reply, Request


class OnceAbsent:
    """`LLM` over another one, until that is unavailable. The gateway has tried for minutes by then."""

    def __init__(self, llm: LLM) -> None:
        self._llm = llm
        self._why: str | None = None

    @property
    def name(self) -> str:
        """See `LLM.name`."""
        return self._llm.name

    def complete(self, request: Request) -> Reply:
        """See `LLM.complete`."""
        if self._why is not None:
            raise ModelUnavailable(self._why)
        try:
            return self._llm.complete(request)
        except ModelUnavailable as unavailable:
            self._why = str(unavailable)
            raise
