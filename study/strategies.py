"""What is compared: search settings with a name. The first is what the others are compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from zlib import crc32

from agent.contract import SearchSettings


@dataclass(frozen=True)
class Strategy:
    """One configuration of the search."""

    name: str
    search: SearchSettings
    workers: int = 1
    prompts: str = "aide"  # of the offline coder, who writes down what a blend needs only where a prompt asks for it

    @property
    def tag(self) -> str:
        """Names it with all that it is: other settings under the same name are another strategy."""
        return f"{self.name} #{crc32(repr((self.search, self.workers, self.prompts)).encode()):08x}"

    def with_steps(self, steps: int) -> SearchSettings:
        return replace(self.search, steps=steps)


def _settings(
    policy: str, debug_prob: float, depth: int, drafts: int = 5, patience: int = 0, ensemble_share: float = 0.0
) -> SearchSettings:
    return SearchSettings(policy, 1, drafts, debug_prob, depth, 5, patience=patience, ensemble_share=ensemble_share)


AIDE = Strategy("greedy (aide)", _settings("greedy", 0.5, 3))
STRATEGIES: tuple[Strategy, ...] = (
    AIDE,
    Strategy("greedy, deep debug", _settings("greedy", 1.0, 20)),
    Strategy("greedy, chains of 20", _settings("greedy", 0.5, 20)),
    Strategy("greedy, 3 drafts", _settings("greedy", 0.5, 3, drafts=3)),
    Strategy("greedy, 3 drafts, chains of 20", _settings("greedy", 0.5, 20, drafts=3)),
    Strategy("greedy, 3 drafts, deep debug", _settings("greedy", 1.0, 20, drafts=3)),
    Strategy("greedy, 8 drafts", _settings("greedy", 0.5, 3, drafts=8)),
    Strategy("greedy, patience 8", _settings("greedy", 0.5, 3, patience=8)),
    Strategy("greedy, blends at the end", _settings("greedy", 0.5, 3, ensemble_share=0.15)),
    Strategy("best of n", _settings("best-of-n", 0.5, 3)),
    Strategy("mcts, deep debug", _settings("mcts", 1.0, 20)),
    Strategy("evolution", _settings("evolution", 0.5, 3)),
    Strategy("evolution, deep debug", _settings("evolution", 1.0, 20)),
    Strategy("top-k", _settings("top-k", 0.5, 3)),
    Strategy("top-k, deep debug", _settings("top-k", 1.0, 20)),
)
WITH_PROMPTS: tuple[Strategy, ...] = (
    Strategy("greedy, deep debug, prompts best", _settings("greedy", 1.0, 20), prompts="best"),
    Strategy(
        "greedy, deep debug, prompts best, blends at the end",
        _settings("greedy", 1.0, 20, ensemble_share=0.25),
        prompts="best",
    ),
)
PARALLEL: tuple[Strategy, ...] = tuple(
    Strategy(f"{policy}, {workers} workers", _settings(policy, 0.5, 3), workers)
    for policy in ("greedy", "mcts", "evolution", "top-k")
    for workers in (1, 4)
)
