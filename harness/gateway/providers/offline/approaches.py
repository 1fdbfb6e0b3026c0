"""What to draft: a list of different beginnings for a data set, the promising ones more likely to come early.

A beginning is a model family with a feature set. The order is drawn from the seed; memory only crosses out what was
drafted before. Early drafts are single models on purpose: blending is an improvement's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from harness.gateway.providers.offline.families import FAMILIES, Family
from harness.gateway.providers.offline.features import STEPS, in_order
from harness.gateway.providers.offline.metrics import ScriptMetric, fallback_metric, known_metric, mentioned_metric
from harness.gateway.providers.offline.preview import DataFacts, TableFacts
from harness.gateway.providers.offline.reach import only_a_baseline, source_of
from harness.gateway.providers.offline.reading import Situation, Tried
from harness.gateway.providers.offline.recipe import Layout, Member, Recipe, Source, Task
from harness.gateway.providers.offline.wording import draft_plan

SMALL_ROWS = 5_000  # below this, scaled models on few columns often beat trees
MOST_ROWS = 300_000  # of a larger table, a sample of this size is used to begin with
ROWS_A_SECOND = 1_500  # what five folds of boosting with all its features manage on a slow core, with a margin
MANY_FITS = 12  # of more classes or targets, models that are built for each anew take too long
FILES_A_SECOND = 15  # what reading pictures of a usual size leaves time for, with a margin
MOST_FILES = 50_000
QUICK_SECONDS = 60.0  # with less than this for a script, only the quickest families are drafted

ON_LOG_SCALE = ("rmsle", "msle", "rmse_of_logs")  # metrics of relative errors: learnt on a log scale from the start
CUT_AT_ONCE = ("qwk", "f1", "mcc")  # metrics for which the likeliest class is seldom the best answer

# How likely a family is drawn next, on usual tables and on small ones.
_WEIGHTS = {
    "lightgbm": (8.0, 4.0),
    "catboost": (8.0, 3.0),
    "hist_boosting": (7.0, 3.0),
    "xgboost": (6.0, 3.0),
    "extra_trees": (2.0, 4.0),
    "forest": (1.5, 2.0),
    "linear": (1.5, 7.0),
    "kernel": (1.0, 2.0),
    "vectors": (0.5, 7.0),
    "neighbours": (0.2, 3.0),
    "words": (9.0, 12.0),
    "word_counts": (1.0, 4.0),
    "hashed_words": (3.0, 3.0),
    "small_network": (12.0, 6.0),
}
_QUICK = ("linear", "lightgbm", "hist_boosting", "xgboost")

# Feature sets, of which each draft takes another; steps that the preview gives no reason for drop out.
_GROUPS = ("split_parts", "fill_from_mates", "group_sizes")
_AMOUNTS = ("zero_rules", "amount_totals", "log_amounts")
_FEATURE_SETS: tuple[tuple[str, ...], ...] = (
    (*_GROUPS, *_AMOUNTS, "date_parts", "name_words", "text_topics"),
    (*_GROUPS, *_AMOUNTS, "date_parts", "missing_count", "name_words", "frequencies", "text_topics", "text_style"),
    (*_GROUPS, *_AMOUNTS, "date_parts", "frequencies", "text_topics"),
    (*_GROUPS, *_AMOUNTS, "date_parts", "missing_count", "row_statistics", "text_topics"),
)


@dataclass(frozen=True)
class Problem:
    """A situation boiled down to what a script must know."""

    metric: ScriptMetric
    layout: Layout
    folds: int
    rows: int | None
    packages: frozenset[str] | None
    data: DataFacts
    seconds: float | None  # for one script, where the prompt says
    source: Source = "named"
    only_a_baseline: bool = False

    @property
    def most_rows(self) -> int:
        """How many training rows to begin with at most: fewer where a script has little time, or each row is a file."""
        each_second = FILES_A_SECOND if self.of_files else ROWS_A_SECOND
        most = MOST_FILES if self.of_files else MOST_ROWS
        return most if self.seconds is None else min(most, max(2_000, int(each_second * self.seconds)))

    @property
    def of_files(self) -> bool:
        """Are rows files, or is it not known, since data are packed?"""
        return self.source == "found" and (self.data.media > 0 or self.rows is None)

    @property
    def fits_a_fold(self) -> int:
        """How many classes or targets each model is fitted for, as far as the preview tells."""
        sample = self.data.tables.get("sample")
        asked = len(sample.columns) - 1 + sample.hidden if sample is not None else 1
        values = [target.values or 0 for target in self.data.targets] if self.task == "classification" else []
        return max(asked, *(count for count in values if self.metric.wants != "probability" or asked == 1), 1)

    @property
    def two_classes(self) -> bool:
        """Is there, as far as the preview tells, a yes and a no?"""
        return all(target.values in (2, None) for target in self.data.targets)

    @property
    def task(self) -> Task:
        return self.metric.task


def problem_of(situation: Situation) -> Problem:
    """Decide task, metric and layout; what the prompt leaves open is taken as in most competitions."""
    metric = known_metric(situation.metric) if situation.metric else mentioned_metric(situation.task_text)
    if metric is None:
        metric = fallback_metric(_likely_task(situation), situation.higher_is_better)
    return Problem(
        metric=metric,
        layout=_layout(situation.data, metric),
        folds=situation.folds or 5,
        rows=situation.data.train_rows,
        packages=situation.packages,
        data=situation.data,
        seconds=situation.seconds_to_use,
        source=source_of(situation.data),
        only_a_baseline=only_a_baseline(situation.metric, situation.higher_is_better, situation.data),
    )


def _likely_task(situation: Situation) -> Task:
    text = situation.task_text.lower()
    regression = sum(text.count(word) for word in ("regression", "price", "amount", "how much", "continuous", "error"))
    classes = sum(text.count(word) for word in ("classif", "class", "whether", "categor", "probabilit", "label"))
    return "regression" if regression > classes else "classification"


def _layout(data: DataFacts, metric: ScriptMetric) -> Layout:
    """Probabilities of classes side by side, when the sample has several columns that are no targets, or shares."""
    if metric.wants in ("ranked", "lists"):
        return "ranked" if metric.wants == "ranked" else "lists"
    sample, train = data.tables.get("sample"), data.tables.get("train")
    if metric.wants != "probability" or sample is None or len(sample.columns) < 3:
        return "columns"
    asked = sample.column_names[1:]
    if train is not None and train.columns and set(asked) & set(train.column_names):
        return "classes" if metric.name == "log_loss" and len(asked) > 2 and _shares(sample) else "columns"
    return "classes"


def _shares(sample: TableFacts) -> bool:
    """Does the sample give every class the same share?"""
    shown = [float(text) for c in sample.columns[1:] for text in c.examples[:1] if _is_number(text)]
    return len(shown) > 1 and abs(sum(shown) * (len(sample.columns) - 1) / len(shown) - 1) < 0.05


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def usable(family: Family, problem: Problem) -> bool:
    """Is the library there, and is the family quick enough for this many rows and this little time?"""
    if problem.packages is not None and family.library not in problem.packages:
        return False
    if family.library == "torch" and (problem.packages is None or problem.source != "found"):
        return False
    if problem.task not in family.build or not family.fits(problem.data):
        return False
    if family.cost_by_class and problem.fits_a_fold > MANY_FITS:
        return False
    if problem.seconds is not None and problem.seconds < QUICK_SECONDS and family.name not in _QUICK:
        return False
    if problem.rows is None:
        return family.most_rows is None
    return (family.fewest_rows or 0) <= problem.rows <= (family.most_rows or problem.rows)


def fitting(names: Sequence[str], problem: Problem) -> tuple[str, ...]:
    """Those of these feature steps that the preview gives a reason for, with what they need, in order."""
    return in_order(tuple(name for name in names if STEPS[name].fits(problem.data)))


def start(family: Family, features: Sequence[str], problem: Problem) -> Recipe:
    """A family at its starting settings."""
    settings = family.start(problem.task, problem.rows)
    return Recipe(
        task=problem.task,
        metric=problem.metric.name,
        members=(Member(family.name, tuple(settings.items())),),
        features=fitting(tuple(features), problem),
        folds=min(problem.folds, 3) if problem.fits_a_fold > MANY_FITS else problem.folds,
        source=problem.source,
        layout=problem.layout,
        log_target=problem.metric.name in ON_LOG_SCALE,
        tuned_cutoff=problem.metric.name in CUT_AT_ONCE and (problem.metric.name == "qwk" or problem.two_classes),
        max_rows=problem.most_rows if (problem.rows or 0) > problem.most_rows or problem.of_files else None,
    )


def safest(problem: Problem) -> Recipe:
    """The beginning that is least likely to fail: scikit-learn's boosting on the columns as they are."""
    return start(FAMILIES["hist_boosting"], (), problem)


