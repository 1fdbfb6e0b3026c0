"""The cache of packages and models: what was added is what runs see, or they are told."""

import threading

import pytest

from harness.egress.cache import MOST_TOLD, Cache, CachedEntry, Index, variables
from harness.egress.fill import Fetched, add
from harness.errors import UserError


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def put(cache, name="a", version="1", **files):
    """Add an entry of wheels."""

    def fetch(stage):
        for file, content in files.items():
            path = stage / "wheels" / file
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
        return Fetched(name, version)

    return add(cache, "pypi", fetch)


def test_what_is_added_can_be_read_by_every_user_and_is_named_by_its_bytes(cache):
    put(cache, a="one", shared="both")
    first = cache.view()
    put(cache, "b", b="two", shared="both")

    assert (cache.content / "wheels/a").stat().st_mode & 0o777 == 0o644
    assert (cache.content / "wheels").stat().st_mode & 0o777 == cache.content.stat().st_mode & 0o777 == 0o755
    assert first.sha256 != cache.view().sha256 and cache.problems() == []
    cache.remove("b")
    assert cache.view().sha256 == first.sha256 and cache.problems() == []
    assert sorted(path.name for path in (cache.content / "wheels").iterdir()) == ["a", "shared"]


def test_an_entry_of_the_same_name_is_replaced(cache):
    put(cache, a="one", gone="x")
    put(cache, version="2", a="other")
    (entry,) = cache.index().entries
    assert entry.version == "2" and (cache.content / "wheels/a").read_text() == "other"
    assert not (cache.content / "wheels/gone").exists() and cache.problems() == []


def test_the_same_file_with_other_bytes_is_refused_and_nothing_is_changed(cache):
    put(cache, a="one")
    before = cache.index()
    with pytest.raises(UserError, match="with other bytes, by another entry"):
        put(cache, "b", a="two", c="x")
    assert cache.index() == before and cache.problems() == []
    assert [path.name for path in cache.folder.iterdir() if path.name.startswith("adding-")] == []


def test_an_empty_cache_is_none(cache):
    assert cache.view() is None and cache.problems() == [] and cache.index() == Index()


def test_what_was_changed_is_found_by_its_bytes_and_before_a_run_by_its_size(cache):
    put(cache, a="one", b="two")
    (cache.content / "wheels/a").write_text("eno")
    assert cache.view() is not None
    assert [line.rpartition("/")[2] for line in cache.problems()] == ["a has other bytes than were added"]
    (cache.content / "wheels/b").unlink()
    (cache.content / "wheels/new").touch()
    assert len(cache.problems()) == 3
    with pytest.raises(UserError, match="podium cache verify"):
        cache.view()


def test_it_is_not_changed_under_a_run(cache):
    put(cache, a="one")
    view = cache.view()
    with view.in_use(), view.in_use():
        for change in (lambda: put(cache, "b", b="two"), lambda: cache.remove("a")):
            with pytest.raises(UserError, match="in use by a run"):
                change()
    put(cache, "b", b="two")
    with pytest.raises(UserError, match="was changed since this command began"), view.in_use():
        pass


def test_a_link_out_of_what_was_fetched_is_not_added(cache, tmp_path):
    (tmp_path / "secret").write_text("x")

    def fetch(target):
        def lay_out(stage):
            (stage / "link").symlink_to(target)
            return Fetched("a", "1")

        return lay_out

    for target in (tmp_path / "secret", "../../../secret", "/etc/passwd"):
        with pytest.raises(UserError, match="is a link out of"):
            add(cache, "hf", fetch(target))


def test_an_unknown_name_is_told_with_those_that_there_are(cache):
    put(cache, a="one")
    with pytest.raises(UserError, match="there is pypi:a"):
        cache.remove("b")


def test_what_an_agent_is_told_is_bounded():
    entry = CachedEntry(kind="pypi", name="n" * 500, version="1", added_at="", files={})
    told = Index(entries=(entry,) * 100).told()
    assert len(told) == MOST_TOLD + 1 and told[-1] == "and 40 more" and max(map(len, told)) <= 160


def test_two_that_add_at_a_time_lose_nothing(cache):
    failures = []

    def one(name):
        for _ in range(200):
            try:
                put(cache, name, **{name: name})
            except UserError as error:  # the other has it; a person would type it again
                if "in use" not in str(error):
                    failures.append(error)
                continue
            return

    threads = [threading.Thread(target=one, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and [entry.name for entry in cache.index().entries] == ["a", "b", "c", "d"]


def test_libraries_are_told_where_it_is_and_to_ask_no_network():
    found = variables()
    assert found["HF_HUB_OFFLINE"] == found["TRANSFORMERS_OFFLINE"] == found["PIP_NO_INDEX"] == "1"
    assert all(
        found[name].startswith("/opt/podium/cache/") for name in ("HF_HUB_CACHE", "TORCH_HOME", "PIP_FIND_LINKS")
    )
