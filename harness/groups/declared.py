"""`group.json`: what a group was declared to be, kept beside its runs and grown by later commands.

More competitions, agents, models, prompt sets and seeds extend a group. Another value of an option that decides
outcomes would make its runs incomparable, so it is refused, with what differs, unless no run has an outcome yet. A
ceiling for all runs together decides none: another one is taken, and said, and one that was stated goes on to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import UserError
from harness.files import write_json
from harness.groups.matrix import Arm, Matrix, named
from harness.results.layout import GroupFolder, now, run_id
from harness.verbs.choices import GROUP_FLAGS, KEPT_GROUP_FLAGS, BenchOptions, Pinned

T = TypeVar("T")


class ArmRecord(BaseModel):
    """An agent configuration, and what its runs are called by."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    agent: str
    model: str
    prompts: str | None


class Declared(BaseModel):
    """`group.json`. `options` is what follows `podium bench` for all runs alike; the sizes are what a run was given.

    `together` is what holds for all runs together, as words of the command line too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    group: str
    created_at: str
    changed_at: str
    competitions: tuple[str, ...]
    arms: tuple[ArmRecord, ...]
    seeds: tuple[int, ...]
    options: tuple[str, ...]
    memory_bytes: int
    cpus: float
    graded: bool = True
    together: tuple[str, ...] = ()

    def cells(self) -> list[str]:
        """The names of all its runs."""
        return [
            run_id(competition, arm.name, seed)
            for arm in self.arms
            for competition in self.competitions
            for seed in self.seeds
        ]

    def matrix(self) -> Matrix:
        """The whole group, as it can be run."""
        options = BenchOptions.of_arguments(("-", "--seed", "0", *self.options))
        arms = tuple(Arm(arm.agent, arm.model, arm.prompts, arm.name) for arm in self.arms)
        options = replace(options, group=self.group, graded=self.graded, **self.held_together())
        return Matrix(self.competitions, arms, self.seeds, self.pinned(options))

    def held_together(self) -> dict[str, Any]:
        """The ceilings that were stated, by the names of their choices."""
        words = dict(zip(self.together[::2], self.together[1::2], strict=True))
        stated = {name: words[GROUP_FLAGS[name]] for name in KEPT_GROUP_FLAGS if GROUP_FLAGS[name] in words}
        return {name: int(value) if name == "group_tokens" else float(value) for name, value in stated.items()}

    def pinned(self, options: BenchOptions) -> BenchOptions:
        """The options with the sizes that the group's runs have, where they say nothing: those don't hang on --jobs."""
        return replace(options, pinned=Pinned(self.memory_bytes, self.cpus))


def read(group: GroupFolder) -> Declared | None:
    """What the group was declared to be; None where nobody declared it (an earlier version made its runs)."""
    try:
        return Declared.model_validate_json(group.declared.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{group.declared}: {where}: {first['msg']}. Mend it, or move it elsewhere") from error


def options_of(matrix: Matrix) -> tuple[str, ...]:
    """What is the same for all runs of the matrix, as words of the command line."""
    plain = replace(matrix.options, agent="aide", model="offline", prompts=None, raw=None)  # raw is one competition's
    return plain.arguments("-", 0)[3:]


def merged(
    matrix: Matrix, there: Declared | None, *, has_outcomes: Callable[[], bool], redeclare: bool
) -> tuple[Matrix, list[str]]:
    """The matrix with the names and sizes that the group gives it, and in words what the group gains by it.

    Raise `UserError` where it says something else than the group about how runs are made.
    """
    if there is None:
        return replace(matrix, arms=named(matrix.arms, ())), []
    known = there.matrix()
    differing = _differing(there.options, options_of(matrix))
    if differing and not redeclare and has_outcomes():
        raise UserError(
            f"the group {there.group} was declared otherwise: {'; '.join(differing)}. Its runs could not be counted "
            "together. Say the same again, choose another --group, or --redeclare it: runs that are finished are then "
            "run again, and their attempts kept"
        )
    arms, before = named(matrix.arms, known.arms), {arm.what for arm in known.arms}
    gained = [
        *[f"competition {id}" for id in matrix.competitions if id not in known.competitions],
        *[f"agent {arm.name}" for arm in arms if arm.what not in before],
        *[f"seed {seed}" for seed in matrix.seeds if seed not in known.seeds],
        *differing,
    ]
    options = matrix.options if differing else there.pinned(matrix.options)
    return replace(matrix, arms=arms, options=options), gained


def together(options: BenchOptions, there: Declared | None) -> tuple[BenchOptions, list[str]]:
    """The options with the ceilings that hold for the group, and in words those that are others than before."""
    known = there.held_together() if there else {}
    said = {name: value for name in KEPT_GROUP_FLAGS if (value := getattr(options, name)) is not None}
    changed = [
        f"{GROUP_FLAGS[name]} is {said[name]:,.10g} now (was: {known[name]:,.10g})"
        for name in said
        if name in known and known[name] != said[name]
    ]
    return replace(options, **{**known, **said}), changed


def keep_together(group: GroupFolder, options: BenchOptions, there: Declared) -> None:
    """Keep the ceilings alone, of a command that adds nothing to the group."""
    words = _words(options)
    if words != there.together:
        made = there.model_copy(update={"together": words, "changed_at": now()})
        write_json(group.declared, made.model_dump(mode="json"))


def _words(options: BenchOptions) -> tuple[str, ...]:
    stated = {GROUP_FLAGS[name]: getattr(options, name) for name in KEPT_GROUP_FLAGS}
    return tuple(word for flag, value in stated.items() if value is not None for word in (flag, repr(value)))


def keep(group: GroupFolder, matrix: Matrix, there: Declared | None) -> Declared:
    """Write what the group is now: what it was, and what the matrix adds."""
    sizes = matrix.options.sizes()
    arms = [
        ArmRecord(name=arm.name or arm.agent, agent=arm.agent, model=arm.model, prompts=arm.prompts)
        for arm in matrix.arms
    ]
    made = Declared(
        group=group.name,
        created_at=there.created_at if there else now(),
        changed_at=now(),
        competitions=_union(there.competitions if there else (), matrix.competitions),
        arms=_union(there.arms if there else (), arms),
        seeds=tuple(sorted({*(there.seeds if there else ()), *matrix.seeds})),
        options=options_of(matrix) if there is None or _differing(there.options, options_of(matrix)) else there.options,
        memory_bytes=sizes.memory_bytes,
        cpus=sizes.cpus,
        graded=matrix.options.graded or (there is not None and there.graded),
        together=_words(together(matrix.options, there)[0]),
    )
    if there is None or made.model_copy(update={"changed_at": there.changed_at}) != there:
        write_json(group.declared, made.model_dump(mode="json"))
        return made
    return there


def _union(first: Sequence[T], second: Sequence[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys([*first, *second]))


def _differing(then: Sequence[str], now_: Sequence[str]) -> list[str]:
    """The options that have another value, each in words; sizes are compared where both say them."""
    before, after = _by_flag(then), _by_flag(now_)
    return [
        f"{flag} {after.get(flag, 'is not given')} (was: {before.get(flag, 'not given')})"
        for flag in sorted(before.keys() | after.keys())
        if before.get(flag) != after.get(flag)
    ]


def _by_flag(words: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    flag = ""
    for word in words:
        if word.startswith("--"):
            flag, found[word] = word, ""
        else:
            found[flag] = _number(word)
    return found


def _number(word: str) -> str:
    """A size is written exactly, which nobody reads: 0.1 GiB are no whole bytes."""
    try:
        return f"{float(word):.6g}"
    except ValueError:
        return word
