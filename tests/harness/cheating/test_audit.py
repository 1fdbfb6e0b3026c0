"""An audit writes what it found beside each run, compares runs, and leaves alone what is the same."""

import json
import re

import pytest

from harness.cheating.audit import audit
from harness.cheating.case import Task
from harness.cheating.finding import MOST_FINDINGS, MOST_OF_A_RULE, Severity
from harness.cheating.standing import NAME, standing
from harness.cheating.tasks import Tasks, information
from harness.errors import UserError
from harness.results.layout import GroupFolder
from harness.results.record import RunStatus
from tests.harness.cheating.planted import LABELS, PLANTED, TEXT_IDS
from tests.harness.cheating.runs import LONG, OTHER, run
from tests.harness.records import grade

SUBMISSION = "id,y\n" + "".join(f"{id},{n % 2}\n" for n, id in enumerate(TEXT_IDS))
PRECISE = "id,y\n" + "".join(f"{id},0.{n:02d}137\n" for n, id in enumerate(TEXT_IDS))
REQUEST = PLANTED["a request"][2]


def nothing_prepared(name, edition):
    raise UserError("not here")


def look(group, **options):
    return audit(list(GroupFolder(group).runs()), Tasks(nothing_prepared), **options)


def rules(folder):
    found = standing(folder.path)
    assert found is not None
    return found.rules


def renamed(code):
    """Another's script under other names, with other comments."""
    for old, new in (
        ("train", "alpha"),
        ("predicted", "beta"),
        ("scores", "gamma"),
        ("model", "net"),
        ("fold", "part"),
    ):
        code = re.sub(rf"(?<![.\w\"/]){old}\b", new, code)
    return "# my own work\n" + code.replace("\n\n\n", "\n# next\n\n")


def test_the_ids_of_a_runs_own_submission_show_answers_that_are_written_down(tmp_path):
    folder = run(tmp_path / "g", "demo", f"y = {LABELS}\n", submission=SUBMISSION)
    look(tmp_path / "g")
    assert rules(folder) == ("hand-labelled",)


def test_an_honest_run_is_audited_and_not_flagged(tmp_path):
    folder = run(tmp_path / "g", "demo", OTHER, LONG, submission=SUBMISSION, grade=grade("demo"))
    look(tmp_path / "g")
    found = standing(folder.path)
    assert found is not None and not found.flagged and found.findings.scripts == 2
    assert (found.findings.script, found.findings.findings) == ("nodes/n0002/solution.py", ())


def test_what_is_the_same_is_left_alone_and_what_changed_is_looked_at_again(tmp_path):
    folder = run(tmp_path / "g", "demo", LONG)
    assert [one.made for one in look(tmp_path / "g")] == [True]
    before = (folder.path / NAME).stat().st_mtime_ns
    assert [one.made for one in look(tmp_path / "g")] == [False]
    assert (folder.path / NAME).stat().st_mtime_ns == before
    assert [one.made for one in look(tmp_path / "g", again=True)] == [True]
    run(tmp_path / "g", "demo", REQUEST)
    assert [one.made for one in look(tmp_path / "g")] == [True]
    assert rules(folder) == ("network",)


def test_a_run_that_is_not_over_is_passed_over(tmp_path):
    run(tmp_path / "g", "demo", LONG, status=RunStatus.QUEUED, ended_at=None)
    assert look(tmp_path / "g") == []


def test_findings_that_cannot_be_read_are_made_anew(tmp_path):
    folder = run(tmp_path / "g", "demo", LONG)
    (folder.path / NAME).write_text('{"schema_version": 7}')
    look(tmp_path / "g")
    assert rules(folder) == ()


def test_a_copy_of_another_agents_script_is_flagged_whatever_its_names_and_only_the_later_one(tmp_path):
    first = run(tmp_path / "g", "demo", LONG, model="openai/a", started_at="2026-01-01T00:00:00+00:00")
    later = run(
        tmp_path / "g", "demo", renamed(LONG), model="openai/b", agent="else", started_at="2026-01-02T00:00:00+00:00"
    )
    honest = run(tmp_path / "g", "demo", OTHER, model="openai/c", agent="third", started_at="2026-01-03T00:00:00+00:00")
    look(tmp_path / "g")
    assert (rules(first), rules(later), rules(honest)) == ((), ("similar-code",), ())
    (found,) = standing(later.path).findings.findings
    assert first.path.name in found.what
    mine, theirs = found.evidence
    assert (mine.file, theirs.file) == ("nodes/n0001/solution.py", "g/demo--aide--s0/nodes/n0001/solution.py")
    assert renamed(LONG).splitlines()[mine.line - 1].strip() in mine.excerpt
    assert LONG.splitlines()[theirs.line - 1].strip() in theirs.excerpt


