"""What runs used is drawn with few points and true peaks, in the report and on a run's page."""

import base64
import json
import re
from xml.etree import ElementTree

import pytest

from harness.rates.aggregate import aggregate
from harness.report import html, resources
from harness.report.resources import GIB, MOST_POINTS, points
from harness.results.record import GpuUseRecord, ResourcesRecord
from harness.watch.samples import MOST_SAMPLES, GpuSample, Sample
from tests.harness import records
from tests.harness.view.served import serving

USED = ResourcesRecord(
    samples=3,
    cpu_seconds=90.0,
    throttled_seconds=2.5,
    peak_memory_bytes=3 * GIB,
    peak_disk_bytes=5 << 20,
    gpus=(GpuUseRecord(id="GPU-1", peak_memory_bytes=GIB, mean_utilization_percent=40.0),),
)


def samples(count, seconds=1.0, cpus=2.0, **held):
    return [Sample(seconds=n * seconds, cpu_seconds=n * seconds * cpus, **held) for n in range(count)]


def group_with(tmp_path, lines):
    group = records.group_at(tmp_path / "g")
    folder = records.write(group, records.record("g", "iris", resources=USED), records.grade("iris"))
    folder.resources.write_text("".join(f"{line.model_dump_json()}\n" for line in lines))
    records.write(group, records.record("g", "iris", seed=1), records.grade("iris"))  # of an older Podium
    return group


def test_points_are_few_and_a_peak_between_them_stays():
    taken = samples(MOST_SAMPLES, memory_bytes=GIB)
    taken[777] = taken[777].model_copy(update={"memory_bytes": 9 * GIB})
    found = points(taken)
    assert len(found) <= MOST_POINTS + 1
    assert max(point.memory_gib for point in found) == 9.0
    assert {round(point.cpus, 6) for point in found[1:]} == {2.0}
    assert found[-1].seconds == taken[-1].seconds


@pytest.mark.parametrize("taken", [[], samples(1), [Sample(seconds=0.0)], [Sample(seconds=5.0)]])
def test_next_to_nothing_is_no_trouble(taken):
    assert len(points(taken)) == len(taken)
    assert resources.pictures([(points(taken), "c0", "run")], "it") == []


def test_only_what_is_known_is_drawn():
    names = [one.name for one in resources.pictures([(points(samples(5, memory_bytes=7 * GIB)), "c0", "run")], "it")]
    assert names == ["CPUs in use", "memory, GiB"]
    gpus = (GpuSample(id="a", memory_bytes=GIB, utilization_percent=50.0), GpuSample(id="b", memory_bytes=GIB))
    assert {(point.gpu_percent, point.gpu_memory_gib) for point in points(samples(9, gpus=gpus))} == {(50.0, 2.0)}


@pytest.mark.parametrize(("seconds", "unit"), [(1.0, "s"), (60.0, "min"), (3600.0, "h")])
def test_time_is_in_a_unit_that_suits_it(seconds, unit):
    (picture,) = resources.pictures([(points(samples(100, seconds)), "c0", "run")], "it")
    assert ElementTree.fromstring(picture.picture).findall("text")[-1].text == unit


def test_the_report_draws_what_runs_used_and_gives_the_figures(tmp_path):
    group = group_with(tmp_path, samples(50, memory_bytes=3 * GIB))
    html.write(group, aggregate(group))
    page = group.report_html.read_text()
    section = page[page.index("<h2>Resources</h2>") : page.index("<h2>Outcomes and failures</h2>")]
    assert section.count('role="img"') == 2 and "iris: memory, GiB" in section and "1 of 2 runs" in section
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", section)
    assert cells == ["iris--aide--s0", "90.0", "2.5", "3.00 GiB", "5.0 MiB", "–", "–", "1", "40", "1.00 GiB"]
    link = re.search(r'download="resources\.json" href="data:[^,]*;base64,([^"]*)"', page)
    (row,) = json.loads(base64.b64decode(link[1]))
    assert row["run"] == "iris--aide--s0" and row["peak_memory_bytes"] == 3 * GIB and row["read_bytes"] is None


def test_a_report_of_runs_without_records_of_it_says_so(tmp_path):
    group = records.group_at(tmp_path / "g")
    records.write(group, records.record("g", "iris"), records.grade("iris"))
    html.write(group, aggregate(group))
    assert "No run of this group recorded what it used." in group.report_html.read_text()


def test_a_runs_page_draws_it_and_a_file_full_of_rubbish_is_no_trouble(tmp_path):
    group = group_with(tmp_path, samples(50, memory_bytes=3 * GIB))
    with serving(tmp_path) as served:
        address = "/groups/g/runs/iris--aide--s0/facts.html"
        assert served.get(address).text.count("<figure>") == 2
        group.run("iris--aide--s0").resources.write_text('{"seconds": "x"}\n<script>\n\x00')
        answer = served.get(address)
        assert answer.status == 200 and "<figure>" not in answer.text and "<script>" not in answer.text
