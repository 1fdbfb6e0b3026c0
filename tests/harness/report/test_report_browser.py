"""The page in a real browser: it asks nobody for anything, runs nothing that agents wrote, and gives its data away."""

import csv
import json

import pytest

from harness.rates.aggregate import aggregate
from harness.report import html
from tests.harness import pages

pytestmark = pytest.mark.browser
SCREENS = {"desk": (1200, 900), "phone": (360, 740)}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    group = pages.hostile_group(tmp_path_factory.mktemp("results"))
    html.write(group, aggregate(group))
    return group.report_html.as_uri()


@pytest.fixture
def opened(browser, address):
    """The page, with all that it asked for."""
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    yield page, asked
    page.close()


def test_nothing_is_asked_of_anyone(opened, address):
    page, asked = opened
    page.mouse.wheel(0, 5000)
    assert asked == [address]


def test_what_agents_wrote_is_shown_and_not_run(opened):
    page, _ = opened
    assert page.evaluate("window.hacked") is None
    assert page.locator("script, img, iframe, object, embed").count() == 0
    assert page.get_by_text("<script>window.hacked = 1</script>").count() > 0


def test_a_script_that_got_in_all_the_same_would_not_run(opened):
    page, _ = opened
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=\"http://127.0.0.1:9/x\" onerror=\"hacked = 4\">');"
        "const s = document.createElement('script'); s.textContent = 'window.hacked = 5'; document.body.append(s)"
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None


def test_data_can_be_downloaded(opened, tmp_path):
    page, _ = opened
    links = page.locator("a[download]")
    names = links.evaluate_all("found => found.map(link => link.download)")
    assert {"rates.csv", "medals.json", "scores.csv", "progress.csv", "phases.csv", "costs.csv"} <= set(names)
    for name in ("scores.csv", "costs.json"):
        with page.expect_download() as download:
            page.locator(f'a[download="{name}"]').first.click()
        download.value.save_as(tmp_path / name)
    with (tmp_path / "scores.csv").open(encoding="utf-8", newline="") as lines:
        assert len(list(csv.DictReader(lines))) == 6
    assert json.loads((tmp_path / "costs.json").read_bytes())[1]["cost_usd"] == 4.5


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_page_fits_the_screen_in_both_colours(browser, address, screen, colours):
    width, height = SCREENS[screen]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=colours)
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (colours == "light")
    page.close()


def test_print_is_on_white_paper_even_where_the_screen_is_dark(browser, address):
    page = browser.new_page(color_scheme="dark")
    page.goto(address)
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf().startswith(b"%PDF")
    page.close()
