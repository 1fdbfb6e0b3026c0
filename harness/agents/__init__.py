"""Agents that are not ours, in the same box: what says how to run one, its image, and what it finds inside.

Their candidates run inside their own boundary, so their records say `candidate_isolation: none`.
"""

from __future__ import annotations

from harness.agents.spec import AgentSpec, OtherAgent, find, shipped

__all__ = ["AgentSpec", "OtherAgent", "find", "shipped"]
