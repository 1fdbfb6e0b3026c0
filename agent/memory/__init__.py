"""AIDE's summarization operator: what of the tree goes into the next prompt, within a budget of tokens.

`good` is AIDE's own: every working solution that fits. `rest` is the whole tree while it is small and a digest after
that. `kin` are the relatives of the node that is worked on. Which of them a prompt shows is its template's choice.
All are deterministic and hold no code.
"""

from __future__ import annotations

from agent.memory.good import good
from agent.memory.kin import ancestry, complexity, kin_of, siblings
from agent.memory.rest import rest

__all__ = ["ancestry", "complexity", "good", "kin_of", "rest", "siblings"]
