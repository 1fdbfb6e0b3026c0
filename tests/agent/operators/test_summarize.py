"""The run's memory in a model's words: when it is due, what it is made of, and what happens when there is none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agent.llm.base import Reply, Request, RequestRefused, Usage
from agent.operators.summarize import EVERY, Chronicle, Summary, summarize
from agent.promptset import SHIPPED, PromptSet
from agent.scripted import ScriptedLLM
from agent.tokens import tokens
from tests.agent.conftest import BenchMaker, answer, make_request, make_task
from tests.agent.trees import journal_of, node


@pytest.fixture
def prompts(tmp_path: Path) -> PromptSet:
    own = Path(shutil.copytree(SHIPPED / "best", tmp_path / "own"))
    text = (own / "set.toml").read_text().replace('memory_writer = "digest"', 'memory_writer = "model"')
    (own / "set.toml").write_text(text)
    return PromptSet.load(own)


TASK = make_task(make_request())


def grown(count: int):
    return journal_of(*(node(number, number / 100) for number in range(1, count + 1)))


def test_it_is_due_every_few_nodes_and_only_where_the_set_asks_for_it(prompts: PromptSet) -> None:
    assert Chronicle().due(TASK, grown(EVERY - 1), prompts) is None
    assert Chronicle().due(TASK, grown(EVERY), PromptSet.load(SHIPPED / "best")) is None
    assert Chronicle().due(TASK, grown(EVERY), prompts) is not None


def test_it_is_made_of_the_one_before_and_of_the_attempts_since(prompts: PromptSet) -> None:
    chronicle = Chronicle()
    first = chronicle.due(TASK, grown(EVERY), prompts)
    assert first is not None and "Plan 1." in first[1].text
    assert chronicle.due(TASK, grown(2 * EVERY), prompts) is None, "one is being written"
    chronicle.take(Summary("Forests win."))
    assert chronicle.due(TASK, grown(EVERY + 1), prompts) is None
    second = chronicle.due(TASK, grown(2 * EVERY), prompts)
    assert second is not None and "Forests win." in second[1].text
    assert "Plan 1." not in second[1].text and f"Plan {EVERY + 1}." in second[1].text


def test_what_came_since_the_last_summary_is_told_beside_it(prompts: PromptSet) -> None:
    chronicle = Chronicle()
    assert chronicle.memory(grown(3)) == "", "the digest tells it until there is a summary"
    chronicle.due(TASK, grown(EVERY), prompts)
    chronicle.take(Summary("Forests win."))
    assert chronicle.memory(grown(EVERY)) == "Forests win."
    since = chronicle.memory(grown(EVERY + 2)).split("\n")
    assert since[:3] == ["Forests win.", "", "Since then:"]
    assert since[3:] == [f"- n000{n}, draft, scored 0.0{n}: Plan {n}." for n in (EVERY + 1, EVERY + 2)]


def test_an_empty_answer_leaves_the_older_one_and_is_asked_for_again(prompts: PromptSet) -> None:
    chronicle = Chronicle("Old.")
    assert chronicle.due(TASK, grown(EVERY), prompts) is not None
    chronicle.take(Summary())
    assert chronicle.text == "Old." and chronicle.due(TASK, grown(EVERY), prompts) is not None


def test_an_answer_that_is_too_long_is_cut(prompts: PromptSet) -> None:
    chronicle = Chronicle()
    chronicle.due(TASK, grown(EVERY), prompts)
    chronicle.take(Summary("a line of words\n" * 5_000))
    assert tokens(chronicle.text) <= prompts.settings.memory_tokens


def test_a_refusal_is_no_summary() -> None:
    assert summarize(ScriptedLLM([RequestRefused("no")]), (), 0) == Summary()


def test_in_a_run_the_prompts_after_it_hold_it_and_its_tokens_are_counted(
    bench: BenchMaker, prompts: PromptSet
) -> None:
    numbers = iter(range(1, 100))

    def coder(request: Request) -> Reply | str:
        if "Operator: summarize" in request.messages[1].text:
            return Reply("<think>Hm.</think>Forests beat all else.", Usage(1_000, 100), "m")
        return answer(next(numbers))

    made = bench(coder=coder, steps=8, num_drafts=8, prompts=prompts)
    made.agent.run()
    drafts = made.prompts("draft")
    assert not any("Forests beat" in text for text in drafts[:6])
    assert all("Forests beat all else." in text and "Hm." not in text for text in drafts[6:])
    assert [node.node for node in made.nodes if node.tokens["output"] > 100] == ["n0006"]
