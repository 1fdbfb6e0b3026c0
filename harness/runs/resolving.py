"""Resolves what a command says of its runs into plans: data, image, prompts, limits.

Every choice is checked before the first container starts, so that a typing error costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from harness.agents import choose
from harness.config import Settings
from harness.errors import UserError
from harness.results.layout import Results
from harness.runs import before_runs, prompt_check, promptset, recorded_order
from harness.runs.ground import Ground
from harness.runs.plan import RunPlan
from harness.runs.presets import Preset, preset
from harness.sandbox.base import Gpus, Limits
from harness.verbs.choices import BenchOptions
from harness.verbs.progress import Say

if TYPE_CHECKING:
    from harness.agents.spec import OtherAgent
    from harness.data.manifest import Prepared
    from harness.data.search_view import SearchView
    from harness.gateway.providers.base import Provider
    from harness.machine.images import ImageRef
    from harness.specs.competition import Competition
    from harness.specs.descriptions import Description


@dataclass(frozen=True)
class Checked:
    """What the choices come to, as far as it can be known without engine and data."""

    other: OtherAgent | None
    preset: Preset
    competitions: Sequence[Competition]
    prompts: promptset.PromptSet
    limits: Limits
    gpus: Gpus | None


@dataclass
class Resolver:
    """Of one agent, model and prompt set."""

    settings: Settings
    options: BenchOptions
    say: Say
    ground: Ground

    def check(self) -> Checked:
        """Check everything that needs neither engine nor data; raise `UserError`."""
        from harness.specs import catalogue

        options, settings = self.options, self.settings
        options.check()
        if options.reuse is not None:
            Results(settings.results).existing_group(options.reuse)
        other = choose.other(options, settings)
        if other is not None:
            self.options = options = choose.with_limits(options, other)
            if other.spec.answers:
                self.say(f"{other.name} is SHOWN THE ANSWERS: a test, whose runs are marked and in no rate")
        chosen = choose.as_preset(other) if other else self._preset()
        known = catalogue.of(settings)
        loaded = [known.load(name) for name in options.competitions]
        prompts = promptset.NONE if other else self.prompt_set(chosen)
        limits, gpus = options.limits(chosen), Gpus.parse(options.gpus)
        self.refuse_model()
        if options.validation == "hidden-split":
            self._refuse_hidden_split(loaded, other)
        before_runs.refuse_results_folder(settings.results)
        if options.replay is not None:
            recorded_order.refuse_other_workers(options.replay, options.workers)
        return Checked(other, chosen, loaded, prompts, limits, gpus)

    def resolve(self, checked: Checked, group: Callable[[], str]) -> list[RunPlan]:
        """Have data and image, prepared and built where that is still to do; then name the group."""
        options, settings, limits = self.options, self.settings, checked.limits
        prepared = [
            (item, data, self.view(item, data)) for item in checked.competitions for data in (self._data(item),)
        ]
        image = self.image(checked.gpus, checked.other)
        limits, cpus = self.ground.fitting(options, image, limits, self.say)
        reach, cache = self.ground.reach(settings, options, self.say)
        if cache is not None and image.kind == "cpu":
            if cache.told != cache.told_without_gpu_image:
                self.say("some of what lies ready needs the image with torch (--gpus); agents are not told of that")
            cache = cache.without_gpu_image()
        if options.where.is_here:
            most = min(options.jobs, len(options.seeds) * len(prepared)) * limits.workspace_bytes
            before_runs.point_out_disk(settings.workspaces, most, self.say)
        name = group()
        return [
            RunPlan(
                group=name,
                competition=item.at(data.manifest.edition),
                prepared=data,
                preset=checked.preset,
                model=options.model,
                model_options=options.models,
                seed=seed,
                steps=options.steps or checked.preset.search.steps,
                wall_seconds=limits.wall_seconds,
                candidate_timeout_seconds=options.candidate_timeout_seconds or checked.preset.candidate_timeout_seconds,
                limits=limits,
                gpus=checked.gpus,
                gpus_text=options.gpus,
                prompts=checked.prompts,
                image=image,
                other=checked.other,
                budget_usd=options.budget,
                budget_tokens=options.budget_tokens,
                clock=options.clock,
                workers=options.workers,
                replay=options.replay,
                description=self._description(item, data),
                arguments=options.arguments(item.id, seed),
                configuration=options.configuration,
                view=view,
                egress=reach,
                cache=cache,
                runtime=options.runtime,
                host_cpus=cpus,
            )
            for item, data, view in prepared
            for seed in options.seeds
        ]

    def _data(self, item: Competition) -> Prepared:
        """The same for every arm."""
        if item.id not in self.ground.data:
            self.ground.data[item.id] = self.prepare(item)
        return self.ground.data[item.id]

    def _preset(self) -> Preset:
        """Our own agent's configuration with what the command says of it."""
        options = self.options
        return options.gates.on(preset(options.agent, options.search).blending(options.ensemble))

    def prompt_set(self, chosen: Preset) -> promptset.PromptSet:
        """Read the prompt set; one of the user's own is checked first, since a mistake would show in the box only."""
        name_or_folder = self.options.prompts or chosen.prompt_set
        found = promptset.find(name_or_folder, self.settings.prompts)
        if "/" in name_or_folder:
            prompt_check.usable(promptset.folder_of(name_or_folder, self.settings.prompts), self.settings.root)
        if chosen.search.leakage_review and "leakage.md" not in found.files:
            raise UserError(
                f"the prompt set {name_or_folder} has no leakage.md, by which suspect scores are looked at again. Take "
                "one of a set that ships (agent/prompts/aide/leakage.md), or leave that out: --no-leakage-review"
            )
        return found

    def _description(self, item: Competition, prepared: Prepared) -> Description:
        from harness.specs import descriptions

        chosen = descriptions.choose(self.options.description, item, prepared, self.settings.home)
        return chosen if self.options.validation == "self" else replace(chosen, note=descriptions.HELD_BACK_NOTE)

    def _refuse_hidden_split(self, competitions: Sequence[Competition], other: OtherAgent | None) -> None:
        """Held-back rows guide our own agent's search, where a competition's split allows it."""
        from harness.data import prepare_search

        if other is not None:
            raise UserError(
                f"--validation hidden-split is for Podium's own agent: of {other.name} no script is known that could "
                "be run once more on all training data. Leave the option out"
            )
        for item in competitions:
            prepare_search.refuse(item, self.options.edition)

    def refuse_model(self) -> None:
        """An unknown model, a missing key or an unknown price ends here."""
        from harness.gateway.prices import refuse_unpriced

        traits = self.provider(self.options.all_models, self.options.seeds[0]).traits
        if self.options.budget is not None:
            refuse_unpriced(traits.prices, traits.models)

    def image(self, gpus: Gpus | None, other: OtherAgent | None = None) -> ImageRef:
        """The agent's image, made ready once; GPUs are tried before, on the small base: theirs has several GB."""
        from harness.agents.image import ensure
        from harness.machine.gpu_request import refuse_what_cannot_be
        from harness.machine.gpus import Inventory
        from harness.machine.images import ensure_base, ensure_image

        if gpus and self.options.where.is_here:
            here, environ = self.ground.gpus or Inventory(), self.settings.environ
            base = partial(ensure_base, self.settings, self.say)
            refuse_what_cannot_be(self.ground.client, base, gpus, here, environ, self.say)
        if other is not None:
            return ensure(other, self.settings, self.say)
        return ensure_image("gpu" if gpus else "cpu", self.settings, self.say)

    def prepare(self, item: Competition) -> Prepared:
        """The competition's data, prepared where that is still to do."""
        from harness.data.prepare import prepare

        prepared = prepare(
            item,
            data_home=self.settings.data,
            raw=self.options.raw,
            stand_in=self.options.stand_in,
            edition=self.options.edition,
            environ=self.settings.environ,
            progress=self.say,
        )
        if prepared.manifest.stand_in:
            self.say(f"{item.id}: STAND-IN data (synthetic). Scores say nothing about the real competition.")
            if not self.options.stand_in:
                self.say(
                    f"{item.id}: for real data give what you have (--raw FOLDER_OR_ZIP; make: RAW=…), "
                    "or Kaggle credentials: podium doctor says where"
                )
        return prepared

    def view(self, item: Competition, prepared: Prepared) -> SearchView | None:
        """What the search sees where training rows are held back to guide it."""
        if self.options.validation == "self":
            return None
        from harness.data.prepare_search import prepare_search

        return prepare_search(
            item, prepared, data_home=self.settings.data, environ=self.settings.environ, progress=self.say
        )

    def provider(self, models: Sequence[str], seed: int) -> Provider:
        """Who answers model calls: a recorded transcript where one is given, else each model's provider."""
        from harness.gateway.providers import PRICES_VARIABLE, provider_for, replay_of

        if self.options.replay:
            return replay_of(self.options.replay)
        stated = {PRICES_VARIABLE: str(self.options.prices)} if self.options.prices else {}
        return provider_for(models, {**self.settings.environ, **stated}, seed=seed)