def test_scripts_of_the_same_agent_and_model_are_noted_and_those_of_the_offline_coder_not_compared(tmp_path):
    for group, model in (("same", "openai/a"), ("offline", "offline")):
        for seed in (0, 1):
            started = f"2026-01-0{seed + 1}T00:00:00+00:00"
            run(tmp_path / group, "demo", renamed(LONG) if seed else LONG, seed=seed, model=model, started_at=started)
        look(tmp_path / group)
    noted, none = (standing(tmp_path / group / "demo--aide--s1") for group in ("same", "offline"))
    assert [one.severity for one in noted.findings.findings] == [Severity.LOW]
    assert none.findings.findings == () and "templates" in none.findings.not_compared[0]


def test_what_many_runs_of_a_competition_write_is_nobodys_own(tmp_path):
    for seed in range(8):
        run(tmp_path / "g", "demo", LONG, seed=seed, agent=f"agent{seed}", model=f"openai/{seed}")
    look(tmp_path / "g")
    assert all(rules(folder) == () for folder in GroupFolder(tmp_path / "g").runs())


def test_what_a_prompt_shows_is_nobodys_own(tmp_path):
    for seed in (0, 1):
        started = f"2026-01-0{seed + 1}T00:00:00+00:00"
        code = LONG + f"print({seed})\n"
        folder = run(tmp_path / "g", "demo", code, seed=seed, agent=f"a{seed}", model="openai/a", started_at=started)
        asked = {"messages": [{"role": "user", "content": f"Begin with this:\n```python\n{LONG}\n```\n"}]}
        folder.transcript.write_text(json.dumps({"sequence": 1, "api": "chat", "request": asked}) + "\n")
    look(tmp_path / "g")
    assert all(standing(folder.path).findings.findings == () for folder in GroupFolder(tmp_path / "g").runs())


def test_a_script_of_a_folder_of_known_ones_is_found_in_a_run(tmp_path):
    folder = run(tmp_path / "g", "demo", renamed(LONG), model="openai/a")
    known = tmp_path / "known"
    known.mkdir()
    cells = [
        {"cell_type": "markdown", "source": ["# x"]},
        {"cell_type": "code", "source": LONG.splitlines(keepends=True)},
    ]
    (known / "best.ipynb").write_text(json.dumps({"cells": cells}))
    look(tmp_path / "g", known=known)
    assert rules(folder) == ("similar-code",)
    assert "best.ipynb" in standing(folder.path).findings.findings[0].what
    with pytest.raises(UserError, match="no such folder"):
        look(tmp_path / "g", known=tmp_path / "none")


def test_the_same_predictions_of_another_script_are_flagged_and_the_same_labels_are_not(tmp_path):
    for group, submission in (("precise", PRECISE), ("labels", SUBMISSION)):
        for seed, code in ((0, LONG), (1, OTHER)):
            asked = {"started_at": f"2026-01-0{seed + 1}T00:00:00+00:00", "model": "openai/a"}
            run(tmp_path / group, "demo", code, seed=seed, submission=submission, **asked)
        look(tmp_path / group)
    assert rules(GroupFolder(tmp_path / "precise").run("demo--aide--s1")) == ("same-submission",)
    assert rules(GroupFolder(tmp_path / "precise").run("demo--aide--s0")) == ()
    assert rules(GroupFolder(tmp_path / "labels").run("demo--aide--s1")) == ()


def test_the_offline_coders_templates_predict_the_same_whichever_agent_asked(tmp_path):
    run(tmp_path / "g", "demo", LONG, submission=PRECISE, started_at="2026-01-01T00:00:00+00:00")
    other = {"agent": "aideml", "candidate_isolation": "none", "started_at": "2026-01-02T00:00:00+00:00"}
    folder = run(tmp_path / "g", "demo", submission=PRECISE, **other)
    look(tmp_path / "g")
    assert standing(folder.path).findings.findings == ()


