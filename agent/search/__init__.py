"""Search policies by name: strategies decide, the loop acts."""

from __future__ import annotations

from collections.abc import Callable

from agent.contract import SearchSettings
from agent.search.base import SearchPolicy
from agent.search.best_of_n import BestOfN
from agent.search.endgame import EndGame
from agent.search.evolution import Evolution
from agent.search.greedy import Greedy
from agent.search.mcts import Mcts
from agent.search.patience import Patience
from agent.search.top_k import TopK

POLICIES: dict[str, Callable[[SearchSettings], SearchPolicy]] = {
    "greedy": Greedy.from_settings,
    "best-of-n": BestOfN.from_settings,
    "mcts": Mcts.from_settings,
    "evolution": Evolution.from_settings,
    "top-k": TopK.from_settings,
}


def policy_for(settings: SearchSettings) -> SearchPolicy:
    """Build the policy that the settings name, with the patience and the end game that they give it."""
    if settings.policy not in POLICIES:
        raise ValueError(f"no search policy is called {settings.policy!r}; there are: {', '.join(sorted(POLICIES))}")
    policy = POLICIES[settings.policy](settings)
    if settings.patience:
        policy = Patience(policy, settings.patience)
    return EndGame(policy, settings.ensemble_share) if settings.ensemble_share else policy
