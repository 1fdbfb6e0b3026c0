"""The server answers this machine's browsers, refuses whatever else comes, and changes nothing."""

import json
import re

import pytest

from harness.results.layout import Results
from tests.harness import pages, records, searches
from tests.harness.view.served import serving

RUN = "/groups/before/runs/forest-cover--aide--s0/"
PAGES = [
    "/",
    "/index.html",
    "/groups.html",
    "/compare.html",
    "/compare.html?a=before&b=after",
    "/side.html",
    "/groups/before/index.html",
    "/groups/before/rows.html?sort=score",
    f"{RUN}index.html",
    f"{RUN}facts.html",
    f"{RUN}nodes/n0007.html",
    f"{RUN}nodes/n0007/calls.html",
    f"{RUN}calls/index.html",
    f"{RUN}calls/3.html",
    "/groups/hostile/index.html",
    "/groups/hostile/runs/broken--aide--s0/index.html",
    "/groups/hostile/runs/forest-cover--aide--s0/nodes/n0001.html",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there_and_escapes_what_agents_wrote(served, path):
    answer = served.get(path)
    assert answer.status == 200
    scripts = re.findall(r"<script[^>]*>", answer.text)
    assert all(re.search(r'src="(\.\./)*assets/|type="application/json"', script) for script in scripts)
    assert not re.search(r"<(img|iframe|object|embed|svg[^>]+onload)[^>]*(onerror|http)", answer.text)
    assert not set("\ud800\u202e\x00") & set(answer.text)


@pytest.mark.parametrize("path", [*PAGES, f"{RUN}tree.json", "/assets/view.css", "/no/such/page"])
def test_every_answer_says_what_a_browser_may_do_with_it(served, path):
    headers = served.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8484", "127.0.0.1.evil.example", "10.0.0.1", "", "[::2]:80"]
)
def test_a_name_that_somebody_else_could_point_here_is_refused(served, host):
    answer = served.get("/", Host=host)
    assert answer.status == 421
    assert "before" not in answer.text


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "LOCALHOST", "[::1]:8484", "127.0.0.2:80"])
def test_names_of_this_machine_are_answered(served, host):
    assert served.get("/index.html", Host=host).status == 200


def test_a_name_that_was_allowed_is_answered(results):
    with serving(results.root, hosts=("Box.example",)) as running:
        assert running.get("/index.html", Host="box.example:1").status == 200
        assert running.get("/index.html", Host="10.0.0.1").status == 421


def test_a_public_server_is_asked_by_address_and_not_by_any_name(results):
    with serving(results.root, public=True) as running:
        assert running.get("/index.html", Host="10.0.0.1:80").status == 200
        assert running.get("/index.html", Host="evil.example").status == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_can_be_asked_for_that_would_change_something(served, method):
    assert served.get("/index.html", method=method).status == 405


