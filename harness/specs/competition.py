"""A competition as its YAML states it: the model that everything else reads, and the functions that find it.

`competitions/<id>/competition.yaml` is the one place where a competition is described: its data, its split, its metric
and direction, its submission's columns, its leaderboard. This module validates and finds; it opens no data.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator

from harness.contract import Direction
from harness.errors import InvalidSpec, UserError
from harness.grading.csvfile import LONGEST_ROW_BYTES
from harness.grading.leaderboard import Lines
from harness.grading.mle_bench import MleBenchRule
from harness.metrics import Metric, NoOptions, get_metric
from harness.specs.columns import Column
from harness.specs.owncode import function_in
from harness.specs.specfile import read_spec
from harness.splits import Split
from harness.standin import StandIn

SPEC_NAME = "competition.yaml"
DESCRIPTION_NAME = "description.md"
LEAK = "leak"  # a defect that starts with it gives labels away
Md5 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


def _inside_its_folder(name: str) -> str:
    if not name or name.startswith("/") or ".." in name.split("/") or "\\" in name or "\0" in name:
        raise ValueError("expected the name of a file inside its folder, with / between folders")
    return name


FileName = Annotated[str, AfterValidator(_inside_its_folder)]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class KaggleSource(_Spec):
    """Raw data that Kaggle hands to those who accepted the competition's rules."""

    kind: Literal["kaggle"]
    slug: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$")
    zip_md5: Md5 | None = None
    zip_bytes: int | None = Field(default=None, gt=0)

    @property
    def rules_page(self) -> str:
        return f"https://www.kaggle.com/c/{self.slug}/rules"


class BundledSource(_Spec):
    """Raw data that an installed package brings along: real data, no download."""

    kind: Literal["bundled"]
    dataset: Literal["diabetes", "digits", "breast_cancer"]


class LocalSource(_Spec):
    """Raw data that lie beside the spec: a competition of the user's own."""

    kind: Literal["local"]
    folder: FileName = "raw"


Source = Annotated[KaggleSource | BundledSource | LocalSource, Field(discriminator="kind")]


class MetricSpec(_Spec):
    """Which metric decides, which way is better, and the metric's own options.

    `file` names a Python file beside the spec that defines the function `name(truth, prediction, **options)` over
    tables, for a metric that no other competition has.
    """

    name: str
    direction: Direction
    options: dict[str, Any] = {}
    file: FileName | None = None

    @model_validator(mode="after")
    def _agrees_with_the_registry(self) -> MetricSpec:
        if self.file is not None:
            return self
        metric = get_metric(self.name)
        if metric.direction != self.direction:
            raise ValueError(f"direction {self.direction!r} contradicts metric {self.name!r}, to {metric.direction}")
        metric.options.model_validate(self.options)
        return self


class SumsToOne(_Spec):
    """Each row's values of these columns add up to 1."""

    columns: tuple[str, ...] | Literal["predictions"] = "predictions"
    tolerance: float = Field(default=1e-6, gt=0)


