"""Pictures for papers show the report's own figure data, in files that are the same each time."""

import importlib.util
from xml.etree import ElementTree

import pytest

from harness.errors import UserError
from harness.rates.aggregate import aggregate
from harness.report import plot, rates
from tests.harness import pages, records

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def group(tmp_path):
    return pages.hostile_group(tmp_path)


@pytest.fixture
def sources(group):
    return plot.sources(group, aggregate(group))


def test_every_figure_is_a_png_and_a_well_formed_svg(group):
    written = plot.plot(group, aggregate(group), group.plots, [], [])
    assert {path.stem for path in written} == set(plot.FIGURES)
    for path in written:
        content = path.read_bytes()
        assert content.startswith(PNG) if path.suffix == ".png" else ElementTree.fromstring(content) is not None


def test_the_same_data_make_the_same_files(group, tmp_path):
    summary = aggregate(group)
    first, second = (plot.plot(group, summary, tmp_path / name, ["rates", "scores"], []) for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_rates_are_drawn_where_the_report_has_them(sources, group):
    wanted = {
        row[4]: row[5]
        for row in rates.section(aggregate(group))["rates"].rows
        if row[0] == "all competitions of this group" and row[2] == "offline" and row[3] == "rates"
    }
    axes = plot.draw_rates(sources).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    drawn = {}
    for bar in axes.containers:
        if bar.get_label() == "aide, offline":
            x, y = bar.lines[0].get_xdata()[0], bar.lines[0].get_ydata()[0]
            drawn[names[round(y)]] = x
    assert drawn == {rates.NAMES[name]: mean for name, mean in wanted.items()}


def test_scores_lie_among_their_leaderboards_lines(sources):
    axes = plot.draw_scores(sources).axes[0]
    assert axes.get_title() == "forest-cover"
    assert sorted(point[0] for point in axes.collections[0].get_offsets()) == [0.65, 0.95]
    assert sorted(line.get_xdata()[0] for line in axes.lines) == [0.6, 0.7, 0.8, 0.9]


def test_a_curve_is_the_best_so_far(sources):
    figure = plot.draw_steps(sources)
    first = next(axes for axes in figure.axes if axes.get_title() == "forest-cover").lines[0]
    assert list(zip(first.get_xdata(), first.get_ydata(), strict=True)) == [(1, 0.5), (3, 0.7)]


def test_a_name_with_dollars_is_no_formula(tmp_path):
    group = records.group_at(tmp_path / "g")
    records.write(group, records.record("g", "c", model="$\\frac{1}{$"), records.grade("c", "gold"))
    records.write(group, records.record("g", "d", model="plain"), records.grade("d", "gold"))
    assert plot.plot(group, aggregate(group), tmp_path / "plots", ["rates"], ["svg"])


def test_figures_without_data_are_left_out_and_asking_for_one_says_so(tmp_path):
    group = records.group_at(tmp_path / "g")
    records.write(group, records.record("g", "c"), None)
    summary = aggregate(group)
    assert {path.stem for path in plot.plot(group, summary, group.plots, [], ["png"])} == {"outcomes"}
    with pytest.raises(UserError, match="g has no data for the figure rates"):
        plot.plot(group, summary, group.plots, ["rates"], [])


@pytest.mark.parametrize(("names", "formats"), [(["pie"], []), ([], ["pdf"])])
def test_what_there_is_not_is_named_with_what_there_is(group, names, formats):
    with pytest.raises(UserError, match=r"no (figure 'pie'; there are: rates|format 'pdf'; there are: png, svg)"):
        plot.plot(group, aggregate(group), group.plots, names, formats)


def test_without_matplotlib_the_message_says_how_to_get_it(group, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install -e '\.\[plots\]'"):
        plot.plot(group, aggregate(group), group.plots, [], [])


def test_the_verb_prints_where_the_files_are(podium, settings):
    group = records.group_at(settings.results / "g")
    records.write(group, records.record("g", "c"), records.grade("c", "gold"))
    said = podium("plot", "g", "--figure", "outcomes", "--format", "svg").stdout
    assert said.strip() == str(group.plots / "outcomes.svg")
    assert (group.plots / "outcomes.svg").is_file()
