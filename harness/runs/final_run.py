"""The end of a run in the mode hidden-split: which node is handed in, and its script run once more on all data.

The search saw less training data than there are, and predicted rows whose labels were held back. Of the best few nodes
by the score that guided it, the one with the best score on the other part is chosen, whose scores nobody was told. Its
script runs in a second container on the ordinary public data, as hardened as the first, without a model. Where that
fails, the test rows of what it predicted in the search are handed in instead, and the record says so.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.contract import Direction, Rerun
from harness.data import search_view
from harness.errors import InfrastructureError, InvalidSubmission
from harness.files import write_atomically
from harness.grading import submission
from harness.results.record import Finalist, FinalRecord, RunStatus
from harness.runs import blended
from harness.untrusted import one_line

if TYPE_CHECKING:
    from harness.gateway.scores import ScoreLine
    from harness.results.layout import RunFolder, RunRecord
    from harness.runs.plan import RunPlan

FINALISTS = 5
ATTEMPTS = 2  # of the second container, where infrastructure fails it
START_AND_END_SECONDS = 120.0  # of a container, beside what its scripts may take


def finalists(scores: Sequence[ScoreLine], good: Collection[str], direction: Direction) -> tuple[Finalist, ...]:
    """Return the best nodes by search score, best first by pick score; of equal ones the earlier."""
    sign = 1.0 if direction == "maximize" else -1.0
    found = [
        Finalist(node=line.node, search=line.search, pick=line.pick)
        for line in scores
        if line.node in good and line.search is not None and line.pick is not None
    ]
    best = sorted(found, key=lambda one: -sign * one.search)[:FINALISTS]
    return tuple(sorted(best, key=lambda one: -sign * one.pick))


def nodes_of(folder: RunFolder) -> dict[str, dict[str, Any]]:
    """Return the events of all finished nodes, by node."""
    return {event["node"]: event for event in _nodes(folder)}


def scripts(node: str, nodes: Mapping[str, Mapping[str, Any]]) -> tuple[Rerun, ...]:
    """Return what has to be run for a node, it last: what a blend is made of is predicted anew before it."""
    reads = blended.reads(nodes)
    return tuple(
        Rerun(
            node=name,
            action=nodes[name]["action"],
            parents=nodes[name]["parents"],
            reads=reads[name],
            code=nodes[name]["code"],
        )
        for name in (*blended.needed(nodes, node), node)
    )


def plan_of(plan: RunPlan, reruns: Sequence[Rerun]) -> RunPlan:
    """Return the plan of the second container: the same box around all public data, and no search."""
    seconds = len(reruns) * plan.candidate_timeout_seconds + START_AND_END_SECONDS
    return replace(
        plan,
        view=None,
        rerun=tuple(reruns),
        workers=1,
        wall_seconds=seconds,
        clock="wall",  # it asks no model
        limits=replace(plan.limits, wall_seconds=seconds),
    )


@dataclass(frozen=True)
class Final:
    """Ends one run; `run` starts a plan's container in a folder and returns its record."""

    plan: RunPlan
    folder: RunFolder
    run: Callable[[RunPlan, RunFolder], RunRecord]

    def finish(self) -> FinalRecord | None:
        """Choose, run once more, and leave the submission where it is graded; None where no node can be chosen.

        Raises InfrastructureError where the second container could not be had.
        """
        from harness.gateway.scores import read_scores

        nodes = nodes_of(self.folder)
        good = {name for name, event in nodes.items() if not event["buggy"]}
        found = finalists(read_scores(self.folder.scores), good, self.plan.competition.metric.direction)
        if not found:
            return None
        chosen = found[0].node
        record = self._run_once_more(scripts(chosen, nodes))
        problem = self._problem(record)
        final = FinalRecord(
            node=chosen,
            finalists=found,
            handed_in="rerun" if problem is None else "search",
            reason=problem or "",
            wall_seconds=record.wall_seconds,
            script_seconds=sum(_script_seconds(self.folder.final)),
        )
        if problem is None:
            write_atomically(self.folder.submission, self.folder.final.submission.read_bytes())
        else:
            keep_test_rows(self.plan, self.folder.node_submission(chosen), self.folder.submission)
        return final

    def _run_once_more(self, reruns: Sequence[Rerun]) -> RunRecord:
        for _ in range(ATTEMPTS):
            record = self.run(plan_of(self.plan, reruns), self.folder.final)
            if record.status is not RunStatus.INFRA_FAILED:
                return record
        raise InfrastructureError(f"the chosen script could not be run once more: {record.reason}")

    def _problem(self, record: RunRecord) -> str | None:
        """Say why the second container's submission is not handed in; None where it is."""
        if record.submission_from != "container":
            script = [event["why_buggy"] or event["outcome"] for event in _nodes(self.folder.final)]
            return one_line(f"the script left no submission: {'; '.join(script) or record.reason}", 300)
        try:
            submission.check(self.plan.competition, self.plan.prepared, self.folder.final.submission)
        except InvalidSubmission as error:
            return one_line(f"its submission is not valid: {error}", 300)
        return None


def keep_test_rows(plan: RunPlan, path: Path, target: Path) -> None:
    """Write the test rows of a search's submission where they are graded; raise InvalidSubmission where it is none."""
    assert plan.view is not None
    table = search_view.as_public(plan.competition.submission, plan.view, plan.prepared.sample, path)
    with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".csv", delete=False) as file:
        made = Path(file.name)
    try:
        table.to_csv(made, index=False)
        made.chmod(0o644)
        made.replace(target)
    finally:
        made.unlink(missing_ok=True)


def _nodes(folder: RunFolder) -> Iterator[dict[str, Any]]:
    return (event for event in folder.events() if event["type"] == "node")


def _script_seconds(folder: RunFolder) -> Iterator[float]:
    return (event["seconds"].get("execute", 0.0) for event in _nodes(folder))