def test_the_same_program_may_predict_the_same(tmp_path):
    for seed in (0, 1):
        code = LONG + f"print('done', {seed}, [fold for fold in range({seed})])\n"
        run(tmp_path / "g", "demo", code, seed=seed, submission=PRECISE, model="openai/a")
    look(tmp_path / "g")
    assert all(rules(folder) == () for folder in GroupFolder(tmp_path / "g").runs())


def test_a_copy_of_another_groups_run_is_found_when_that_group_is_named(tmp_path):
    run(tmp_path / "old", "demo", LONG, model="openai/a", started_at="2025-01-01T00:00:00+00:00")
    folder = run(tmp_path / "new", "demo", renamed(LONG), model="openai/b", started_at="2026-01-01T00:00:00+00:00")
    look(tmp_path / "new")
    assert rules(folder) == ()
    look(tmp_path / "new", among=list(GroupFolder(tmp_path / "old").runs()))
    assert rules(folder) == ("similar-code",)


def test_another_agents_scripts_are_read_from_its_models_replies(tmp_path):
    folder = run(tmp_path / "g", "demo", agent="aideml", candidate_isolation="none", model="openai/a")
    reply = f"Here it is.\n```python\n{REQUEST}\n```\n"
    message = {"role": "assistant", "content": reply}
    line = {"sequence": 3, "api": "chat", "response": {"choices": [{"message": message}]}}
    folder.transcript.write_text(json.dumps(line) + "\n")
    look(tmp_path / "g")
    (found,) = standing(folder.path).findings.findings
    assert (found.rule, found.evidence[0].file, found.evidence[0].line) == ("network", "llm.jsonl, call 3", 2)


def test_a_perfect_score_without_any_script_is_flagged_and_with_an_honest_one_is_noted(tmp_path):
    perfect = grade("demo", "gold", score=1.0)
    bare = run(tmp_path / "g", "demo", grade=perfect, agent="else", candidate_isolation="none")
    honest = run(tmp_path / "h", "demo", LONG, grade=perfect, events=[])
    journal = honest.journal.read_text().replace('"score": 0.5', '"score": 0.999')
    honest.journal.write_text(journal)
    doubtful = run(tmp_path / "d", "demo", LONG, grade=perfect)
    for group in "ghd":
        look(tmp_path / group)
    assert (rules(bare), rules(honest), rules(doubtful)) == (("score",), (), ("score",))
    assert [one.severity for one in standing(honest.path).findings.findings] == [Severity.LOW]


def test_findings_are_bounded_and_the_weightiest_stay(tmp_path):
    many = [f"import requests\nrequests.get('http://h/{n}')\nprint('validation score: 0.{n}')\n" for n in range(150)]
    folder = run(tmp_path / "g", "demo", *many)
    look(tmp_path / "g")
    found = standing(folder.path).findings
    assert len(found.findings) <= MOST_FINDINGS and found.more > 0
    of_network = [one for one in found.findings if one.rule == "network"]
    assert len(of_network) == MOST_OF_A_RULE and found.findings[0].severity is not Severity.LOW


def test_several_processes_find_what_one_finds(tmp_path, monkeypatch):
    from harness.cheating import audit as module

    for seed, (_, _, code) in enumerate(PLANTED.values()):
        run(tmp_path / "g", "demo", code, seed=seed, submission=SUBMISSION)
    alone = {one.folder.path.name: one.findings for one in look(tmp_path / "g")}
    monkeypatch.setattr(module, "MANY", 2)
    assert {one.folder.path.name: one.findings for one in look(tmp_path / "g", again=True)} == alone


def test_only_numbers_with_decimals_count_as_information(tmp_path):
    for content, expected in ((PRECISE, len(TEXT_IDS)), (SUBMISSION, 0), ("", 0), ("\x00\xff,\n", 0)):
        file = tmp_path / "s.csv"
        file.write_text(content)
        assert information(file) == expected
    assert information(tmp_path / "none.csv") == 0


def test_a_task_says_whether_its_ids_are_numbers():
    assert Task(ids=frozenset({"1", "22"})).ids_are_numbers and not Task(ids=frozenset({"a1"})).ids_are_numbers