def test_reading_every_page_leaves_the_results_as_they_were(tmp_path):
    group = records.group_at(tmp_path / "before")
    searches.run_with_tree(group, 5)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with serving(tmp_path) as running:
        for path in (path for path in PAGES if "hostile" not in path and "after" not in path):
            running.get(path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize(
    "path",
    [
        "/groups/../secret/index.html",
        "/groups/%2e%2e/runs/%2e%2e/index.html",
        "/groups/before/runs/..%2f..%2fsecret/index.html",
        "/groups/before/runs/../../../index.html",
        "/groups/.hidden/index.html",
        f"{RUN}nodes/..%2F..%2Frun.json",
        f"{RUN}nodes/../../../secret/run.html",
        f"{RUN}attempts/../index.html",
        "/assets/..%2f..%2fsite.py",
        "/assets/../site.py",
        "/assets/%00",
        "/groups/before/runs/%00/index.html",
    ],
)
def test_no_path_leads_out_of_the_results(served, results, path):
    secret = results.root / "secret"
    secret.mkdir(exist_ok=True)
    (secret / "run.html").write_text("a secret", encoding="utf-8")
    answer = served.get(path)
    assert answer.status == 404
    assert "a secret" not in answer.text and "import" not in answer.text


def test_a_page_that_did_not_change_is_not_sent_again(served):
    first = served.get(f"{RUN}facts.html")
    again = served.get(f"{RUN}facts.html", If_None_Match=first.headers["etag"])
    assert (again.status, again.text) == (304, "")


def test_the_tree_is_sent_as_far_as_it_is_not_known(served):
    whole = json.loads(served.get(f"{RUN}tree.json").text)
    assert len(whole["nodes"]) == 40 and not whole["more"] and whole["over"]
    rest = json.loads(served.get(f"{RUN}tree.json?after={whole['at'] - 1}").text)
    assert len(rest["nodes"]) == 1
    assert json.loads(served.get(f"{RUN}tree.json?after={whole['at']}").text)["nodes"] == []


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=1e9", "after=99999999999999999"])
def test_an_address_that_makes_no_sense_is_answered_all_the_same(served, query):
    assert served.get(f"{RUN}tree.json?{query}").status == 200


def test_nodes_are_found_by_words_of_their_code(served):
    words = "y0023%20%3D%20FIT"
    found = json.loads(served.get(f"{RUN}search.json?q={words}").text)["nodes"]
    assert "n0023" in found and len(found) < 40
    assert json.loads(served.get(f"{RUN}search.json?q=no-such-word").text)["nodes"] == []


def test_runs_are_filtered_and_sorted(served):
    text = served.get("/groups/hostile/rows.html?status=infra+failed").text
    assert text.count("data-row") == 1
    ordered = served.get("/groups/hostile/rows.html?sort=score").text
    names = re.findall(r'data-name="([^"]*)"', ordered)
    assert names[:3] == ["forest-cover--aide--s0", "made-up--aide--s0", "forest-cover--aide--s1"]
    turned = re.findall(r'data-name="([^"]*)"', served.get("/groups/hostile/rows.html?sort=score&turned=1").text)
    assert turned[:3] == names[:3][::-1]


def test_a_long_group_comes_in_pages(tmp_path):
    searches.small_runs(records.group_at(tmp_path / "many"), 230, nodes=2)
    with serving(tmp_path) as running:
        counts = [running.get(f"/groups/many/rows.html?page={page}").text.count("data-row") for page in (1, 2, 3, 99)]
    assert counts == [100, 100, 30, 30]


def test_a_run_that_cannot_be_read_is_named_and_hides_no_other(tmp_path):
    group = records.group_at(tmp_path / "g")
    records.write(group, records.record("g", "good"), records.grade("good", "gold"))
    broken = group.run("broken")
    broken.path.mkdir()
    broken.record_file.write_text('{"schema_version": 1, "x": "<script>"}', encoding="utf-8")
    with serving(tmp_path) as running:
        text = running.get("/groups/g/rows.html").text
        assert "is not a run record of this version" in text and "good--aide--s0" in text
        assert "is not a run record" in running.get("/groups/g/runs/broken/index.html").text


def test_a_group_that_comes_later_is_found(tmp_path):
    with serving(tmp_path) as running:
        assert "No runs here yet" in running.get("/index.html").text
        group = records.group_at(tmp_path / "late")
        records.write(group, records.record("late", "c"), None)
        assert "late" in running.get("/index.html").text


def test_two_groups_are_compared_when_asked_and_nothing_is_written(served, results):
    for _ in range(200):
        text = served.get("/comparison.html?a=before&b=after").text
        if "data-pending" not in text:
            break
    assert "B against A" in text and "tell" in text and "The prompts are the same" in text
    assert not results.group("after").comparison.exists()
    assert "There is no group &#39;nobody&#39;" in served.get("/compare.html?a=nobody&b=after").text


def test_a_comparison_that_was_kept_has_a_page(tmp_path):
    from harness.comparing import compare

    for name in ("a", "b"):
        group = records.group_at(tmp_path / name)
        for seed in range(2):
            records.write(group, records.record(name, "c", seed), records.grade("c", "gold" if name == "b" else None))
    results = Results(tmp_path)
    compare.write(compare.compare(results.group("a"), results.group("b")), results.group("b").comparison)
    with serving(tmp_path) as running:
        assert "medal rate" in running.get("/groups/b/comparison.html").text
        assert running.get("/groups/a/comparison.html").status == 404


def test_an_earlier_attempt_has_pages_too(tmp_path):
    group = records.group_at(tmp_path / "g")
    folder = searches.run_with_tree(group, 4)
    folder.set_aside()
    searches.run_with_tree(group, 6, attempt=2)
    with serving(tmp_path) as running:
        start = "/groups/g/runs/forest-cover--aide--s0/"
        assert 'href="attempts/1/index.html"' in running.get(f"{start}index.html").text
        assert len(json.loads(running.get(f"{start}attempts/1/tree.json").text)["nodes"]) == 4
        assert running.get(f"{start}attempts/1/nodes/n0003.html").status == 200
        assert running.get(f"{start}attempts/2/index.html").status == 404


def test_a_new_attempt_takes_the_place_of_what_was_looked_at(tmp_path):
    group = records.group_at(tmp_path / "g")
    folder = searches.run_with_tree(group, 6)
    with serving(tmp_path) as running:
        start = "/groups/g/runs/forest-cover--aide--s0/"
        first = json.loads(running.get(f"{start}tree.json").text)
        folder.set_aside()
        searches.run_with_tree(group, 3)
        second = json.loads(running.get(f"{start}tree.json").text)
    assert (len(first["nodes"]), len(second["nodes"])) == (6, 3)
    assert first["epoch"] != second["epoch"]


def test_fields_of_another_release_are_shown_by_name(tmp_path):
    group = records.group_at(tmp_path / "g")
    folder = records.write(group, records.record("g", "c"), None)
    event = {**pages.node(1, 0.5), "duplicate_of": "n0000", "sampled": True, "action": "ponder"}
    pages.write_journal(folder.journal, [event])
    with serving(tmp_path) as running:
        text = running.get("/groups/g/runs/c--aide--s0/nodes/n0001.html").text
    assert "duplicate of" in text and "n0000" in text and "sampled" in text and "ponder" in text
