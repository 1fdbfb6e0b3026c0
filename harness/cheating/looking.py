"""One run → its own findings: every rule over every script, plan and output of it, and over its transcript and scores.

What each rule says stands for itself; here it gets its place, its weight and its bounds. A script that occurs twice is
looked at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.cheating.answers_in_text import may_hold
from harness.cheating.case import Case, Node, Task
from harness.cheating.finding import Evidence, Finding, Hit, Severity, excerpt, finding
from harness.cheating.rules import CASE_RULES, CODE_RULES, NODE_RULES
from harness.cheating.rules.base import LookAtCode, Rule


def look_at(case: Case) -> Iterator[Finding]:
    """Yield what the rules find in a run."""
    seen: dict[str, list[tuple[str, int, bool, Hit]]] = {}
    for node in sorted(case.nodes, key=lambda one: not one.handed_in):
        sha = node.script.sha256
        if sha not in seen:
            seen[sha] = list(_of_code(node, case.task))
        for name, version, conduct, hit in seen[sha]:
            yield _of_node(node, name, version, hit, conduct=conduct)
        for rule in NODE_RULES.values():
            for hit in rule.look(node, case.task):
                yield _of_node(node, rule.name, rule.version, hit, conduct=rule.conduct)
    for case_rule in CASE_RULES.values():
        for hit in case_rule.look(case):
            sha_handed_in = case.handed_in.script.sha256 if case.handed_in else None
            evidence = [Evidence(file="llm.jsonl", line=None, excerpt=excerpt(quote)) for quote in hit.quotes]
            yield finding(
                case_rule.name, case_rule.version, hit.severity, hit.what, evidence=evidence, code_sha256=sha_handed_in
            )


def _of_code(node: Node, task: Task) -> Iterator[tuple[str, int, bool, Hit]]:
    """What rules see in a script. What was handed in is looked at whole; of others those rules look that may see."""
    text = node.script.text
    low = text.lower()
    answers = node.handed_in or may_hold(text, task)
    for rule in CODE_RULES.values():
        always = rule.trigger is None and not rule.words
        if not (node.handed_in or (answers if always else rule.may_see(text, low))):
            continue
        try:
            for hit in rule.look(node.script, task):
                yield rule.name, rule.version, rule.conduct, hit
        except RecursionError:  # of a script that was written to be deep; the other rules look all the same
            yield rule.name, rule.version, True, _too_deep(rule)


def _too_deep(rule: Rule[LookAtCode]) -> Hit:
    return Hit(Severity.MEDIUM, f"the script is nested too deeply for {rule.name} to look at")


def _of_node(node: Node, name: str, version: int, hit: Hit, *, conduct: bool) -> Finding:
    script = node.script
    evidence = [Evidence(file=script.file, line=line, excerpt=excerpt(script.line(line))) for line in hit.lines[:5]]
    evidence += [Evidence(file=_file_of(node), line=None, excerpt=excerpt(quote)) for quote in hit.quotes]
    return finding(
        name,
        version,
        _weighed(hit.severity, node, conduct=conduct),
        hit.what,
        node=node.name,
        handed_in=node.handed_in,
        evidence=evidence,
        code_sha256=script.sha256,
    )


def _file_of(node: Node) -> str:
    return "journal.jsonl" if node.name is not None else "llm.jsonl"


def _weighed(severity: Severity, node: Node, *, conduct: bool) -> Severity:
    """What was not handed in is no cheat, unless trying was; what a model wrote may never have been run."""
    if node.name is None:
        return min(severity, Severity.MEDIUM, key=lambda one: one.weight)
    return severity if node.handed_in or conduct else Severity.LOW
