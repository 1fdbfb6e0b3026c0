"""Mends a script that failed: the error in the output decides what is taken out or made cheaper.

A script of ours is mended as a recipe, so the mend stays readable to the next step. When no remedy changes anything,
the work moves to ever plainer solutions, so that a chain of debugging always ends. Somebody else's script gets a
known patch of its text, else a plain solution in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.gateway.providers.offline.approaches import Problem, safest, start, usable
from harness.gateway.providers.offline.baselines import Baseline, baseline_in, render_baseline
from harness.gateway.providers.offline.baselines.planning import baselines
from harness.gateway.providers.offline.families import FAMILIES
from harness.gateway.providers.offline.features import STEPS
from harness.gateway.providers.offline.patches import patched
from harness.gateway.providers.offline.predictions import keeping
from harness.gateway.providers.offline.preview import DataFacts
from harness.gateway.providers.offline.reading import Situation
from harness.gateway.providers.offline.recipe import Member, Param, Recipe
from harness.gateway.providers.offline.render import render
from harness.gateway.providers.offline.review import last_error
from harness.gateway.providers.offline.understanding import readable

_TREE_COUNTS = ("n_estimators", "max_iter", "iterations")
_ROW_STEPS = (100_000, 30_000, 10_000, 3_000)


@dataclass(frozen=True)
class Mended:
    """What was done and the whole new script."""

    words: str
    code: str


@dataclass(frozen=True)
class Remedy:
    """`pattern` is looked for in the output; `apply` gives the recipe without the cause, or None when it can't help."""

    pattern: re.Pattern[str]
    words: str
    apply: Callable[[Recipe, re.Match[str], Problem], Recipe | None]


def mend(situation: Situation, problem: Problem) -> Mended:
    """Answer a debug prompt; the new script always differs from the failed one."""
    code, output = situation.code or "", situation.complaint
    recipe, baseline = readable(code), baseline_in(code)
    if baseline is not None:
        return _guessed_plainer(baseline, situation, problem)
    if recipe is None:
        changed = patched(code, output)
        if changed is not None:
            return Mended(changed[1], changed[0])
    for words, candidate, data in _candidates(recipe, output, problem):
        text = render(candidate, data)
        if not any(_same(other, code) for other in (text, keeping(text))):
            return Mended(words, text)
    plain = baselines(situation, problem.folds)[0]
    return Mended("No model gets through, so a baseline takes its place.", render_baseline(plain))


def _same(text: str, other: str) -> bool:
    """Are two scripts one but for blank lines? Prompts may drop some of these."""
    return [line for line in text.splitlines() if line.strip()] == [line for line in other.splitlines() if line.strip()]


def _guessed_plainer(baseline: Baseline, situation: Situation, problem: Problem) -> Mended:
    """The next baseline in the order from the most promising to the plainest, and round again."""
    known = [other.guess for other in baselines(situation, problem.folds)]
    after = known[(known.index(baseline.guess) + 1) % len(known)] if baseline.guess in known else known[-1]
    if after == baseline.guess:
        return Mended("The failing part is written anew.", render(safest(problem), problem.data))
    plainer = replace(baseline, guess=after)
    return Mended("The way to guess is replaced by another.", render_baseline(plainer))


def _candidates(recipe: Recipe | None, output: str, problem: Problem) -> Iterator[tuple[str, Recipe, DataFacts]]:
    """Solutions from the closest to the failed one down to the plainest."""
    data = problem.data
    if recipe is not None:
        yield from ((words, changed, data) for words, changed in _remedied(REMEDIES, recipe, output, problem))
        yield _put_right(output), recipe, data
        yield from ((words, changed, data) for words, changed in _remedied(GUESSES, recipe, output, problem))
        if recipe.source == "found":
            return
    yield "The approach is replaced by a plainer one.", safest(problem), data
    yield "The plainer approach looks for the files by itself.", safest(problem), DataFacts()
    plain = start(FAMILIES["linear"], (), problem)
    yield "The approach is replaced by a linear model, the plainest there is.", plain, DataFacts()
    if problem.source == "named":
        found = replace(safest(problem), source="found")
        yield "The script looks for tables of any format and for files by itself.", found, DataFacts()


def _remedied(
    remedies: Sequence[Remedy], recipe: Recipe, output: str, problem: Problem
) -> Iterator[tuple[str, Recipe]]:
    for remedy in remedies:
        match = remedy.pattern.search(output)
        changed = remedy.apply(recipe, match, problem) if match else None
        if changed is not None:
            yield remedy.words, changed


def _put_right(output: str) -> str:
    """Words for writing the same approach anew where the failing line was a slip."""
    error = last_error(output)
    name = error.split(":", 1)[0] if error else ""
    return {
        "KeyError": "Columns are taken from what the tables really hold instead of by name.",
        "ValueError": "Text becomes codes and gaps are filled before the model sees the table.",
        "TypeError": "Columns are converted to one type before they are used.",
        "NameError": "Every name is defined before it is used.",
        "FileNotFoundError": "Paths are written relative to the working folder, which is made first.",
    }.get(name, "The failing part is written anew, the approach is kept.")


def _without_library(recipe: Recipe, match: re.Match[str], problem: Problem) -> Recipe | None:
    library = match[1].split(".")[0]
    kept = tuple(m for m in recipe.members if FAMILIES[m.family].library != library)
    if kept:
        return replace(recipe, members=kept)
    others = [name for name in FAMILIES if FAMILIES[name].library != library and usable(FAMILIES[name], problem)]
    return _swapped(recipe, others[0], problem) if others else None


