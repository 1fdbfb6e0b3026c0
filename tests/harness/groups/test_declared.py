"""A group's declaration grows with later commands; what would make its runs incomparable is refused."""

from dataclasses import replace

import pytest

from harness.errors import UserError
from harness.groups import declared
from harness.groups.matrix import Matrix, crossed, named
from harness.verbs.choices import BenchOptions


def matrix(competitions=("a",), agents=("aide",), models=("offline",), seeds=(0,), **options):
    chosen = BenchOptions(competitions, group="group", **options)
    return Matrix(competitions, crossed(agents, models, [None]), seeds, chosen)


def say(group, said, *, outcomes=True, redeclare=False):
    """What a command that says this makes of the group."""
    there = declared.read(group)
    made, gained = declared.merged(said, there, has_outcomes=lambda: outcomes, redeclare=redeclare)
    declared.keep(group, made, there)
    return made, gained


def test_the_same_again_changes_nothing(group):
    say(group, matrix())
    before = group.declared.read_bytes()
    assert say(group, matrix())[1] == []
    assert group.declared.read_bytes() == before


def test_more_of_anything_extends_the_group_and_is_said(group):
    say(group, matrix())
    _, gained = say(group, matrix(("a", "b"), ("aide", "best"), seeds=(0, 1)))
    assert gained == ["competition b", "agent best", "seed 1"]
    cells = declared.read(group).cells()
    assert cells == sorted(cells, key=cells.index) and len(set(cells)) == 8
    assert "b--best--s1" in cells


def test_less_than_before_takes_nothing_away(group):
    say(group, matrix(("a", "b"), seeds=(0, 1)))
    made, gained = say(group, matrix(("b",), seeds=(1,)))
    assert gained == [] and made.runs == 1
    assert len(declared.read(group).cells()) == 4


def test_another_model_is_another_arm_and_the_first_keeps_its_name(group):
    say(group, matrix())
    made, gained = say(group, matrix(models=("openai/gpt-5",)))
    assert [arm.name for arm in made.arms] == ["aide.gpt-5"] and gained == ["agent aide.gpt-5"]
    assert declared.read(group).cells() == ["a--aide--s0", "a--aide.gpt-5--s0"]


def test_another_value_of_an_option_is_refused_with_both_values_and_the_ways_out(group):
    say(group, matrix(steps=20))
    with pytest.raises(UserError, match=r"--steps 3 \(was: 20\).*--group.*--redeclare"):
        say(group, matrix(steps=3))
    with pytest.raises(UserError, match=r"--steps is not given \(was: 20\)"):
        say(group, matrix())


@pytest.mark.parametrize(("outcomes", "redeclare"), [(False, False), (True, True)])
def test_it_is_taken_over_where_no_run_has_an_outcome_or_the_user_says_so(group, outcomes, redeclare):
    say(group, matrix(steps=20))
    _, gained = say(group, matrix(steps=3), outcomes=outcomes, redeclare=redeclare)
    assert gained == ["--steps 3 (was: 20)"]
    assert declared.read(group).matrix().options.steps == 3


def test_sizes_that_hang_on_jobs_stay_what_they_were(group):
    first, _ = say(group, matrix(jobs=1))
    again, _ = say(group, matrix(jobs=4))
    assert again.options.sizes() == first.options.sizes() != matrix(jobs=4).options.sizes()


def test_it_can_be_run_again_from_what_is_kept(group):
    said = matrix(("a", "b"), ("aide", "best"), ("offline", "openai/x"), (0, 2), steps=5, time_limit_seconds=90.0)
    say(group, said)
    again = declared.read(group).matrix()
    assert (again.competitions, again.seeds) == (said.competitions, said.seeds)
    assert again.arms == named(said.arms, ())
    assert replace(again.options, pinned=None, competitions=()) == replace(said.options, competitions=())


def test_a_file_that_was_spoilt_is_told_by_its_name(group):
    group.path.mkdir(parents=True)
    group.declared.write_text('{"schema_version": 1}')
    with pytest.raises(UserError, match=r"group\.json: group: Field required"):
        declared.read(group)


def test_sizes_are_compared_and_told_as_people_write_them(group):
    say(group, matrix(disk_bytes=int(0.1 * 2**30)))
    assert say(group, matrix(disk_bytes=round(0.1 * 2**30)))[1] == []
    with pytest.raises(UserError, match=r"--disk 0\.2 \(was: 0\.1\)"):
        say(group, matrix(disk_bytes=int(0.2 * 2**30)))


def test_ceilings_stay_with_the_group_and_another_value_is_told_and_kept(group):
    say(group, matrix(group_budget_usd=50.0, group_tokens=2_000_000))
    there = declared.read(group)
    assert there.matrix().options.group_budget_usd == 50.0 and there.matrix().options.group_tokens == 2_000_000

    options, changed = declared.together(BenchOptions(("a",)), there)
    assert (options.group_budget_usd, options.group_tokens, changed) == (50.0, 2_000_000, [])
    options, changed = declared.together(BenchOptions(("a",), group_budget_usd=60.0, tokens_per_minute=7.0), there)
    assert changed == ["--group-budget is 60 now (was: 50)"]
    declared.keep_together(group, options, there)
    kept = declared.read(group).held_together()
    assert kept == {"group_budget_usd": 60.0, "group_tokens": 2_000_000, "tokens_per_minute": 7.0}
    say(group, matrix(("a", "b")))
    assert declared.read(group).held_together() == kept
    assert declared.together(BenchOptions(("a",), group_tokens=1), declared.read(group))[1] == [
        "--group-tokens is 1 now (was: 2,000,000)"
    ]