class SubmissionSpec(_Spec):
    """The table that is handed in: its id columns, and what each column may hold."""

    id: tuple[str, ...] = Field(min_length=1)
    columns: dict[str, Column] = Field(min_length=2)
    repeated_ids: bool = Field(default=False, description="rows of one id are matched in their order")
    by_position: tuple[Literal["rows", "columns"], ...] = Field(
        default=(), description="taken as they stand in the file, as a grader does that ignores ids or names"
    )
    other_columns: Literal["refused", "allowed"] = "refused"
    sums_to_one: SumsToOne | None = None
    sample_file: FileName = "sample_submission.csv"
    longest_row_bytes: int = Field(default=LONGEST_ROW_BYTES, gt=0, lt=2**31, description="masks may need more")
    max_bytes: int | None = Field(default=None, gt=0, description="else worked out from the sample submission's size")

    @field_validator("id", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _ids_are_columns(self) -> SubmissionSpec:
        if missing := [name for name in self.id if name not in self.columns]:
            raise ValueError(f"id {missing[0]!r} is not among the columns")
        if not self.predictions:
            raise ValueError("every column is an id; name at least one to predict")
        for name in self.summed:
            if name not in self.columns or self.columns[name].type not in ("number", "integer"):
                raise ValueError(f"sums_to_one: {name!r} is not a column of numbers")
        return self

    @property
    def predictions(self) -> tuple[str, ...]:
        return tuple(name for name in self.columns if name not in self.id)

    @property
    def summed(self) -> tuple[str, ...]:
        """The columns that add up to 1 in every row."""
        if self.sums_to_one is None:
            return ()
        return self.predictions if self.sums_to_one.columns == "predictions" else self.sums_to_one.columns


class LeaderboardSpec(_Spec):
    """What people reached: the medal lines, the median, and the score held at 0 %, 1 %, … 100 % of the ranking.

    Where the lines are not known, they and the percentile come from the user's copy of the full leaderboard, if any.
    """

    teams: int | None = Field(default=None, ge=1, description="None: not known, so no percentile")
    gold: float | None = None
    silver: float | None = None
    bronze: float | None = None
    median: float | None = None
    quantiles: FileName | None = Field(default=None, description="JSON list of 101 scores, best first")
    quantiles_note: str | None = Field(default=None, description="how they differ from the lines: 'other snapshot'")
    source: str

    @model_validator(mode="after")
    def _all_lines_or_none(self) -> LeaderboardSpec:
        lines = {name: getattr(self, name) for name in ("gold", "silver", "bronze", "median")}
        missing = [name for name, score in lines.items() if score is None]
        if 0 < len(missing) < len(lines):
            raise ValueError(f"{missing[0]}: missing; give all of {', '.join(lines)}, or none where they are not known")
        return self

    @property
    def lines(self) -> Lines | None:
        """The four scores, where they are known."""
        if self.gold is None or self.silver is None or self.bronze is None or self.median is None:
            return None
        return Lines(self.gold, self.silver, self.bronze, self.median)


class Provenance(_Spec):
    """Where the metric and the columns were read; `known`: from own knowledge, not looked up; `unsure`: neither."""

    metric: str
    columns: str
    confidence: Literal["read", "known", "unsure"]


class Checksums(_Spec):
    """MD5 of each prepared file, where somebody else's preparation is to be met byte for byte."""

    public: dict[FileName, Md5] = {}
    private: dict[FileName, Md5] = {}

    def of(self, path: str) -> str | None:
        """Return the MD5 stated for `public/…` or `private/…`."""
        folder, _, name = path.partition("/")
        return {"public": self.public, "private": self.private}[folder].get(name)


class Answers(_Spec):
    """The private file that holds the truth, under the submission's column names.

    `columns` declares columns that metrics of tables need beside the submission's, and those whose truth is of another
    type than what is submitted. With `subset`, the truth is known for some of the sample's ids only.
    """

    file: FileName
    columns: dict[str, Column] = {}
    subset: bool = False
    perfect_file: FileName | None = Field(default=None, description="private file that is a perfect submission")
    perfect_score: float | None = Field(default=None, description="of the truth, where it is not the metric's best")


class Edition(_Spec):
    """One way of making public and private data from the raw, and what is judged differently there."""

    split: Split
    mends: str | None = Field(default=None, description="what is different from the first edition, and why")
    checksums: Checksums = Checksums()
    checked: Literal["on stand-in", "on real data"] | None = Field(
        default=None, description="where its bytes and scores were compared with those of the project it follows"
    )
    mle_bench: MleBenchRule | None = Field(default=None, description="what MLE-bench's grader refuses")
    metric: MetricSpec | None = Field(default=None, description="instead of the competition's")
    submission: SubmissionSpec | None = Field(default=None, description="instead of the competition's")
    answers: Answers | None = Field(default=None, description="instead of the competition's")


class Sizes(_Spec):
    """Approximate sizes, for people choosing what to download."""

    raw_mb: float | None = None
    train_rows: int | None = None
    test_rows: int | None = None


class Competition(_Spec):
    """One competition: `competition.yaml` as written, after validation."""

    schema_version: Literal[1]
    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")
    title: str
    category: str
    suites: tuple[str, ...] = ()
    source: Source
    raw: tuple[FileName, ...] = Field(min_length=1, description="the files that prepare needs of the raw data")
    metric: MetricSpec
    submission: SubmissionSpec
    answers: Answers = Answers(file="answers.csv")
    unlabelled: bool = Field(default=False, description="nobody knows the test rows' labels: checked, never scored")
    default_edition: str
    editions: dict[str, Edition] = Field(min_length=1)
    leaderboard: LeaderboardSpec | None = None
    stand_in: StandIn | None = None
    defects: tuple[str, ...] = Field(default=(), description="known leaks and errors of the data or its split")
    sizes: Sizes = Sizes()
    provenance: Provenance | None = None
    unverified: bool = Field(default=False, description="metric or columns are not sure: in no suite")
    _folder: Path | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _metric_takes_what_may_be_predicted(self) -> Competition:
        for edition in self.editions.values():
            _refuse_unfit(edition.metric or self.metric, edition.submission or self.submission)
        return self

    @model_validator(mode="after")
    def _answers_are_stated(self) -> Competition:
        if self.unlabelled == ("answers" in self.model_fields_set):
            raise ValueError("answers: name the private file that holds the truth, or say unlabelled: true")
        if self.unlabelled and (self.suites or self.leaderboard):
            raise ValueError("an unlabelled competition has no leaderboard and is in no suite")
        return self

    @model_validator(mode="after")
    def _parts_fit(self) -> Competition:
        if self.default_edition not in self.editions:
            raise ValueError(f"default_edition {self.default_edition!r} is not one of {sorted(self.editions)}")
        written = self.stand_in is not None and self.stand_in.code is None
        if self.stand_in and written and (missing := self.stand_in.lacks(self.raw)):
            raise ValueError(f"stand_in lacks the raw files {missing}")
        if self.provenance and self.provenance.confidence == "unsure" and not self.unverified:
            raise ValueError("provenance.confidence is unsure: mark the competition with unverified: true")
        if self.unverified and self.suites:
            raise ValueError(f"an unverified competition is in no suite, found {', '.join(self.suites)}")
        if self.source.kind == "kaggle" and self.stand_in is None:
            raise ValueError("a competition with Kaggle data needs a stand_in recipe")
        return self

    @property
    def folder(self) -> Path:
        """The folder that holds the spec; only loaded competitions have one."""
        if self._folder is None:
            raise ValueError(f"competition {self.id} was not loaded from a folder")
        return self._folder

    @property
    def description(self) -> Path:
        return self.folder / DESCRIPTION_NAME

    def edition(self, name: str | None = None) -> tuple[str, Edition]:
        """Return the named edition, or the default one."""
        wanted = name or self.default_edition
        if wanted not in self.editions:
            raise UserError(f"{self.id} has no edition {wanted!r}; choose one of: {', '.join(self.editions)}")
        return wanted, self.editions[wanted]

    def at(self, edition: str) -> Competition:
        """Return the competition as one of its editions has it: with that edition's metric, submission and answers."""
        _, chosen = self.edition(edition)
        own = {name: getattr(chosen, name) for name in ("metric", "submission", "answers") if getattr(chosen, name)}
        return self.model_copy(update=own)

    def defects_in(self, edition: str) -> tuple[str, ...]:
        """Return the known leaks and errors that an edition has: those of all, and its own (`<edition>: …`)."""
        found = []
        for defect in self.defects:
            first, _, rest = defect.partition(": ")
            if first not in self.editions:
                found.append(defect)
            elif first == edition:
                found.append(rest)
        return tuple(found)

    def leaks_in(self, edition: str) -> tuple[str, ...]:
        """Return the defects of an edition that give labels away (`leak: …`), without that word."""
        marked = (defect.partition(": ") for defect in self.defects_in(edition))
        return tuple(rest for first, _, rest in marked if first == LEAK)

    def scorer(self) -> Metric:
        """Return the metric: the registered one, or the function of the competition's own file."""
        if self.metric.file is None:
            return get_metric(self.metric.name)
        function = function_in(self.folder / self.metric.file, self.metric.name)
        return Metric(self.metric.name, self.metric.direction, function, OwnOptions, takes="table")

    def quantiles(self) -> tuple[float, ...] | None:
        """Return the 101 leaderboard scores, best first, or None where none are known."""
        if self.leaderboard is None or self.leaderboard.quantiles is None:
            return None
        path = self.folder / self.leaderboard.quantiles
        try:
            numbers = tuple(float(number) for number in json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise InvalidSpec(f"{path}: expected a JSON list of 101 numbers: {error}") from error
        best_first = sorted(numbers, reverse=self.metric.direction == "maximize")
        if len(numbers) != 101 or list(numbers) != best_first:
            raise InvalidSpec(f"{path}: expected 101 numbers, best first, found {len(numbers)}")
        return numbers


class OwnOptions(NoOptions):
    """Options of a competition's own metric: whatever its function takes."""

    model_config = ConfigDict(frozen=True, extra="allow")


def _refuse_unfit(spec: MetricSpec, submission: SubmissionSpec) -> None:
    """A metric must be defined on everything that the declared columns let through."""
    if spec.file is not None:
        return
    metric = get_metric(spec.name)
    for name in submission.predictions:
        column = submission.columns[name]
        if metric.takes == "labels" and column.type not in ("label", "boolean"):
            raise ValueError(f"metric {metric.name!r} takes labels, column {name!r} is of type {column.type!r}")
        if metric.takes == "numbers":
            _refuse_outside(metric, name, column)


def _refuse_outside(metric: Metric, name: str, column: Column) -> None:
    if column.type not in ("number", "integer"):
        raise ValueError(f"metric {metric.name!r} takes numbers, column {name!r} is of type {column.type!r}")
    low, high = metric.domain
    least, most = column.minimum, column.maximum
    if (least if least is not None else -math.inf) < low or (most if most is not None else math.inf) > high:
        raise ValueError(f"metric {metric.name!r} is defined from {low:g} to {high:g}: narrow the range of {name!r}")


def load(id: str, folder: Path) -> Competition:
    """Load one competition from the folder of competitions; UserError names near misses of an unknown id."""
    path = folder / id / SPEC_NAME
    if "/" in id or id.startswith(".") or not path.is_file():
        known = ids(folder)
        near = difflib.get_close_matches(id, known, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "`podium list` shows all"
        raise UserError(f"no competition {id!r} in {folder}; {hint}")
    competition = read_spec(path, Competition)
    if competition.id != id:
        raise InvalidSpec(f"{path}: id: {competition.id!r} differs from the folder's name {id!r}")
    if not (folder / id / DESCRIPTION_NAME).is_file():
        raise InvalidSpec(f"{folder / id}: {DESCRIPTION_NAME} is missing; write what the task is and what to hand in")
    competition._folder = folder / id
    return competition


def ids(folder: Path) -> list[str]:
    """Return the ids of all competitions in the folder, sorted."""
    return sorted(path.parent.name for path in folder.glob(f"*/{SPEC_NAME}"))


def load_all(folder: Path) -> list[Competition]:
    """Load every competition in the folder, by id."""
    return [load(id, folder) for id in ids(folder)]


def suites(competitions: Iterable[Competition]) -> Mapping[str, list[Competition]]:
    """Return the competitions of each suite; `mle-bench/dev` counts for `mle-bench` too."""
    found: dict[str, list[Competition]] = {}
    for competition in competitions:
        names = {
            "/".join(suite.split("/")[: depth + 1])
            for suite in competition.suites
            for depth in range(suite.count("/") + 1)
        }
        for name in sorted(names):
            found.setdefault(name, []).append(competition)
    return dict(sorted(found.items()))


def in_suite(competitions: Iterable[Competition], suite: str) -> list[Competition]:
    """Return the competitions of one suite; UserError names the suites there are."""
    by_name = suites(competitions)
    if suite not in by_name:
        raise UserError(f"no suite {suite!r}; there are: {', '.join(by_name) or 'none'}")
    return by_name[suite]
