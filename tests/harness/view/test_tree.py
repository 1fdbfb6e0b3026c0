"""A tree grows with its journal, takes only what can be one, and keeps where the rest lies."""

import json

from hypothesis import given
from hypothesis import strategies as st

from harness.view.calls import Calls, made_for
from harness.view.tail import Tail, bytes_at
from harness.view.text import HEAD, TAIL, readable, shortened
from harness.view.tree import GOOD, RUNNING, Tree
from tests.harness import pages, records, searches


def grown(path, *events, times=None):
    lines = [
        {"schema_version": 1, "sequence": at, "received_at": (times or {}).get(at), "event": event}
        for at, event in enumerate(events)
    ]
    path.write_text("".join(json.dumps(line, default=list) + "\n" for line in lines), encoding="utf-8")
    tree, tail = Tree(maximize=True), Tail(path)
    tree.grow(tail)
    return tree, tail


def test_a_journal_is_read_on_from_where_it_was_left(tmp_path):
    path = tmp_path / "journal.jsonl"
    tree, tail = grown(path, pages.proposal(1, 0.0))
    assert tree.nodes["n0001"].state == RUNNING
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"event": pages.node(1, 0.5)}, default=list) + '\n{"event": {"type": "no')
    at = len(tree.log)
    tree.grow(tail)
    assert [node.state for node in tree.changes(at)] == [GOOD]
    assert tail.is_behind and tail.caught_up(tail.offset)
    with path.open("a", encoding="utf-8") as file:
        file.write('thing"}}\n')
    tree.grow(tail)
    assert not tail.is_behind and len(tree.nodes) == 1


def test_reading_stops_when_its_time_is_over_and_loses_nothing(tmp_path):
    path = tmp_path / "journal.jsonl"
    grown(path, *(pages.node(number, 0.5) for number in range(1, 30)))
    tree, tail, rounds = Tree(maximize=True), Tail(path), 0
    while tail.is_behind:
        tree.grow(tail, until=0.0)
        rounds += 1
    assert rounds == 29 == len(tree.nodes)


def test_a_nodes_event_is_found_again_where_it_lies(tmp_path):
    path = tmp_path / "journal.jsonl"
    tree, _ = grown(path, pages.proposal(1, 0.0), pages.node(1, 0.5, "ä\u2028x"), pages.node(2, None, "broke"))
    for name, output in (("n0001", "ä\u2028x"), ("n0002", "broke")):
        assert json.loads(bytes_at(path, tree.nodes[name].span))["event"]["output"] == output


def test_a_file_that_took_anothers_place_is_another(tmp_path):
    path = tmp_path / "journal.jsonl"
    _, tail = grown(path, pages.node(1, 0.5))
    assert not tail.replaced
    path.rename(tmp_path / "earlier.jsonl")
    grown(path, pages.node(1, 0.5))
    assert tail.replaced


def test_a_node_whose_name_is_a_path_is_not_taken(tmp_path):
    names = ("../../x", "a/b", "", "N1", "n" * 33, "n.html", "\x00", "<b>")
    tree, _ = grown(tmp_path / "j", *({**pages.node(1, 0.5), "node": name} for name in names))
    assert tree.nodes == {}


def test_the_best_path_ends_also_where_parents_go_in_circles(tmp_path):
    tree, _ = grown(
        tmp_path / "j",
        pages.node(1, 0.5, parents=("n0002",)),
        pages.node(2, 0.9, parents=("n0001",)),
    )
    assert tree.best == "n0002"
    assert [node.id for node in tree.path("n0002")] == ["n0001", "n0002"]


def test_the_node_that_was_handed_in_is_the_best_else_the_best_score_is(tmp_path):
    events = [pages.node(1, 0.5), pages.node(2, 0.4)]
    assert grown(tmp_path / "j", *events)[0].best == "n0001"
    tree, _ = grown(tmp_path / "k", *events)
    tree.maximize = False
    assert tree.best == "n0002"
    assert grown(tmp_path / "l", *events, {"type": "best", "node": "n0002", "score": 0.4})[0].best == "n0002"


