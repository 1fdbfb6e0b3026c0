"""The pages in a real browser: nobody else is asked, nothing of agents runs, and keys, fingers and eyes get along."""

import re
from urllib.parse import urlsplit

import pytest

from harness.results.record import RunStatus
from harness.view.export import export
from tests.harness import pages, records, searches
from tests.harness.view.served import serving, site

pytestmark = pytest.mark.browser
RUN = "groups/before/runs/forest-cover--aide--s0/"
HOSTILE = "groups/hostile/runs/forest-cover--aide--s0/"
SCREENS = {"desk": (1200, 900), "phone": (360, 740)}
PAGES = [
    "index.html",
    "groups/before/index.html",
    f"{RUN}index.html",
    f"{RUN}nodes/n0009.html",
    f"{RUN}calls/index.html",
    f"{RUN}calls/4.html",
    f"side.html?a={RUN}nodes/n0003.html&b={RUN}nodes/n0009.html",
    "groups/hostile/index.html",
    f"{HOSTILE}index.html",
    f"{HOSTILE}nodes/n0002.html",
    "groups/hostile/runs/broken--aide--s0/index.html",
    "groups/hostile/runs/broken--aide--s0/nodes/n0002.html",
]
LIVE_PAGES = ["compare.html?a=before&b=after", "no/such/page.html"]


class Visit:
    """An open page: what it asked for, and what its scripts complained of."""

    def __init__(self, page):
        self.page = page
        self.asked, self.errors = [], []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def go(self, address):
        self.page.goto(address)
        return self.page


@pytest.fixture
def visit(browser):
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    yield Visit(page)
    page.close()


@pytest.fixture(scope="module")
def files(results, tmp_path_factory):
    """The same results as files."""
    folder = tmp_path_factory.mktemp("exported") / "pages"
    export(site(results.root, live=False), folder, [], lambda line: None)
    return folder


@pytest.mark.parametrize("path", [*PAGES, *LIVE_PAGES])
def test_a_page_asks_its_own_server_only_and_its_scripts_work(visit, served, path):
    page = visit.go(served.address + path)
    page.wait_for_timeout(300)
    assert {urlsplit(url).netloc for url in visit.asked} == {f"127.0.0.1:{served.port}"}
    assert visit.errors == []
    assert page.title().endswith("Podium")


@pytest.mark.parametrize("path", PAGES)
def test_what_agents_wrote_is_shown_and_not_run(visit, served, path):
    page = visit.go(served.address + path)
    for frame in page.frames:
        assert frame.evaluate("window.hacked") is None
        assert frame.locator("img, object, embed, script:not([src]):not([type='application/json'])").count() == 0
    if "hostile" in path and "nodes" in path:
        assert page.get_by_text("<script>window.hacked = ").count() > 0