def _swapped(recipe: Recipe, family: str, problem: Problem) -> Recipe:
    params = tuple(FAMILIES[family].start(recipe.task, problem.rows).items())
    return replace(recipe, members=(Member(family, params),))


def _without_failing_step(recipe: Recipe, match: re.Match[str], problem: Problem) -> Recipe | None:
    """Drop the feature step in whose function the traceback ends, with the steps that need it."""
    failing = match[1]
    if failing not in recipe.features:
        return None
    kept = tuple(n for n in recipe.features if n != failing and failing not in STEPS[n].needs)
    return replace(recipe, features=kept)


def _cheaper(recipe: Recipe, match: re.Match[str], problem: Problem) -> Recipe:
    """Less work: fewer repeats first, then fewer models, then smaller ones, then fewer rows."""
    if len(recipe.seeds) > 1:
        return replace(recipe, seeds=recipe.seeds[:1])
    if len(recipe.members) > 1:
        return replace(recipe, members=recipe.members[:1])
    member = recipe.members[0]
    lighter = _fewer_trees(member)
    if lighter != member:
        return replace(recipe, members=(lighter,))
    if member.family != "linear":
        return _swapped(recipe, "linear", problem)
    return _fewer_rows(recipe, match, problem)


def _fewer_trees(member: Member) -> Member:
    for name, value in member.params:
        if name in _TREE_COUNTS and isinstance(value, int) and value > 40:
            return member.having(name, max(40, value // 3))
    return member


def _fewer_rows(recipe: Recipe, match: re.Match[str], problem: Problem) -> Recipe:
    now = recipe.max_rows or problem.rows or 10 * _ROW_STEPS[0]
    rows = next((step for step in _ROW_STEPS if step < now), max(500, now // 2))
    return replace(recipe, max_rows=rows, features=())


def _unstratified(recipe: Recipe, match: re.Match[str], problem: Problem) -> Recipe:
    return replace(recipe, stratified=False)


def _without_xgboost(recipe: Recipe, match: re.Match[str], problem: Problem) -> Recipe | None:
    kept = tuple(m for m in recipe.members if m.family != "xgboost")
    return replace(recipe, members=kept) if kept else _swapped(recipe, "hist_boosting", problem)


def _without_vectors(recipe: Recipe, match: re.Match[str], problem: Problem) -> Recipe | None:
    kept = tuple(m for m in recipe.members if m.family != "vectors")
    return replace(recipe, members=kept) if kept else _swapped(recipe, "linear", problem)


def _known_params(recipe: Recipe, match: re.Match[str], problem: Problem) -> Recipe | None:
    """Leave out a setting that this version of a library does not know."""
    name: Param = match[1]
    members = tuple(replace(m, params=tuple(p for p in m.params if p[0] != name)) for m in recipe.members)
    return replace(recipe, members=members)


def _other_layout(recipe: Recipe, match: re.Match[str], problem: Problem) -> Recipe | None:
    if recipe.task == "regression":
        return None
    return replace(recipe, layout="columns" if recipe.layout == "classes" else "classes")


def _gaps_borne(recipe: Recipe, match: re.Match[str], problem: Problem) -> Recipe | None:
    """Replace models that refuse gaps; boosting bears them."""
    bearing = tuple(m for m in recipe.members if FAMILIES[m.family].table == "codes")
    return replace(recipe, members=bearing) if bearing else None


def _remedy(pattern: str, words: str, apply: Callable[[Recipe, re.Match[str], Problem], Recipe | None]) -> Remedy:
    return Remedy(re.compile(pattern, re.IGNORECASE), words, apply)


REMEDIES = (
    _remedy(r"No module named '?([\w.]+)", "The library that is not installed is left out.", _without_library),
    _remedy(
        r"timed[ _]?out|time limit|TimeoutError|output[ _]limit",
        "The script did too much for its time, so the same is done with less work.",
        _cheaper,
    ),
    _remedy(
        r"out[ _]of[ _]memory|MemoryError|Unable to allocate|std::bad_alloc|\bkilled\b",
        "The script needed too much memory, so it trains on fewer rows without added columns.",
        _fewer_rows,
    ),
    _remedy(
        r"(?s).*\bin (" + "|".join(STEPS) + r")\b",
        "The feature step in which the script failed is left out.",
        _without_failing_step,
    ),
    _remedy(
        r"least populated class|n_splits=\d+ cannot be greater",
        "Folds are drawn without regard to class, since one is too rare.",
        _unstratified,
    ),
    _remedy(
        r"Invalid classes inferred", "XGBoost needs every class in every fold, so it is left out.", _without_xgboost
    ),
    _remedy(
        r"Requesting \d+-fold cross-validation",
        "A support vector machine needs more rows of every class to be calibrated, so it is left out.",
        _without_vectors,
    ),
    _remedy(
        r"unexpected keyword argument '(\w+)'", "The setting that the library does not know is left out.", _known_params
    ),
)
# Tried only after the same approach, written anew, is known to fail: these may be wrong about the cause.
GUESSES = (
    _remedy(
        r"(?:contains|Found) NaN|NaN, infinity",
        "The models that refuse gaps make way for those that bear them.",
        _gaps_borne,
    ),
    _remedy(
        r"columns? .{1,80} (?:is|are) (?:missing|not expected)|(?:missing|unexpected) columns?",
        "The submission takes the sample's other layout.",
        _other_layout,
    ),
)
