"""What to improve: every single change that a recipe admits, and the choice of one not tried before.

A change touches one part of a recipe, so that its effect can be told from the score. What was tried is recognised in
memory by the change's label, which names the base as well: the same step on another model is another experiment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from harness.gateway.providers.offline.approaches import Problem, names_family, same_idea, usable
from harness.gateway.providers.offline.families import FAMILIES, Tuning
from harness.gateway.providers.offline.features import STEPS, in_order, reasons
from harness.gateway.providers.offline.metrics import METRICS
from harness.gateway.providers.offline.reading import Tried
from harness.gateway.providers.offline.recipe import Blend, Encoding, Member, Param, Recipe
from harness.gateway.providers.offline.render import IN_ORDER
from harness.gateway.providers.offline.wording import models_title

_MOST_MEMBERS = 4
_REPEATS = (2, 3)  # seeds to average over: every further one costs as much and brings less


@dataclass(frozen=True)
class Change:
    """One step from a recipe. `label` says what changes, `reason` why it may help, `weight` how much is hoped of it."""

    label: str
    reason: str
    recipe: Recipe
    weight: float


def choose(recipe: Recipe, problem: Problem, memory: Sequence[Tried], rng: Random) -> Change | None:
    """Draw one untried change by weight; None when all that we know of was tried."""
    found = changes(recipe, problem, memory)
    fresh = [change for change in found if not any(same_idea(f"Change: {change.label}", tried) for tried in memory)]
    return rng.choices(fresh, [change.weight for change in fresh])[0] if fresh else None


def changes(recipe: Recipe, problem: Problem, memory: Sequence[Tried] = ()) -> list[Change]:
    """All changes of one part, in a fixed order."""
    found = [
        *_partners(recipe, problem, memory),
        *_fewer_members(recipe),
        *_weights(recipe),
        *_more_seeds(recipe),
        *_feature_steps(recipe, problem),
        *_settings(recipe),
        *_more_rows(recipe, problem),
        *_encodings(recipe, problem),
        *_target(recipe, problem),
    ]
    return [replace(change, label=f"{change.label} ({models_title(recipe)})") for change in found]


def _partners(recipe: Recipe, problem: Problem, memory: Sequence[Tried]) -> Iterator[Change]:
    """Blend with another family; one that memory saw do well is worth more."""
    if len(recipe.members) >= _MOST_MEMBERS:
        return
    hopes = _hopes(recipe, memory)
    for name, family in FAMILIES.items():
        if name in recipe.families or not usable(family, problem):
            continue
        params = tuple(family.start(recipe.task, problem.rows).items())
        yield Change(
            f"blend with {family.title}",
            "Models of different kinds err on different rows, so their average errs less.",
            replace(recipe, members=(*recipe.members, Member(name, params))),
            hopes.get(name, 0.8) / len(recipe.members),
        )


def _hopes(recipe: Recipe, memory: Sequence[Tried]) -> dict[str, float]:
    """What to hope of each family as a partner, by how near the best its own best score came; a weak one drags."""
    scores: dict[str, float] = {}
    for attempt in memory:
        named = [name for name in FAMILIES if names_family(attempt.plan, name)]
        if attempt.score is not None and len(named) == 1:
            value = attempt.score if METRICS[recipe.metric].higher else -attempt.score
            scores[named[0]] = max(value, scores.get(named[0], value))
    best, worst = max(scores.values(), default=0.0), min(scores.values(), default=0.0)
    spread = best - worst or 1.0
    return {name: 0.2 + 8.0 * ((value - worst) / spread) ** 4 for name, value in scores.items()}


def _fewer_members(recipe: Recipe) -> Iterator[Change]:
    if len(recipe.members) < 3:
        return
    for member in recipe.members:
        yield Change(
            f"leave {FAMILIES[member.family].title} out of the blend",
            "A weak member may cost the average more than it adds.",
            replace(recipe, members=tuple(m for m in recipe.members if m is not member)),
            0.5,
        )


def _weights(recipe: Recipe) -> Iterator[Change]:
    if len(recipe.members) > 1:
        blend: Blend = "mean" if recipe.blend == "weighted" else "weighted"
        title = "weigh the models of the blend by what each adds" if blend == "weighted" else "weigh all models equally"
        reason = "A model that adds little should count for little."
        yield Change(title, reason, replace(recipe, blend=blend), 1.5 if blend == "weighted" else 0.3)


def _more_seeds(recipe: Recipe) -> Iterator[Change]:
    now = len(recipe.seeds)
    more = next((count for count in _REPEATS if count > now), None)
    if more is not None:
        yield Change(
            f"average over {more} seeds instead of {now}",
            "Averaging repeats of the same model on other folds takes out the luck of one split.",
            replace(recipe, seeds=tuple(range(more))),
            4.0 if now == 1 else 1.0,
        )


def _encodings(recipe: Recipe, problem: Problem) -> Iterator[Change]:
    if not reasons.categories(problem.data):
        return
    own_columns = any(FAMILIES[name].table != "wide" for name in recipe.families)
    titles: dict[Encoding, str] = {
        "usual": "encode categories in the usual way",
        "columns": "give each category a column of its own",
        "means": "add the mean target of each category",
    }
    for encoding, title in titles.items():
        if encoding != recipe.encoding and (own_columns or encoding != "columns"):
            reason = "How categories are told apart decides what a model can learn from them."
            weight = 2.0 if encoding == "means" and reasons.many_categories(problem.data) else 0.5
            yield Change(title, reason, replace(recipe, encoding=encoding), weight)


def _more_rows(recipe: Recipe, problem: Problem) -> Iterator[Change]:
    if recipe.max_rows is not None and (problem.rows is None or recipe.max_rows < problem.rows):
        more = 3 * recipe.max_rows
        reason = "More examples help wherever a model has not seen enough."
        yield Change(f"train on up to {more} rows", reason, replace(recipe, max_rows=more), 4.0)


def _feature_steps(recipe: Recipe, problem: Problem) -> Iterator[Change]:
    for name, step in STEPS.items():
        if name in recipe.features:
            if not any(name in STEPS[other].needs for other in recipe.features if other in STEPS):
                kept = tuple(feature for feature in recipe.features if feature != name)
                yield Change(
                    f"without {step.title}", "Fewer columns leave less to overfit.", replace(recipe, features=kept), 0.5
                )
        elif step.fits(problem.data) and set(step.needs) <= set(recipe.features):
            added = in_order((*recipe.features, name))
            yield Change(
                f"add {step.title}",
                "It tells the model what no single column says.",
                replace(recipe, features=added),
                step.hope,
            )


def _settings(recipe: Recipe) -> Iterator[Change]:
    """Each setting one place up or down its ladder."""
    for place, member in enumerate(recipe.members):
        for tuning in FAMILIES[member.family].tunings:
            now = dict(member.params).get(tuning.name)
            for value in _next_to(now, tuning) if tuning.name in dict(member.params) else ():
                members = (*recipe.members[:place], member.having(tuning.name, value), *recipe.members[place + 1 :])
                title = f"move {tuning.title} of {FAMILIES[member.family].title} from {now} to {value}"
                yield Change(title, "The present value was only a first guess.", replace(recipe, members=members), 0.5)


def _next_to(now: Param, tuning: Tuning) -> list[Param]:
    """The neighbours of a value on its ladder; of a value between two rungs, those two."""
    if now in tuning.values:
        at = tuning.values.index(now)
        return [tuning.values[i] for i in (at - 1, at + 1) if 0 <= i < len(tuning.values)]
    if isinstance(now, bool) or not isinstance(now, int | float):
        return list(tuning.values[:1])
    numbers = [v for v in tuning.values if isinstance(v, int | float) and not isinstance(v, bool)]
    below, above = [v for v in numbers if v < now], [v for v in numbers if v > now]
    return [*below[-1:], *above[:1]]


def _target(recipe: Recipe, problem: Problem) -> Iterator[Change]:
    """Changes of what is learned or how a probability becomes a label."""
    if recipe.task == "regression":
        weight = 6.0 if recipe.metric in ("rmsle", "msle") else 0.7
        name = "the target as it is" if recipe.log_target else "the logarithm of the target"
        yield Change(
            f"learn {name}",
            "A target with a long tail is easier on a log scale.",
            replace(recipe, log_target=not recipe.log_target),
            weight,
        )
        return
    metric = METRICS[recipe.metric]
    in_order = recipe.metric in IN_ORDER
    if metric.wants == "labels" and (problem.two_classes or in_order) and not recipe.tuned_cutoff:
        weight = 0.3 if recipe.metric == "accuracy" else 4.0
        yield Change(
            "choose the cut between the classes by the metric",
            "Half is not the best cut for every metric.",
            replace(recipe, tuned_cutoff=True),
            weight,
        )
    if any(FAMILIES[name].build[recipe.task].balanced for name in recipe.families if name in FAMILIES):
        weight = 3.0 if recipe.metric in ("balanced_accuracy", "f1", "f1_macro", "mcc") else 0.2
        name = "as they come" if recipe.balanced else "equally"
        yield Change(
            f"weigh the classes {name}",
            "A rare class may count for too little in training.",
            replace(recipe, balanced=not recipe.balanced),
            weight,
        )
