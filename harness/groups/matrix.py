"""What a group is declared to be: competitions × agents × models × prompt sets × seeds, and all its runs' options.

Declared by flags of `podium bench` or by a YAML file that says the same; this module turns either into a `Matrix` and
starts nothing. Which of it is there already is `declared.py`'s.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model, field_validator

from harness.errors import UserError
from harness.results.layout import NAME_CHARACTERS, check_name
from harness.runs.models import ModelOptions
from harness.runs.presets import Gates
from harness.specs.specfile import read_spec
from harness.verbs.choices import FLAGS, GROUP_FLAGS, BenchOptions

AXES = ("agent", "model", "prompts")
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Arm:
    """One agent configuration of a group; `name` is what its runs are called by, None while nobody has named it."""

    agent: str
    model: str = "offline"
    prompts: str | None = None  # None: the agent's own
    name: str | None = None

    @property
    def what(self) -> tuple[str, str, str | None]:
        """What tells it from the others."""
        return self.agent, self.model, self.prompts


@dataclass(frozen=True)
class Matrix:
    """The runs of a group: every competition with every arm and every seed, all with the same other options."""

    competitions: tuple[str, ...]
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...]
    options: BenchOptions  # of which competitions, seeds, agent, model and prompts are not looked at

    @property
    def runs(self) -> int:
        """How many runs it has."""
        return len(self.competitions) * len(self.arms) * len(self.seeds)

    def of_arm(self, arm: Arm) -> BenchOptions:
        """The choices for the runs of one arm."""
        return replace(
            self.options,
            competitions=self.competitions,
            seeds=self.seeds,
            agent=arm.agent,
            model=arm.model,
            prompts=arm.prompts,
            configuration=arm.name or "",
        )


def crossed(agents: Sequence[str], models: Sequence[str], prompts: Sequence[str | None]) -> tuple[Arm, ...]:
    """Every agent with every model and prompt set, as named, each once."""
    return tuple(dict.fromkeys(Arm(*parts) for parts in itertools.product(agents, models, prompts)))


def named(arms: Sequence[Arm], known: Sequence[Arm]) -> tuple[Arm, ...]:
    """Give the arms the names that they have among the `known`, and new ones to those that are new.

    The first arm with an agent is called by the agent; a later one also by what differs. So names stay when a group
    grows.
    """
    names = {arm.what: arm.name for arm in known}
    for arm in arms:
        if arm.what not in names:
            there = [Arm(*what, name=name) for what, name in names.items()]
            names[arm.what] = _new_name(arm, there)
    return tuple(replace(arm, name=names[arm.what]) for arm in arms)


def split(text: str | None) -> list[str]:
    """`a,b` as a command line has it, without repetition."""
    return list(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def is_file(competitions: Sequence[str]) -> bool:
    """Is what was named a group's file, and no competition?"""
    return len(competitions) == 1 and competitions[0].endswith(SUFFIXES)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _options_model() -> type[BaseModel]:
    """A field for each flag that is the same for all runs of a group, by the flag's name and in its unit."""
    hints = {
        "": get_type_hints(BenchOptions),
        "models": get_type_hints(ModelOptions),
        "gates": get_type_hints(Gates),
    }
    fields: dict[str, Any] = {}
    for name, (flag, unit) in FLAGS.items():
        if name not in AXES:
            outer, _, inner = name.rpartition(".")
            kind: Any = float if unit else hints[outer][inner]
            fields[name.replace(".", "__")] = (kind | None, Field(default=None, alias=flag.removeprefix("--")))
    made: type[BaseModel] = create_model("Options", __base__=_Strict, **fields)
    return made


Options: Any = _options_model()