def test_a_script_that_got_in_all_the_same_would_not_run(visit, served):
    page = visit.go(f"{served.address}{HOSTILE}index.html")
    page.evaluate(
        """() => {
          const markup = `<img src="http://127.0.0.1:9/x" onerror="hacked = 4">
            <iframe srcdoc="<script>parent.hacked = 6</script>"></iframe>
            <a id="lure" href="javascript:hacked = 7">x</a>`;
          document.body.insertAdjacentHTML("beforeend", markup);
          const script = document.createElement("script");
          script.textContent = "window.hacked = 5";
          document.body.append(script);
          document.getElementById("lure").click();
        }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.hacked") is None


def test_hostile_words_in_a_tree_are_text_wherever_the_drawing_shows_them(visit, served):
    page = visit.go(f"{served.address}{HOSTILE}index.html")
    page.locator("#tree").focus()
    page.keyboard.press("]")
    page.locator(".nodes summary").click()
    page.locator("#nodes tr").first.wait_for()
    assert "<script>window.hacked = 1</script>" in page.locator("#said").inner_text()
    assert page.locator("#nodes tr").count() == 3
    assert page.locator("#nodes script, #said script, #tip script").count() == 0
    assert page.evaluate("window.hacked") is None


@pytest.mark.parametrize(
    "a", ["javascript:alert(1)", "//evil.example/", "groups/../../x/index.html", "http://evil.example"]
)
def test_side_by_side_shows_pages_of_runs_only(visit, served, a):
    page = visit.go(f"{served.address}side.html?a={a}&b={RUN}index.html")
    assert page.locator("iframe").count() == 0
    assert page.locator("#side-problem").is_visible()


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_every_page_fits_the_screen_in_both_colours(browser, served, screen, colours):
    width, height = SCREENS[screen]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=colours)
    for path in [*PAGES, *LIVE_PAGES]:
        page.goto(served.address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") == (colours == "light"), path
    page.close()


def test_from_groups_to_a_node_by_keys_alone(visit, served):
    page = visit.go(f"{served.address}index.html")
    for key in ("j", "j", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/groups/*/index.html")
    page.goto(f"{served.address}groups/before/index.html")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"runs/forest-cover--aide--s0/index\.html"))
    page.keyboard.press("b")
    best = page.locator("#panel-name").inner_text()
    assert page.frame_locator("#panel-frame").locator("h1").inner_text().startswith(best)
    page.locator("#tree").focus()
    page.keyboard.press("ArrowUp")
    parent = page.locator("#panel-name").inner_text()
    assert parent != best
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/nodes/{parent}.html")
    page.keyboard.press("u")
    page.wait_for_url(f"**/index.html#{parent}")
    assert parent in page.locator("#said").inner_text()


def test_a_node_is_chosen_with_the_mouse_and_shown_beside_the_tree(visit, served):
    page = visit.go(f"{served.address}{RUN}index.html")
    page.wait_for_timeout(200)
    canvas = page.locator("#tree").bounding_box()
    # Somewhere on the drawing is the draft n0001: follow what pointing at it says.
    for x in range(10, int(canvas["width"]), 6):
        page.mouse.move(canvas["x"] + x, canvas["y"] + 35)
        if "n00" in page.locator("#tip").inner_text():
            break
    name = re.search(r"n\d{4}", page.locator("#tip").inner_text())[0]
    page.mouse.click(canvas["x"] + x, canvas["y"] + 35)
    assert page.locator("#panel-name").inner_text() == name
    page.frame_locator("#panel-frame").locator("#code").wait_for()
    page.frame_locator("#panel-frame").locator("h1").click()
    page.keyboard.press("Escape")
    page.locator("#panel").wait_for(state="hidden")


def found(page, pattern):
    """Wait until the page says that many nodes are found. (Its policy lets no function of a test's be waited for.)"""
    page.locator("#found", has_text=re.compile(pattern)).wait_for(timeout=20_000)


def _pixels(page):
    page.wait_for_timeout(120)
    return page.evaluate("document.getElementById('tree').toDataURL()")


def test_colours_drawings_and_zoom_change_the_picture(visit, served):
    page = visit.go(f"{served.address}{RUN}index.html")
    seen = [_pixels(page)]
    for selector in ("[data-colour=stage]", "[data-colour=failure]", "[data-layout=steps]", "[data-zoom=in]"):
        page.locator(selector).click()
        seen.append(_pixels(page))
    assert len(set(seen)) == len(seen)
    assert "timed out" in page.locator("#legend").inner_text() or "failed" in page.locator("#legend").inner_text()
    page.locator("[data-zoom=fit]").click()
    page.keyboard.press("v")
    page.keyboard.press("c")
    assert _pixels(page) == seen[0]


def test_dragging_moves_the_tree_and_a_wheel_zooms_it_once_it_was_clicked(visit, served):
    page = visit.go(f"{served.address}{RUN}index.html")
    first = _pixels(page)
    box = page.locator("#tree").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.wheel(0, -300)
    assert _pixels(page) == first or page.evaluate("scrollY") > 0
    page.mouse.down()
    page.mouse.move(middle[0] + 90, middle[1] + 40, steps=4)
    page.mouse.up()
    moved = _pixels(page)
    assert moved != first
    page.mouse.wheel(0, -300)
    assert _pixels(page) != moved


def test_nodes_are_found_by_what_only_their_code_holds(visit, served):
    page = visit.go(f"{served.address}{RUN}index.html")
    page.keyboard.press("/")
    page.keyboard.type("y0023 = fit")
    found(page, r"^[1-9]\d* of 40")
    page.keyboard.press("Enter")
    assert "n0023" in page.locator("#said").inner_text()
    page.locator("#only").select_option("failed")
    page.locator("#search").fill("")
    page.locator(".nodes summary").click()
    page.locator("#nodes tr").first.wait_for()
    states = page.locator("#nodes .tag").all_inner_texts()
    assert states and "working" not in states


def test_a_list_of_runs_is_filtered_and_sorted(visit, served):
    page = visit.go(f"{served.address}groups/hostile/index.html")
    page.locator("select[name=status]").select_option("infra failed")
    page.wait_for_url("**status=infra**")
    assert page.locator("[data-row]").count() == 1
    page.locator("#search").fill("no such run")
    page.locator("#search").press("Enter")
    page.wait_for_url("**q=no+such+run**")
    assert page.locator("[data-row]").count() == 0
    page.goto(f"{served.address}groups/hostile/index.html")
    page.get_by_role("link", name="score").click()
    page.wait_for_url("**sort=score**")
    assert "forest-cover--aide--s0" in page.locator("[data-row]").first.inner_text()


def test_two_nodes_are_marked_and_seen_side_by_side_with_their_change(visit, served):
    page = visit.go(f"{served.address}{RUN}nodes/n0003.html")
    page.keyboard.press("m")
    assert "Marked: n0003" in page.locator("#marked").inner_text()
    page.goto(f"{served.address}{RUN}nodes/n0009.html")
    page.locator(".mark.here").click()
    page.wait_for_url("**/side.html?**")
    page.locator("#side-change").wait_for(state="visible")
    counts = re.fullmatch(r"\+(\d+) −(\d+) lines", page.locator("#side-counts").inner_text())
    assert page.locator("#side-diff tr.new").count() == int(counts[1]) > 0
    assert page.locator("#side-diff tr.old").count() == int(counts[2]) > 0
    assert page.frame_locator("iframe >> nth=1").locator("h1").inner_text().startswith("n0009")


def test_the_change_is_the_shortest_and_rebuilds_the_new_text(visit, served):
    page = visit.go(f"{served.address}side.html?a={RUN}nodes/n0001.html&b={RUN}nodes/n0002.html")
    cases = [("a\nb\nc", "a\nc\nd", 1, 1), ("", "", 0, 0), ("x", "x\ny\nz", 0, 2), ("p\nq\nr\ns", "q\ns\nt\nr", 2, 2)]
    for old, new, removed, added in cases:
        rows = page.evaluate("([old, now]) => window.podium.change(old, now)", [old, new])
        assert [row["kind"] for row in rows].count("old") == removed, (old, new)
        assert [row["kind"] for row in rows].count("new") == added, (old, new)
        kept = [row["text"] for row in rows if row["kind"] in ("same", "new")]
        assert not rows or "\n".join(kept) == new


def test_two_runs_are_seen_side_by_side_each_with_its_tree(visit, served):
    page = visit.go(f"{served.address}groups/before/index.html")
    buttons = page.locator("[data-row] .mark")
    buttons.nth(0).click()
    buttons.nth(1).click()
    page.wait_for_url("**/side.html?**")
    for at in (0, 1):
        frame = page.frame_locator(f"iframe >> nth={at}")
        frame.locator("#tree").wait_for()
        assert f"s{at}" in frame.locator("h1").inner_text()
        assert not frame.locator(".top").is_visible()


def test_groups_are_compared_in_the_page(visit, served):
    page = visit.go(f"{served.address}compare.html")
    page.locator("select[name=a]").select_option("before")
    page.locator("select[name=b]").select_option("after")
    page.get_by_role("button", name="compare").click()
    page.locator(".verdict").wait_for(timeout=20_000)
    assert "can't tell" in page.locator(".verdict").inner_text()
    assert page.get_by_text("medal rate").count() > 0


def test_a_running_search_grows_on_its_page_without_a_reload(visit, tmp_path):
    group = records.group_at(tmp_path / "g")
    run = records.record("g", "c", status=RunStatus.RUNNING, owner="elsewhere/b/1/1", wall_seconds=None)
    folder = records.write(group, run, None)
    pages.write_journal(folder.journal, [pages.proposal(1, 0.0)])
    whole = folder.journal.read_text(encoding="utf-8").removesuffix('{"cut off')
    with serving(tmp_path) as running:
        page = visit.go(f"{running.address}groups/g/runs/c--aide--s0/index.html")
        page.evaluate("window.stayed = true")
        found(page, "^1 node$")
        pages.write_journal(folder.journal, [pages.proposal(1, 0.0), pages.node(1, 0.5), pages.proposal(2, 0.1)])
        assert folder.journal.read_text(encoding="utf-8").startswith(whole)
        found(page, "^2 nodes$")
        page.locator("#facts").get_by_text("draft n0001").wait_for(timeout=15_000)
        assert page.evaluate("window.stayed")
        page.goto(f"{running.address}groups/g/index.html")
        records.write(group, records.record("g", "d"), records.grade("d", "gold"))
        page.get_by_text("d--aide--s0").wait_for(timeout=15_000)
    page.locator(".lost").wait_for(timeout=15_000)


def test_a_tree_of_two_thousand_nodes_is_drawn_searched_and_walked(visit, tmp_path):
    searches.run_with_tree(records.group_at(tmp_path / "g"), 2000)
    with serving(tmp_path) as running:
        page = visit.go(f"{running.address}groups/g/runs/forest-cover--aide--s0/index.html")
        found(page, "^2000 nodes$")
        first = _pixels(page)
        page.keyboard.press("b")
        page.keyboard.press("b")
        assert _pixels(page) != first
        page.locator("#only").select_option("best")
        on_path = page.evaluate("document.getElementById('found').textContent")
        assert re.fullmatch(r"\d+ of 2000 nodes", on_path)
        page.locator(".nodes summary").click()
        page.locator("#nodes tr").first.wait_for()
        assert 0 < page.locator("#nodes tr").count() <= 150
    assert [error for error in visit.errors if "fetch" not in error] == []


@pytest.mark.parametrize("path", PAGES)
def test_exported_pages_work_from_a_disk(visit, files, path):
    page = visit.go(f"{files.as_uri()}/{path}")
    page.wait_for_timeout(300)
    assert {urlsplit(url).scheme for url in visit.asked} == {"file"}
    assert visit.errors == []
    assert all(frame.evaluate("window.hacked") is None for frame in page.frames)
    assert page.evaluate("getComputedStyle(document.querySelector('.top')).position") == "sticky"  # the style is there


def test_an_exported_tree_is_drawn_walked_and_searched(visit, files):
    page = visit.go(f"{files.as_uri()}/{RUN}index.html")
    first = _pixels(page)
    page.keyboard.press("b")
    name = page.locator("#panel-name").inner_text()
    assert page.frame_locator("#panel-frame").locator("h1").inner_text().startswith(name)
    assert _pixels(page) != first
    page.locator("#search").fill("debug")
    assert re.match(r"\d+ of 40", page.locator("#found").inner_text())
    page.locator("#panel-open").click()
    page.wait_for_url(f"**/nodes/{name}.html")


def test_exported_nodes_are_seen_side_by_side_and_runs_filtered(visit, files):
    page = visit.go(f"{files.as_uri()}/side.html?a={RUN}nodes/n0003.html&b={RUN}nodes/n0009.html")
    page.locator("#side-change").wait_for(state="visible")
    page.goto(f"{files.as_uri()}/groups/before/index.html")
    page.locator("#search").fill("s2")
    assert page.locator("[data-row]:visible").count() == 1


def test_every_link_of_an_exported_page_leads_to_a_file(files):
    missing = []
    for path in files.rglob("*.html"):
        for link in re.findall(r'(?:href|src)="([^"#]+)', path.read_text(encoding="utf-8")):
            if not (path.parent / link.split("?")[0]).is_file():
                missing.append((path.relative_to(files), link))
    assert missing == []
