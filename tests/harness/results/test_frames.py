"""The tables of records hold what the records say, in documented columns, and a query reads nothing else."""

import json

import pandas as pd
import pytest

from harness import results
from harness.errors import UserError
from harness.results import frames, query
from tests.harness import records

NODE = {
    "type": "node",
    "node": "n0001",
    "step": 1,
    "action": "draft",
    "parents": [],
    "plan": "a\tplan",
    "code": "print('<b>')",
    "outcome": "ok",
    "exit_code": 0,
    "score": 0.5,
    "buggy": False,
    "why_buggy": None,
    "analysis": "",
    "submission_valid": True,
    "seconds": {"model": 1.5, "execute": 2.0},
    "tokens": {"input": 10, "output": 5},
}
CALL = {
    "sequence": 1,
    "started_at": "2026-01-01T00:00:00+00:00",
    "provider": "openai",
    "api": "chat",
    "model": "m",
    "stream": False,
    "outcome": "answered",
    "status": 200,
    "usage": {"input": 100, "output": 7, "cached_input": 60, "cache_write": 3, "cache_write_1h": 1},
    "cost_usd": 0.25,
    "latency_seconds": 1.0,
    "waiting_seconds": 0.0,
    "attempts": 1,
    "error": None,
}


@pytest.fixture
def group(tmp_path):
    made = records.group_at(tmp_path / "results" / "g")
    for seed in (0, 1):
        folder = records.write(made, records.record("g", "a", seed), records.grade("a", "gold"))
        line = {"sequence": 1, "received_at": "2026-01-01T00:00:01.5+00:00", "event": NODE}
        folder.journal.write_text(json.dumps(line) + "\n" + '{"event": {"type": "no')
        folder.transcript.write_text(json.dumps(CALL) + "\n")
    records.write(made, records.record("g", "b"), None)
    return made


@pytest.mark.parametrize("name", list(frames.TABLES))
def test_a_table_has_its_documented_columns_also_where_it_is_empty(group, tmp_path, name):
    columns, make = frames.TABLES[name]
    names = [column.name for column in columns]
    assert list(make([group]).columns) == names == list(make([]).columns)
    assert make([group]).dtypes.astype(str).tolist() == make([]).dtypes.astype(str).tolist()


def test_rows_say_what_records_say(group):
    runs = frames.runs([group]).set_index("run_id")
    assert runs.loc["a--aide--s0", ["medal", "seed", "steps", "execute_seconds"]].tolist() == ["gold", 0, 1, 2.0]
    assert pd.isna(runs.loc["b--aide--s0", "valid"]) and runs["seed"].dtype == "Int64"
    (first, _) = frames.nodes([group]).to_dict("records")
    assert (first["validation_score"], first["model_seconds"], first["code"]) == (0.5, 1.5, "print('<b>')")
    assert first["received_at"] == pd.Timestamp("2026-01-01T00:00:01.5")
    (call, _) = frames.calls([group]).to_dict("records")
    assert (call["cached_input_tokens"], call["cache_write_tokens"], call["http_status"]) == (60, 4, 200)


def test_node_grades_give_test_scores(group):
    folder = group.run("a--aide--s1")
    folder.node_grades.write_text(json.dumps({"nodes": [{"node": "n0001", "test_score": 0.4}]}))
    found = frames.nodes([group]).set_index("run_id")["test_score"]
    assert found["a--aide--s1"] == 0.4 and pd.isna(found["a--aide--s0"])


def test_a_query_joins_the_tables(group):
    sql = "select r.competition, count(*) n, sum(c.cost_usd) usd from runs r join calls c using (run_id) group by all"
    assert query.query([group], sql).to_dict("records") == [{"competition": "a", "n": 2, "usd": 0.5}]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("selec", "syntax error"),
        ("select none_such from runs", "none_such"),
        ("drop table runs", "does not only read"),
        ("select 1; select 2", "does not only read"),
        ("copy runs to 'out.csv'", "does not only read"),
        ("select * from read_text('/etc/hostname')", "disabled"),
        ("set enable_external_access = true", "does not only read"),
        ("", "does not only read"),
    ],
)
def test_what_is_no_query_of_the_records_is_refused(group, sql, words):
    with pytest.raises(UserError, match=words):
        query.query([group], sql)


@pytest.mark.parametrize("ending", query.WRITERS)
def test_a_result_is_written_in_the_form_that_the_ending_names(group, tmp_path, ending):
    frame = query.query([group], "select run_id, seed, score, ended_at from runs order by run_id")
    path = tmp_path / "out" / f"result{ending}"
    query.write(frame, path)
    readers = {
        ".csv": pd.read_csv,
        ".json": pd.read_json,
        ".jsonl": lambda path: pd.read_json(path, lines=True),
        ".parquet": pd.read_parquet,
    }
    if ending == ".md":
        assert "| run\\_id | seed |" in path.read_text()
    else:
        assert readers[ending](path)["run_id"].tolist() == frame["run_id"].tolist()


def test_an_ending_that_names_no_form_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"\.parquet"):
        query.write(pd.DataFrame(), tmp_path / "result.xls")


def test_what_an_agent_wrote_is_no_formula_in_a_csv():
    table = query.text(pd.DataFrame({"reason": ["=1+1", "@SUM(A1)", "-x", "fine"], "score": [-0.5, 1, 2, 3]}), "csv")
    assert table == "reason,score\n'=1+1,-0.5\n'@SUM(A1),1.0\n'-x,2.0\nfine,3.0\n"


def test_a_notebook_names_groups_or_takes_all(group, monkeypatch):
    monkeypatch.setenv("PODIUM_RESULTS", str(group.path.parent))
    assert len(results.runs_df()) == len(results.runs_df("g")) == len(results.runs_df(str(group.path))) == 3
    assert len(results.nodes_df("latest")) == len(results.calls_df()) == 2
    with pytest.raises(UserError, match="no group 'other'"):
        results.runs_df("other")


def test_the_verb_prints_tables_forms_and_columns(podium, settings, group, tmp_path):
    mine = records.group_at(settings.results / "mine")
    records.write(mine, records.record("mine", "a"), records.grade("a", "gold"))
    assert "a--aide--s0" in podium("query", "select run_id, medal from runs").stdout
    found = podium("query", "select medal from runs", "--group", "mine", "--format", "json").stdout
    assert json.loads(found) == [{"medal": "gold"}]
    assert "4 rows in" in podium("query", "select * from runs", "--out", str(tmp_path / "r.csv")).stdout
    assert "execute_seconds" in podium("query", "--tables").stdout
    assert "podium query --tables" in podium("query", expect=2).stderr
    assert "jsonl" in podium("query", "select 1", "--format", "xml", expect=2).stderr