def draft(situation: Situation, problem: Problem, rng: Random) -> Recipe:
    """The first beginning in this seed's order that memory does not know yet."""
    order = beginnings(problem, rng)
    known = [recipe for recipe in order if not _tried(recipe, situation.memory)]
    fresh_family = [recipe for recipe in known if not _family_tried(recipe, situation.memory)]
    candidates = fresh_family or known or order
    return candidates[0]


def beginnings(problem: Problem, rng: Random) -> list[Recipe]:
    """Every family once with a feature set, then again with the other sets; drawn by weight, without replacement."""
    small = problem.rows is not None and problem.rows < SMALL_ROWS
    weights = {n: w[small] for n, w in _WEIGHTS.items() if usable(FAMILIES[n], problem)}
    weights = weights or {"linear": 1.0}
    sets = sorted(_FEATURE_SETS, key=lambda _: rng.random())
    drawn: list[str] = []
    while len(drawn) < len(weights):
        left = [name for name in weights if name not in drawn]
        drawn += rng.choices(left, [weights[name] for name in left])
    return [
        start(FAMILIES[name], sets[(turn + place) % len(sets)], problem)
        for turn in range(len(sets))
        for place, name in enumerate(drawn)
    ]


def _tried(recipe: Recipe, memory: Sequence[Tried]) -> bool:
    return any(same_idea(draft_plan(recipe), tried) for tried in memory)


def _family_tried(recipe: Recipe, memory: Sequence[Tried]) -> bool:
    return any(names_family(tried.plan, name) for tried in memory for name in recipe.families)


def same_idea(idea: str, tried: Tried) -> bool:
    """Is an attempt this idea? Memory may have cut the plan off, so the shorter of the two decides."""
    known = tried.plan.removesuffix("…").rstrip().lower()
    idea = " ".join(idea.split()).lower()
    return bool(known) and (known.startswith(idea) or idea.startswith(known))


def names_family(plan: str, family: str) -> bool:
    """Does a plan, in our words or somebody else's, speak of this family?"""
    text = plan.lower()
    return any(word in text for word in (FAMILIES[family].title.lower(), *FAMILIES[family].words))
