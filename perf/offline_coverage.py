"""How far the offline coder reaches: every competition's stand-in, a search of a few steps, is the end valid?

`python -m perf.offline_coverage [ID]…` prepares stand-ins, lets the agent's own loop search with the real prompts, runs
the scripts outside a container (they are our own), has each submission checked as the gateway would, and prints a line
a competition and the share that ends with a valid submission. Scores on stand-ins mean nothing beyond "it works".
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from agent.agent import Agent
from agent.contract import (
    CandidateLimits,
    CheckReply,
    CompetitionBrief,
    Event,
    ModelSettings,
    NodeEvent,
    RunRequest,
    ScoreReply,
    SearchSettings,
    StatusReply,
)
from agent.gateway import CheckFailed
from agent.journal import Journal
from agent.llm.base import Reply, Request, Usage
from agent.operators.base import Task
from agent.preview import preview
from agent.promptset import SHIPPED, PromptSet
from agent.search import policy_for
from agent.workspace import Workspace
from harness import config
from harness.data.manifest import Prepared
from harness.data.prepare import prepare
from harness.errors import InvalidSubmission
from harness.gateway.providers.offline import OfflineCoder
from harness.grading import submission
from harness.grading.grade import grade
from harness.specs import catalogue, competition
from perf.forked import ForkingInterpreter, ForkServer

AIM_PERCENT = 95.0
STEPS = 5
DRAFTS = 2  # so that five steps hold drafts and improvements
STAND_INS = "stand-ins"  # in PODIUM_HOME, apart from what users prepared: theirs may be real data
SCRIPT_SECONDS = 60.0
PACKAGE_LIST = Path(__file__).parents[1] / "dockerfiles" / "agent-cpu" / "candidate-packages.txt"
BUILDS = {"xgboost-cpu": "xgboost"}
VERSIONS = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = {}
for name in json.loads(sys.argv[1]):
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Setup:
    """What all competitions share."""

    steps: int = STEPS
    prompts: str = "aide"
    seed: int = 0
    python: Path = Path(sys.executable)
    packages: Mapping[str, str] = field(default_factory=dict)
    until_valid: bool = False  # end a search with its first valid submission: says when, not how good
    home: Path | None = None  # where prepared stand-ins are kept; PODIUM_HOME unless named
    keep: Path | None = None  # where nodes are left for a look


@dataclass(frozen=True)
class Covered:
    """What came of one competition. `valid_at` is the first step with a valid submission of a good node."""

    id: str
    kind: str
    valid_at: int | None
    validation: float | None
    test: float | None
    good: int
    seconds: float
    problem: str


@dataclass
class OfflineModel:
    """The offline coder as the agent's model, without the wire."""

    coder: OfflineCoder
    name: str = "offline"

    def complete(self, request: Request) -> Reply:
        """Answer as the gateway's provider does."""
        messages = [{"role": message.role, "content": message.text} for message in request.messages]
        tool = request.tool
        tools = [{"function": {"name": tool.name, "parameters": dict(tool.parameters)}}] if tool else []
        answer = self.coder.answer(messages, tools, request.seed)
        return Reply(answer.text, Usage(), "offline", answer.tool_arguments)


@dataclass
class CheckingGateway:
    """A gateway in this process that checks submissions by the competition's rules and keeps the events."""

    item: competition.Competition
    prepared: Prepared
    until_valid: bool = False
    nodes: list[NodeEvent] = field(default_factory=list)

    def report(self, event: Event) -> None:
        """Keep what is said of nodes."""
        if isinstance(event, NodeEvent):
            self.nodes.append(event)

    def check(self, node_id: str, path: Path) -> CheckReply:
        """Check the format; labels play no part."""
        try:
            submission.check(self.item, self.prepared, path)
        except InvalidSubmission as invalid:
            return CheckReply(valid=False, reason=str(invalid))
        return CheckReply(valid=True)

    def score(self, node_id: str, path: Path) -> ScoreReply:
        """Nothing is held back here."""
        raise CheckFailed("no rows are held back")

    def status(self) -> StatusReply:
        """Say that there is time, or that there is enough."""
        return StatusReply(0.0, 0.0, 3600.0, stop=self.until_valid and any(map(_counts, self.nodes)))


def cover(id: str, setup: Setup, server: ForkServer) -> Covered:
    """Prepare one competition's stand-in, search, and grade what the search ends with."""
    settings = config.load(os.environ)
    item = catalogue.of(settings).load(id)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="podium-coverage-") as name:
        prepared = prepare(
            item, data_home=(setup.home or settings.home) / STAND_INS, stand_in=item.stand_in is not None
        )
        gateway = CheckingGateway(item, prepared, setup.until_valid)
        folder = setup.keep / id if setup.keep else Path(name)
        workspace = Workspace(folder / "nodes", folder / "submission" / "submission.csv")
        journal = Journal(item.metric.direction)
        interpreter = ForkingInterpreter(server, prepared.public)
        _agent(item, prepared, setup, gateway, interpreter, workspace, journal).run()
        report = grade(item, prepared, workspace.submission if workspace.submission.exists() else None)
    good = [node for node in gateway.nodes if _counts(node)]
    best = journal.best
    return Covered(
        id=id,
        kind=_kind(prepared.public),
        valid_at=good[0].step if good else None,
        validation=best.score if best else None,
        test=report.score,
        good=len(good),
        seconds=time.monotonic() - began,
        problem="; ".join(dict.fromkeys(_problem(node) for node in gateway.nodes if node.buggy)),
    )


