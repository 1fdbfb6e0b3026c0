"""Agent configurations with a name: AIDE's published ones, and ours. Flags of a command override single values.

`aide` is the released agent's default configuration, `aide-mle-bench` the one that MLE-bench ran (debugging always
preferred, deep chains, 500 steps in 24 hours). As in the released code, a chain of debugs may reach
`max_debug_depth` + 1 nodes. `best` is what was measured to beat them (AIRA-dojo, arXiv 2507.02554): chains of debugs
may be long; its prompts scope the memory and ask for more the more was tried. Its last steps blend the best solutions.
Three drafts with a coin for debugging came out narrowly ahead of AIDE's five in runs of 20 steps on simulated
landscapes, debugging always behind (docs/study.md); long chains, and the offline coder, tell no difference.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from harness.contract import POLICIES, SearchSettings
from harness.errors import UserError

HOUR = 3600.0


@dataclass(frozen=True)
class Preset:
    """One named agent configuration. Temperatures are what the paper's agent asks for."""

    name: str
    search: SearchSettings
    candidate_timeout_seconds: float
    wall_seconds: float
    prompt_set: str
    code_temperature: float | None
    review_temperature: float | None

    def blending(self, share: float | None) -> Preset:
        """The same with another part of the run left to blending: another agent, and called so: `aide-ensemble0.2`."""
        if share is None or share == self.search.ensemble_share:
            return self
        search = self.search.model_copy(update={"ensemble_share": share})
        return replace(self, name=f"{self.name}-ensemble{share:g}", search=search)


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="aide",
            search=SearchSettings(steps=20, num_drafts=5, debug_prob=0.5, max_debug_depth=3, k_fold=5),
            candidate_timeout_seconds=1 * HOUR,
            wall_seconds=24 * HOUR,
            prompt_set="aide",
            code_temperature=0.5,
            review_temperature=0.5,
        ),
        Preset(
            name="aide-mle-bench",
            search=SearchSettings(steps=500, num_drafts=5, debug_prob=1.0, max_debug_depth=20, k_fold=5),
            candidate_timeout_seconds=9 * HOUR,
            wall_seconds=24 * HOUR,
            prompt_set="aide",
            code_temperature=1.0,
            review_temperature=0.5,
        ),
        Preset(
            name="best",
            search=SearchSettings(
                steps=20,
                num_drafts=3,
                debug_prob=0.5,
                max_debug_depth=20,
                k_fold=5,
                reuse_outcomes=True,
                ensemble_share=0.15,
                sample_first=True,
                leakage_review=True,
            ),
            candidate_timeout_seconds=1 * HOUR,
            wall_seconds=24 * HOUR,
            prompt_set="best",
            code_temperature=0.6,
            review_temperature=0.5,
        ),
    )
}


@dataclass(frozen=True)
class Gates:
    """What a user says of the gates that a node passes, and of repetition; None leaves it to the agent."""

    sample_first: bool | None = None
    leakage_review: bool | None = None
    reuse_outcomes: bool | None = None
    patience: int | None = None

    def on(self, preset: Preset) -> Preset:
        """Return the preset with these gates."""
        said = {name: value for name, value in asdict(self).items() if value is not None}
        return replace(preset, search=preset.search.model_copy(update=said)) if said else preset


def preset(name: str, policy: str | None = None) -> Preset:
    """Look a preset up, its search policy exchanged if one is named; raise `UserError` with the names that exist.

    With another policy it is another agent, and called so: `aide-mcts`.
    """
    try:
        found = PRESETS[name]
    except KeyError:
        known = ", ".join(sorted(PRESETS))
        raise UserError(f"no agent {name!r}; ours are: {known}. Others, and the form of one: podium agents") from None
    if policy is None or policy == found.search.policy:
        return found
    if policy not in POLICIES:
        raise UserError(f"no search policy {policy!r}; there are: {', '.join(POLICIES)}. Try: --search mcts")
    return replace(found, name=f"{name}-{policy}", search=found.search.model_copy(update={"policy": policy}))
