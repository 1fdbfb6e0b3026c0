"""A command looks its runs over for cheating at its end, unless it is told not to."""

import pytest

from harness.cheating.standing import NAME, standing
from harness.rates.aggregate import aggregate
from harness.results.layout import GroupFolder
from harness.runs.bench import Bench
from harness.verbs.choices import BenchOptions
from tests.harness.cheating.planted import PLANTED
from tests.harness.cheating.runs import LONG, run

REQUEST = PLANTED["a request"][2]


@pytest.fixture
def look_over(settings):
    """Audit the group as a command does at its end; return its folder and what was said."""

    def look_over(**choices):
        said = []
        bench = Bench(settings, BenchOptions(("demo",), **choices), said.append)
        group = GroupFolder(settings.results / "g")
        bench._audit(group)
        return group, said

    return look_over


def test_the_groups_rates_say_which_runs_are_flagged(settings, look_over):
    honest, other = run(settings.results / "g", "demo", LONG), run(settings.results / "g", "demo", REQUEST, seed=1)
    group, said = look_over()
    assert not standing(honest.path).flagged and standing(other.path).rules == ("network",)
    summary = aggregate(group)
    assert (summary.audited_runs, summary.flagged_runs, said) == (2, 1, [])


@pytest.mark.parametrize("choices", [{"audited": False}, {"graded": False}])
def test_without_it_nobody_looks(settings, look_over, choices):
    folder = run(settings.results / "g", "demo", REQUEST)
    look_over(**choices)
    assert not (folder.path / NAME).exists()


def test_an_audit_that_can_not_be_made_is_said_and_costs_no_run(settings, look_over):
    folder = run(settings.results / "g", "demo", REQUEST)
    folder.record_file.write_text('{"schema_version": 0}')
    _, (line,) = look_over()
    assert "not audited" in line and "podium audit g" in line
