"""`python -m agent`: reads request.json, puts the agent together, runs it. Ends with 0 in order, 1 on a bug of ours.

Inside the container it takes no arguments. Outside, `--unsafe-no-sandbox` is needed, since candidates, which a model
wrote, then run as the caller: with their files, their network and their keys.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from agent import contract, earlier, loopback, order
from agent.agent import Agent
from agent.contract import EndEvent, RunRequest, StartEvent
from agent.excerpt import excerpt
from agent.fetching import open_way_out
from agent.gateway import Gateway, SocketGateway
from agent.interpreter import Interpreter, PlainInterpreter, slots
from agent.llm import llm_for
from agent.llm.absent import OnceAbsent
from agent.llm.base import LLM
from agent.operators.base import Task
from agent.preview import preview
from agent.programs import Programs
from agent.promptset import PromptSet
from agent.rerun import Rerunning
from agent.search import policy_for
from agent.stop import StopSwitch
from agent.trials import Trials
from agent.workspace import Workspace

UNSAFE = """\
This runs scripts that a model wrote. In Podium's container they have users of their own, no network and no keys;
here they would run as you, with all that you may do. For a run in the container: podium bench
If you accept that: podium gateway COMPETITION serves what the agent needs, and prints the line that starts it:
python -m agent --unsafe-no-sandbox --request FILE --data FOLDER --socket FILE --workspace FOLDER
"""

DESCRIPTION_CHARS = (24_000, 6_000)  # head and tail; every prompt holds it


@dataclass(frozen=True)
class Places:
    """Where everything lies; the defaults are the container's."""

    request: Path = contract.REQUEST
    data: Path = contract.DATA
    socket: Path = contract.SOCKET
    prompts: Path = contract.PROMPTS
    packages: Path = contract.PACKAGES
    earlier: Path = contract.EARLIER
    sample: Path = contract.SAMPLE
    order: Path = contract.ORDER
    egress: Path = contract.EGRESS_SOCKET
    workspace: Workspace = Workspace(contract.NODES, contract.SUBMISSION)  # noqa: RUF009 - frozen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the agent; return its exit code."""
    options = _parser().parse_args(arguments)
    if options.unsafe_no_sandbox:
        places = Places(
            options.request,
            options.data,
            options.socket,
            options.prompts,
            options.packages,
            options.earlier,
            options.workspace / "sample",
            options.order,
            workspace=Workspace(options.workspace / "nodes", options.workspace / "submission" / "submission.csv"),
        )
        places.sample.mkdir(parents=True, exist_ok=True)
        plain = partial(PlainInterpreter, options.python, options.data, places.sample)
        return run(places, lambda workers: [plain() for _ in range(workers)])
    isolated = slots(os.environ)  # the supervisor's, so only in the container
    if not isolated:
        sys.stderr.write(UNSAFE)
        return 2
    return run(Places(), lambda workers: isolated[:workers])


def run(places: Places, interpreters: Callable[[int], Sequence[Interpreter]]) -> int:
    """Put the agent together, say that it is up, and let it search."""
    stop = StopSwitch()
    stop.install()
    request = RunRequest.from_json(places.request.read_text(encoding="utf-8"))
    loopback.wait_for(str(places.socket))
    gateway = SocketGateway(places.socket)
    if request.egress.mode == "allowlist" and places.egress.exists():
        open_way_out(places.egress)
    if request.rerun:
        Rerunning(request, interpreters(1)[0], gateway, places.workspace).run()
        return 0
    try:
        agent = build(request, places, interpreters(request.workers), gateway, stop)
    except Exception as error:  # nobody else can say why it never got to search; the traceback follows all the same
        gateway.report(EndEvent("error", f"{type(error).__name__}: {error}", None))
        raise
    gateway.report(StartEvent(platform.python_version(), agent.task.packages, len(agent.journal)))
    agent.run()
    return 0


def build(
    request: RunRequest, places: Places, interpreters: Sequence[Interpreter], gateway: Gateway, stop: StopSwitch
) -> Agent:
    """Make every part that the request names."""
    models = _models(request, places.socket)
    nodes = earlier.read(places.earlier)
    journal = earlier.journal_of(nodes, request.competition.direction)
    earlier.restore(places.earlier, journal, places.workspace)
    entries = order.read(places.order)
    expected = {entry.node: entry.duplicate_of for entry in entries if entry.kind == "node"}
    return Agent(
        request=request,
        task=_task(request, places),
        policy=policy_for(request.search),
        prompts=PromptSet.load(places.prompts),
        coder=models.coder,
        reviewer=models.reviewer,
        fallback=models.fallback,
        interpreters=interpreters,
        gateway=gateway,
        workspace=places.workspace,
        journal=journal,
        trials=Trials(places.data, places.sample) if request.search.sample_first else None,
        programs=Programs(nodes, expected) if request.search.reuse_outcomes else None,
        order=order.Recorded(entries) if entries else order.AsItComes(),
        stop=stop,
    )


class _Models(NamedTuple):
    coder: LLM
    reviewer: LLM
    fallback: LLM | None


def _models(request: RunRequest, socket: Path) -> _Models:
    coder = llm_for(request.code_model, socket)
    same = request.review_model == request.code_model
    reviewer = coder if same else llm_for(request.review_model, socket)
    if request.fallback_model is None:
        return _Models(coder, reviewer, None)
    return _Models(OnceAbsent(coder), OnceAbsent(reviewer), llm_for(request.fallback_model, socket))


def _task(request: RunRequest, places: Places) -> Task:
    description = places.data / "description.md"
    text = description.read_text(encoding="utf-8", errors="replace") if description.is_file() else ""
    packages = json.loads(places.packages.read_text(encoding="utf-8")) if places.packages.is_file() else {}
    return Task(
        brief=request.competition,
        description=excerpt(text, *DESCRIPTION_CHARS),
        preview=preview(places.data),
        packages={str(name): str(version) for name, version in packages.items()},
        k_fold=request.search.k_fold,
        reach=request.egress,
        cached=request.cached,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m agent", description="Podium's agent, outside its container.")
    parser.add_argument("--unsafe-no-sandbox", action="store_true", help="run candidates as yourself, unprotected")
    parser.add_argument("--request", type=Path, default=contract.REQUEST)
    parser.add_argument("--data", type=Path, default=contract.DATA)
    parser.add_argument("--socket", type=Path, default=contract.SOCKET)
    parser.add_argument("--prompts", type=Path, default=contract.PROMPTS)
    parser.add_argument("--packages", type=Path, default=contract.PACKAGES)
    parser.add_argument("--earlier", type=Path, default=contract.EARLIER, help="what an interrupted attempt left")
    parser.add_argument("--order", type=Path, default=contract.ORDER, help="the order of a recorded run")
    parser.add_argument("--workspace", type=Path, default=Path("workspace"))
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="the candidates' interpreter")
    return parser


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # the teardown of what the SDKs imported takes 0.1 s, and the run waits for it
