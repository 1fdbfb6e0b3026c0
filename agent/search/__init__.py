"""Search policies by name: strategies decide, the loop acts."""

from __future__ import annotations

from collections.abc import Callable

from agent.contract import SearchSettings
from agent.search.base import SearchPolicy
from agent.search.greedy import Greedy

POLICIES: dict[str, Callable[[SearchSettings], SearchPolicy]] = {
    "greedy": Greedy.from_settings,
}


def policy_for(settings: SearchSettings) -> SearchPolicy:
    """Build the policy that the settings name."""
    if settings.policy not in POLICIES:
        raise ValueError(f"no search policy is called {settings.policy!r}; there are: {', '.join(sorted(POLICIES))}")
    return POLICIES[settings.policy](settings)
