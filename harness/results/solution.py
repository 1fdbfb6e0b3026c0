"""The best solution of a run as something to keep: a script, or a notebook, that says where it came from.

The code is the agent's, unchanged. What is put above it are comments: which run and node, which scores, which packages
in which versions, and how to run it; a blend carries the scripts that it blends (`blended.py`). Nothing here runs it.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.grading.grade import GradeReport
from harness.runs import blended
from harness.runs.chosen import chosen_node
from harness.untrusted import one_line

if TYPE_CHECKING:
    from harness.results.layout import RunFolder, RunRecord

FIRST_LINES = re.compile(r"#!|#.*?coding[:=]")  # a shebang and an encoding count only where they stand
DISTRIBUTIONS = {"sklearn": "scikit-learn", "PIL": "pillow", "cv2": "opencv-python-headless", "yaml": "pyyaml"}


@dataclass(frozen=True)
class Solution:
    """One node's script with all that is known of it. `packages` are those that it imports, with their versions."""

    record: RunRecord
    node: str
    action: str
    parents: tuple[str, ...]
    step: int
    nodes: int
    plan: str
    code: str
    output: str
    analysis: str
    validation_score: float | None
    scored_on: str  # whose word the validation score is
    grade: GradeReport | None
    python: str
    packages: dict[str, str]
    parts: dict[str, str]  # scripts of the nodes whose predictions it blends

    @property
    def whole(self) -> str:
        """The code with what it blends: a script that runs on the public data alone."""
        return blended.whole(self.code, self.parts)

    def facts(self) -> list[tuple[str, str]]:
        """Return what is worth saying of it, in order, each on one line."""
        record, brief = self.record, self.record.request.competition
        better = "higher" if brief.direction == "maximize" else "lower"
        above = f" of {', '.join(self.parents)}" if self.parents else ""
        builds = f"; blends {', '.join(self.parts)}, which are part of it" if self.parts else ""
        versions = ", ".join(f"{name} {version}" for name, version in self.packages.items())
        facts = [
            ("run", f"{record.group}/{record.run_id}, Podium {record.podium_version}"),
            ("node", f"{self.node} ({self.action}{above}), step {self.step}, the best of {self.nodes}{builds}"),
            ("competition", f"{record.competition}, edition {record.data.edition}, {record.data.source} data"),
            ("metric", f"{brief.metric} ({better} is better)"),
            (
                "validation score",
                f"{'none' if self.validation_score is None else self.validation_score}, {self.scored_on}",
            ),
            ("test score", self._test_score()),
            ("written by", f"{record.model}, agent {record.agent}, prompts {record.prompt_set}, seed {record.seed}"),
            ("python", f"{self.python}; imports {versions or 'the standard library only'}"),
        ]
        return [(name, one_line(text)) for name, text in facts]

    def _validation_score(self) -> str:
        return f"{'none' if self.validation_score is None else self.validation_score}, {self.scored_on}"

    def _test_score(self) -> str:
        if self.grade is None:
            return "not graded"
        if self.grade.score is None:
            return f"none: {self.grade.reason}"
        medal = f", medal: {self.grade.medal.value}" if self.grade.medal else ""
        return f"{self.grade.score:.5f}{' on stand-in data' if self.grade.stand_in else ''}{medal}"

    def script(self) -> str:
        """Return the whole code below a header of comments."""
        lines = self.whole.splitlines(keepends=True)
        first = 0
        while first < min(2, len(lines)) and FIRST_LINES.match(lines[first]):
            first += 1
        width = max(len(name) for name, _ in self.facts())
        header = [
            "# The best solution of a Podium run, as its agent wrote it.",
            "#",
            *(f"# {name:<{width}}  {text}" for name, text in self.facts()),
            "#",
            "# To run it: the competition's public data in ./input, an empty folder ./working, then",
            f"#     python {SCRIPT_NAME}",
            "# It writes ./working/submission.csv.",
        ]
        return "".join([*lines[:first], "\n".join(header), "\n\n", *lines[first:]])


SCRIPT_NAME = "solution.py"


def solution_of(folder: RunFolder, record: RunRecord) -> Solution:
    """Return the solution whose submission was handed in; raise `UserError` when the run has none."""
    events = list(folder.events())
    nodes = {event["node"]: event for event in events if event["type"] == "node"}
    chosen = chosen_node(record, events)
    if not nodes:
        raise UserError(f"{record.group}/{record.run_id} has no finished node ({record.status}): nothing to export")
    if chosen not in nodes or chosen is None:
        raise UserError(
            f"{record.group}/{record.run_id} has no working solution: {len(nodes)} nodes, all buggy. "
            f"See what went wrong: {folder.nodes}/*/output.txt"
        )
    event = nodes[chosen]
    start: dict[str, Any] = next((event for event in events if event["type"] == "start"), {})
    return Solution(
        record=record,
        node=chosen,
        action=event["action"],
        parents=tuple(event["parents"]),
        step=event["step"],
        nodes=len(nodes),
        plan=event["plan"],
        code=event["code"],
        output=event["output"],
        analysis=event["analysis"],
        validation_score=event["score"],
        scored_on="on rows whose labels it never saw" if event["reviewed_by"] == "held_back" else "its own",
        grade=_grade(folder),
        python=start.get("python", "unknown"),
        packages=imported(event["code"], start.get("packages", {})),
        parts={name: nodes[name]["code"] for name in blended.needed(nodes, chosen)},
    )


def imported(code: str, packages: dict[str, str]) -> dict[str, str]:
    """Return those packages that a script imports; all of them where the script can't be parsed."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return packages
    names: set[str] = set()
    for part in ast.walk(tree):
        if isinstance(part, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in part.names)
        elif isinstance(part, ast.ImportFrom) and part.module and not part.level:
            names.add(part.module.partition(".")[0])
    wanted = {_normal(DISTRIBUTIONS.get(name, name)) for name in names - sys.stdlib_module_names}
    return {name: version for name, version in packages.items() if _normal(name) in wanted}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _grade(folder: RunFolder) -> GradeReport | None:
    try:
        return GradeReport.model_validate_json(folder.grade_file.read_bytes())
    except FileNotFoundError:
        return None