class GroupFile(_Strict):
    """`group.yaml`. `seeds` is how many, counted from 0, or which; `options` are the flags of `podium bench`.

    What holds for all runs together stands beside them, by the names of its flags.
    """

    group: str | None = None
    suites: tuple[str, ...] = ()
    competitions: tuple[str, ...] = ()
    agents: tuple[str, ...] = ("aide",)
    models: tuple[str, ...] = ("offline",)
    prompts: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    jobs: int | None = Field(default=None, ge=1)
    group_budget_usd: float | None = Field(default=None, ge=0, alias="group-budget")
    group_tokens: int | None = Field(default=None, ge=1, alias="group-tokens")
    requests_per_minute: float | None = Field(default=None, ge=0.01, alias="requests-per-minute")
    tokens_per_minute: float | None = Field(default=None, ge=1, alias="tokens-per-minute")
    runs_per_cpu: int | None = Field(default=None, ge=1, alias="runs-per-cpu")
    runs_per_gpu: int | None = Field(default=None, ge=1, alias="runs-per-gpu")
    options: Options = Options()

    @field_validator("seeds", mode="before")
    @classmethod
    def _count(cls, value: object) -> object:
        """A number is how many."""
        if isinstance(value, int) and not isinstance(value, bool):
            if value < 1:
                raise ValueError("at least one seed")
            return tuple(range(value))
        return value

    @field_validator("suites", "competitions", "agents", "models", "prompts", mode="before")
    @classmethod
    def _one(cls, value: object) -> object:
        """A single name needs no list."""
        return (value,) if isinstance(value, str) else value

    @field_validator("agents", "models", "seeds")
    @classmethod
    def _some(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        if not value:
            raise ValueError("at least one")
        if len(set(value)) < len(value):
            raise ValueError("something is named twice")
        return value

    @field_validator("group")
    @classmethod
    def _is_name(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                check_name(value, "group")
            except UserError as error:
                raise ValueError(str(error)) from error
        return value


def read(path: Path, in_suite: Callable[[str], Sequence[str]]) -> Matrix:
    """Read a group's file; `InvalidSpec` names file, line and field. The group is called by the file unless it says."""
    file = read_spec(path, GroupFile)
    competitions = tuple(dict.fromkeys([*file.competitions, *(id for suite in file.suites for id in in_suite(suite))]))
    if not competitions:
        raise UserError(f"{path}: names no competition: give `competitions`, or `suites`. See: podium list")
    return Matrix(
        competitions=competitions,
        arms=crossed(file.agents, file.models, file.prompts or (None,)),
        seeds=file.seeds,
        options=_chosen(path, file, competitions),
    )


def _chosen(path: Path, file: GroupFile, competitions: tuple[str, ...]) -> BenchOptions:
    given: dict[str, Any] = {}
    units = {name: unit for name, (_, unit) in FLAGS.items()}
    for field, value in file.options:
        if value is None:
            continue
        name = field.replace("__", ".")
        if unit := units[name]:
            value = round(value * unit) if name.endswith("_bytes") else value * unit
        outer, _, inner = name.rpartition(".")
        (given.setdefault(outer, {}) if outer else given)[inner] = value
    try:
        made = TypeAdapter(BenchOptions).validate_python({**given, "competitions": competitions})
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{path}: options: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    together = {name: value for name in GROUP_FLAGS if (value := getattr(file, name)) is not None}
    return replace(made, group=file.group or check_name(path.stem, "group"), jobs=file.jobs or 1, **together)


def _new_name(arm: Arm, known: Sequence[Arm]) -> str:
    agent = Path(arm.agent).name if "/" in arm.agent else arm.agent
    first = next((other for other in known if other.agent == arm.agent), None)
    parts = [agent]
    if first is not None:
        parts += [_slug(arm.model)] * (arm.model != first.model)
        parts += [_slug(arm.prompts or "own")] * (arm.prompts != first.prompts)
    name, taken = ".".join(parts), {other.name for other in known}
    return next(
        one for number in itertools.count(1) if (one := name if number == 1 else f"{name}-{number}") not in taken
    )


def _slug(text: str) -> str:
    """The part of a folder's name that a model or a prompt set becomes."""
    last = text.rstrip("/").rsplit("/", 1)[-1]
    return "".join(character if character in NAME_CHARACTERS else "-" for character in last)