def _agent(
    item: competition.Competition,
    prepared: Prepared,
    setup: Setup,
    gateway: CheckingGateway,
    interpreter: ForkingInterpreter,
    workspace: Workspace,
    journal: Journal,
) -> Agent:
    model = OfflineModel(OfflineCoder())
    settings = ModelSettings("offline", "chat")
    request = RunRequest(
        schema_version=1,
        run_id=f"coverage-{item.id}",
        competition=CompetitionBrief("task", "Task", item.metric.name, item.metric.direction),
        search=SearchSettings("greedy", setup.steps, DRAFTS, 1.0, 3, 5),
        code_model=settings,
        review_model=settings,
        fallback_model=None,
        seed=setup.seed,
        deadline_seconds=3600.0,
        candidate=CandidateLimits(SCRIPT_SECONDS, 4 << 30, 1 << 20, 1 << 30, (0,)),
        workers=1,
        prompt_set=setup.prompts,
    )
    text = (prepared.public / "description.md").read_text(encoding="utf-8")
    task = Task(request.competition, text, preview(prepared.public), dict(setup.packages), request.search.k_fold)
    return Agent(
        request=request,
        task=task,
        policy=policy_for(request.search),
        prompts=PromptSet.load(SHIPPED / setup.prompts),
        coder=model,
        reviewer=model,
        interpreters=[interpreter],
        gateway=gateway,
        workspace=workspace,
        journal=journal,
    )


def _counts(node: NodeEvent) -> bool:
    return bool(node.submission_valid) and not node.buggy


def _kind(public: Path) -> str:
    """The kinds of file that most of the data are in, tables aside where there is anything else."""
    counts: dict[str, int] = {}
    for path in public.rglob("*"):
        if path.is_file() and path.name != "description.md":
            counts[path.suffix.lower()] = counts.get(path.suffix.lower(), 0) + 1
    common = sorted(counts, key=lambda suffix: (-counts[suffix], suffix))
    return next((suffix for suffix in common if suffix not in (".csv", "")), ".csv").lstrip(".")


def _problem(node: NodeEvent) -> str:
    lines = [line for line in node.output.strip().splitlines() if line.strip()]
    last = lines[-1][:110] if lines else ""
    return f"{node.why_buggy}: {last}"[:220]


def installed(python: Path) -> dict[str, str]:
    """The packages promised to candidates that this Python has, with their versions."""
    lines = (line.split("#")[0].strip() for line in PACKAGE_LIST.read_text(encoding="utf-8").splitlines())
    names = [line.split("==")[0] for line in lines if line]
    names += [BUILDS[name] for name in names if name in BUILDS]
    ran = subprocess.run([python, "-c", VERSIONS, json.dumps(names)], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(ran.stdout)
    return {BUILDS.get(name, name): version for name, version in found.items()}


def covered(ids: Sequence[str], setup: Setup, workers: int) -> Iterator[Covered]:
    """Cover several competitions, so many at a time, in their order; each thread has a warm process of its own."""
    with contextlib.ExitStack() as servers, ThreadPoolExecutor(workers) as pool:
        idle: queue.Queue[ForkServer] = queue.Queue()
        for _ in range(workers):
            idle.put(servers.enter_context(ForkServer(setup.python)))

        def one(id: str) -> Covered:
            server = idle.get()
            try:
                return cover(id, setup, server)
            finally:
                idle.put(server)

        yield from pool.map(one, ids)


def main(say: Callable[[str], None] = print, arguments: Sequence[str] = ()) -> None:
    """Cover the named competitions, else all of them; print a line each and the share."""
    parser = argparse.ArgumentParser(prog="python -m perf.offline_coverage")
    parser.add_argument("ids", nargs="*", help="competitions; all of them unless some are named")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--until-valid", action="store_true", help="end a search with its first valid submission")
    parser.add_argument("--prompts", default="aide")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="the candidates' Python")
    parser.add_argument("--keep", type=Path, help="leave every node's files below this folder")
    options = parser.parse_args(arguments)
    known = catalogue.of(config.load(os.environ)).ids()
    packages = installed(options.python)
    setup = Setup(
        steps=options.steps,
        prompts=options.prompts,
        seed=options.seed,
        python=options.python,
        packages=packages,
        until_valid=options.until_valid,
        keep=options.keep,
    )
    workers = len(os.sched_getaffinity(0))
    began = time.monotonic()
    rows = []
    for row in covered(options.ids or known, setup, workers):
        rows.append(row)
        say(_line(row))
    valid = sum(row.valid_at is not None for row in rows)
    share = 100 * valid / len(rows)
    say(
        f"{valid} of {len(rows)} stand-ins end with a valid submission within {options.steps} steps: {share:.1f} % "
        f"(aim: at least {AIM_PERCENT:.0f} %), {time.monotonic() - began:.0f} s with {workers} at a time"
    )


def _line(row: Covered) -> str:
    def shown(value: float | None) -> str:
        return "–" if value is None else f"{value:.5g}"

    valid = f"valid at {row.valid_at}" if row.valid_at else "NOT VALID "
    figures = f"validation {shown(row.validation):>9}  test {shown(row.test):>9}  {row.good} good  {row.seconds:5.1f} s"
    return f"{row.id[:45]:45} {row.kind:8} {valid}  {figures}" + (f"  [{row.problem}]" if row.problem else "")


if __name__ == "__main__":
    main(arguments=sys.argv[1:])
