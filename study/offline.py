"""Runs of the real agent with the offline coder on the bundled data: real scripts, trained for real.

Half of each table is held out, split anew for each seed, so that intervals cover the data too; the held-out half has
two parts, one to choose the final node by (as a hidden split does), one to report. Scripts run as forks of this
process, unprotected, since they are our own; a script's outcome is kept by its text, so policies that come to the same
script share it. Only scores are measured here, never time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import runpy
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.agent import Agent
from agent.contract import CandidateLimits, CheckReply, CompetitionBrief, ModelSettings, NodeEvent, RunRequest
from agent.interpreter import NO_INPUTS, Execution
from agent.journal import Journal
from agent.llm.base import Reply, Request, Usage
from agent.operators.base import Task
from agent.preview import preview
from agent.programs import Programs
from agent.promptset import SHIPPED, PromptSet
from agent.scripted import MemoryGateway
from agent.search import policy_for
from agent.supervisor.collect import SUBMISSION
from agent.supervisor.protocol import PREDICTIONS
from agent.supervisor.slot import EARLIER
from agent.workspace import Workspace
from harness.data.manifest import Prepared
from harness.data.prepare import prepare
from harness.errors import InvalidSubmission
from harness.gateway.providers.offline import OfflineCoder
from harness.specs.competition import Competition
from study.outcome import Outcome
from study.strategies import Strategy

HELD_OUT = {"digits-8x8": 0.9, "spaceship-titanic": 0.85}  # few rows are enough to learn from, and quicker
USUAL_HELD_OUT = 0.5
FLAWS = 0.3  # of drafts that get a typical mistake on purpose: without any there would be nothing to debug
LONGEST_SECONDS = 120
PACKAGES = ("numpy", "pandas", "scikit-learn", "scipy")
MODEL = ModelSettings("offline", "chat")
LIMITS = CandidateLimits(LONGEST_SECONDS, 4 << 30, 65536, 1 << 30, (0,))


@dataclass(frozen=True)
class OfflineLLM:
    """The offline coder as the agent's loop calls a model."""

    coder: OfflineCoder
    name: str = "offline"

    def complete(self, request: Request) -> Reply:
        """Answer as it does behind the gateway."""
        messages = [{"role": message.role, "content": message.text} for message in request.messages]
        tool = request.tool
        tools = [{"type": "function", "function": {"name": tool.name, "parameters": tool.parameters}}] if tool else []
        answer = self.coder.answer(messages, tools, request.seed)
        return Reply(answer.text, Usage(), "offline", answer.tool_arguments)


@dataclass(frozen=True)
class Ground:
    """One competition, split for one seed."""

    competition: Competition
    prepared: Prepared

    @classmethod
    def of(cls, competition: Competition, seed: int, home: Path, raw: Path | None = None) -> Ground:
        """Prepare it; `raw` holds the raw data of competitions that no package brings."""
        name, edition = competition.edition()
        test = HELD_OUT.get(competition.id, USUAL_HELD_OUT)
        split = edition.split.model_copy(update={"seed": seed, "test": test})
        other = competition.model_copy(
            update={"editions": {name: edition.model_copy(update={"split": split})}, "id": f"{competition.id}-{seed}"}
        )
        other._folder = competition.folder
        bundled = competition.source.kind == "bundled"
        return cls(other, prepare(other, data_home=home, raw=None if bundled or raw is None else raw / competition.id))

    def scores(self, submission: Path) -> tuple[float, float] | str:
        """Return the scores, more is better, on the two parts of the held-out rows; or why there are none."""
        import numpy as np

        from harness.grading import submission as submissions
        from harness.grading.grade import answers

        try:
            predictions = submissions.read(self.competition, self.prepared, submission)
        except InvalidSubmission as invalid:
            return str(invalid)
        truth = answers(self.competition, self.prepared, predictions)
        metric = self.competition.scorer()
        first = np.random.default_rng(0).permutation(len(truth.array())) < len(truth.array()) // 2
        sign = 1.0 if metric.direction == "maximize" else -1.0
        halves = [metric.score(truth.array()[part], predictions.array()[part]) for part in (first, ~first)]
        return sign * halves[0], sign * halves[1]