def test_what_went_wrong_has_a_name(tmp_path):
    tree, _ = grown(
        tmp_path / "j",
        pages.node(1, None, outcome="timed_out"),
        pages.node(2, None, outcome="ok", submission_valid=False),
        {**pages.node(3, None), "outcome": "an outcome of another release"},
    )
    states = [node.state for node in tree.nodes.values()]
    assert states == ["timed out", "ran, submission not valid", "an outcome of another release"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_event_breaks_a_tree(value):
    from harness.view.tail import Line, Span

    tree = Tree(maximize=True)
    for kind in ("proposal", "node", "best", "end", "start", value):
        event = {"type": kind, "node": "n0001", "score": value, "seconds": {"model": value}, "step": value, "x": value}
        tree.take(Line(Span(0, 0), {"received_at": value, "event": event}))
    tree.take(Line(Span(0, 0), {"event": value}))
    assert set(tree.nodes) == {"n0001"}


def calls_of(folder, name):
    tree, calls, transcript = Tree(maximize=True), Calls(), Tail(folder.transcript)
    journal = Tail(folder.journal)
    tree.grow(journal)
    calls.grow(transcript)
    node = tree.nodes[name]
    code = json.loads(bytes_at(folder.journal, node.span))["event"]["code"]
    return [(made.call.number, made.shared) for made in made_for(node, tree, calls.lines, transcript, code)]


def test_a_call_belongs_to_the_node_that_was_being_made(tmp_path):
    folder = searches.run_with_tree(records.group_at(tmp_path / "g"), 8)
    assert calls_of(folder, "n0005") == [(9, False), (10, False)]


def test_of_several_workers_a_call_belongs_to_the_one_whose_code_it_holds(tmp_path):
    folder = searches.run_with_tree(records.group_at(tmp_path / "g"), 9, workers=3)
    assert calls_of(folder, "n0005") == [(9, False), (10, False)]


def test_a_label_says_whose_a_call_is_whatever_the_time(tmp_path):
    folder = searches.run_with_tree(records.group_at(tmp_path / "g"), 3)
    late = searches.call(7, "2030-01-01T00:00:00+00:00", "q", "a", label="n0001/code")
    with folder.transcript.open("a", encoding="utf-8") as file:
        file.write(json.dumps(late) + "\n")
    assert calls_of(folder, "n0001") == [(7, False)]


def test_what_would_hide_is_shown_by_its_number_and_lines_are_lines():
    assert readable("a\x1b[31mred\x1b[0m\rb\r\nc\x00\u202e\ud800") == "ared\nb\nc⟨U+0000⟩⟨U+202E⟩⟨U+D800⟩"


def test_a_long_text_keeps_its_beginning_and_its_end():
    text = "a" * (HEAD + 5) + "b" * (TAIL + 5)
    assert shortened(text).startswith("a" * HEAD) and shortened(text).endswith("b" * TAIL)
    assert "10 characters are left out" in shortened(text)
    assert shortened(text[:HEAD]) == text[:HEAD]


def test_what_goes_without_saying_is_no_mark(tmp_path):
    quiet = {"printed_score": 0.5, "trial": {"about": "small data", "outcome": None}, "leakage": None, "asks": []}
    loud = {"printed_score": 0.7, "trial": {"about": "a tenth", "outcome": "ok"}, "duplicate_of": "n0001"}
    tree, _ = grown(tmp_path / "j", {**pages.node(1, 0.5), **quiet}, {**pages.node(2, 0.5), **loud})
    assert tree.nodes["n0001"].marks == ()
    assert [name for name, _ in tree.nodes["n0002"].marks] == ["duplicate of", "printed score", "trial"]


def test_the_harnesss_own_choice_is_the_best(tmp_path):
    tree, _ = grown(tmp_path / "j", pages.node(1, 0.5), pages.node(2, 0.9), {"type": "best", "node": "n0002"})
    tree.chosen = "n0001"
    assert tree.best == "n0001"