@dataclass
class Laboratory:
    """Interpreter and gateway of one run; what scripts did is kept in `kept`, by their text and all that they read."""

    ground: Ground
    kept: Path
    gateway: MemoryGateway
    scores: dict[str, list[float] | None] = field(default_factory=dict)  # of each node, by its folder's name

    def run(
        self,
        code: str,
        node_dir: Path,
        limits: CandidateLimits,
        inputs: Mapping[str, Path] = NO_INPUTS,
        *,
        sampled: bool = False,
    ) -> Execution:
        """Run a script, or recall what it did."""
        file = self._file(code, inputs)
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            half_made = file.with_suffix(f".{os.getpid()}")
            half_made.write_text(json.dumps(self._carry_out(code, inputs)))
            half_made.replace(file)
        known = json.loads(file.read_text())
        node_dir.mkdir(parents=True, exist_ok=True)
        for name, text in known["files"].items():
            (node_dir / name).write_text(text)
        self.scores[node_dir.name] = known["scores"]
        self.gateway.check_reply = CheckReply(valid=known["reason"] is None, reason=known["reason"])
        submission = node_dir / SUBMISSION if SUBMISSION in known["files"] else None
        return Execution(known["outcome"], 0, None, 0.0, known["output"], 0, submission, None, False)

    def close(self) -> None:
        """Nothing runs."""

    def _file(self, code: str, inputs: Mapping[str, Path]) -> Path:
        digest = hashlib.sha256(f"{self.ground.prepared.manifest.fingerprint}\0{code}".encode())
        for name, path in sorted(inputs.items()):
            digest.update(f"\0{name}\0".encode() + path.read_bytes())
        name = digest.hexdigest()
        return self.kept / name[:2] / f"{name}.json"

    def _carry_out(self, code: str, inputs: Mapping[str, Path]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="study-") as name:
            folder = Path(name)
            (folder / "input").symlink_to(self.ground.prepared.public.resolve())
            (folder / "working").mkdir()
            (folder / "solution.py").write_text(code)
            (folder / EARLIER).mkdir()
            for earlier, path in inputs.items():
                shutil.copyfile(path, folder / EARLIER / earlier)
            outcome = forked(folder)
            output = (folder / "output.txt").read_text(errors="replace")[-20_000:]
            made = {name: folder / "working" / name for name in (SUBMISSION, *PREDICTIONS)}
            files = {name: path.read_text() for name, path in made.items() if path.is_file()}
            scores = self.ground.scores(made[SUBMISSION]) if SUBMISSION in files else "it wrote none"
        found = {"scores": None, "reason": scores} if isinstance(scores, str) else {"scores": scores, "reason": None}
        return {"outcome": outcome, "output": output, "files": files, **found}


def forked(folder: Path) -> str:
    """Run `solution.py` in a fork of this process, which has imported what scripts import; return how it ended."""
    warm()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setsid()
            os.chdir(folder)
            output = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.stdout, sys.stderr = (open(number, "w", closefd=False, buffering=1) for number in (1, 2))  # noqa: SIM115
            sys.argv = ["solution.py"]
            runpy.run_path("solution.py", run_name="__main__")
            status = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            with contextlib.suppress(BaseException):
                sys.stdout.flush()
            os._exit(status)
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return "ok" if status == 0 else "failed"
        time.sleep(0.01)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "timed_out"


def warm() -> None:
    """Import, once, what takes long."""
    import joblib  # type: ignore[import-untyped]
    import pandas
    import sklearn.ensemble
    import sklearn.linear_model
    import sklearn.svm
    import threadpoolctl  # type: ignore[import-untyped]

    assert all((joblib, pandas, sklearn.ensemble, sklearn.linear_model, sklearn.svm, threadpoolctl))


def run(ground: Ground, strategy: Strategy, steps: int, seed: int, kept: Path) -> list[Outcome]:
    """Run once; return what became of each node: `test` on the part that chooses, `other_test` on the one reported."""
    from importlib.metadata import version

    gateway = MemoryGateway()
    laboratory = Laboratory(ground, kept, gateway)
    brief = CompetitionBrief(
        ground.competition.id,
        ground.competition.title,
        ground.competition.metric.name,
        ground.competition.metric.direction,
    )
    search = strategy.with_steps(steps)
    request = RunRequest(
        schema_version=1,
        run_id="study",
        competition=brief,
        search=search,
        code_model=MODEL,
        review_model=MODEL,
        fallback_model=None,
        seed=seed,
        deadline_seconds=36000.0,
        candidate=LIMITS,
        workers=1,
        prompt_set=strategy.prompts,
    )
    description = (ground.prepared.public / "description.md").read_text()
    packages = {name: version(name) for name in PACKAGES}
    coder = OfflineLLM(OfflineCoder(flaws=FLAWS))
    with tempfile.TemporaryDirectory(prefix="study-") as scratch:
        Agent(
            request=request,
            task=Task(brief, description, preview(ground.prepared.public), packages, search.k_fold),
            policy=policy_for(search),
            prompts=PromptSet.load(SHIPPED / strategy.prompts),
            coder=coder,
            reviewer=coder,
            interpreters=[laboratory],
            gateway=gateway,
            workspace=Workspace(Path(scratch, "nodes"), Path(scratch, "submission.csv")),
            journal=Journal(brief.direction),
            programs=Programs() if search.reuse_outcomes else None,
        ).run()
    nodes = [event for event in gateway.events if isinstance(event, NodeEvent)]
    return [_outcome(event, laboratory, brief.direction) for event in nodes]


def _outcome(event: NodeEvent, laboratory: Laboratory, direction: str) -> Outcome:
    scores = None if event.buggy else laboratory.scores.get(event.node)
    if scores is None or event.score is None:
        return Outcome(event.step, event.action, event.parents, None, None)
    validation = event.score if direction == "maximize" else -event.score
    return Outcome(event.step, event.action, event.parents, validation, scores[0], scores[1])
