"""Prepares several competitions, some at a time, each in a process of its own.

What goes wrong with one, even that it runs out of memory and is killed, is that one's outcome; the others go on. The
processes come from a server that has imported what they all need.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import FrameType

from harness.data.manifest import Manifest
from harness.errors import InfrastructureError, PodiumError
from harness.parallel import Track, untracked
from harness.specs.competition import Competition

IMPORTED = ["harness.data.prepare", "pandas", "sklearn.model_selection"]  # by the server, once
BUG = 1


@dataclass(frozen=True)
class Order:
    """One competition to prepare: what `prepare.prepare` takes, as another process can be told it."""

    competition: Competition
    data_home: Path
    raw: Path | None = None
    stand_in: bool = False
    edition: str | None = None
    environ: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of an order: a manifest, or a problem with the exit code that a command of its own would have had."""

    competition: Competition
    edition: str
    manifest: Manifest | None = None
    problem: str | None = None
    exit_code: int = 0


def prepare_several(
    orders: Sequence[Order], *, jobs: int, say: Callable[[str], None], track: Track = untracked
) -> list[Outcome]:
    """Return the outcomes in the orders' order. An interrupt ends all processes and rises."""
    found: dict[int, Outcome] = {}
    with _Processes(orders, say) as processes:
        for number, outcome in track(processes.outcomes(jobs), "competitions prepared", len(orders)):
            found[number] = outcome
            if outcome.problem is not None:
                say(f"{outcome.competition.id}: {outcome.problem}")
    return [found[number] for number in range(len(orders))]


def raw_of(competition: Competition, folder: Path | None) -> Path | None:
    """Return one competition's raw data in the folder that holds those of several: `<id>/` or `<id>.zip`."""
    if folder is None:
        return None
    names = (competition.id, f"{competition.id}.zip")
    return next((folder / name for name in names if (folder / name).exists()), folder / competition.id)


class _Processes:
    """The processes that go on, each with the pipe that it reports through."""

    def __init__(self, orders: Sequence[Order], say: Callable[[str], None]) -> None:
        self._orders, self._say = orders, say
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(IMPORTED)
        self._running: dict[Connection, tuple[int, ForkServerProcess]] = {}

    def __enter__(self) -> _Processes:
        return self

    def __exit__(self, *error: object) -> None:
        for _, process in self._running.values():
            process.terminate()
        for end, (_, process) in self._running.items():
            process.join()
            end.close()

    def outcomes(self, jobs: int) -> Iterator[tuple[int, Outcome]]:
        """Yield the number and the outcome of each order as it comes, at most `jobs` at a time."""
        left = deque(range(len(self._orders)))
        while left or self._running:
            while left and len(self._running) < jobs:
                self._start(left.popleft())
            for end in wait(list(self._running)):
                assert isinstance(end, Connection)
                if (done := self._heard(end)) is not None:
                    yield done

    def _start(self, number: int) -> None:
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_work, args=(self._orders[number], theirs))
        process.start()
        theirs.close()  # so that its end tells of the process's
        self._running[ours] = number, process

    def _heard(self, end: Connection) -> tuple[int, Outcome] | None:
        """Pass a line on, or return what a process came to."""
        try:
            heard = end.recv()
        except EOFError:
            heard = None
        if isinstance(heard, str):
            self._say(heard)
            return None
        number, process = self._running.pop(end)
        process.join()
        end.close()
        return number, heard or _killed(self._orders[number], process.exitcode)


def _killed(order: Order, code: int | None) -> Outcome:
    how = f"its process was killed by signal {-code}" if code and code < 0 else f"its process ended with {code}"
    memory = "; most likely memory ran out: try --jobs 1" if code == -signal.SIGKILL else ""
    return Outcome(order.competition, _edition(order), problem=how + memory, exit_code=InfrastructureError.exit_code)


def _work(order: Order, end: Connection) -> None:
    """In the process: prepare, and report whatever comes of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent has it too, and ends this process
    signal.signal(signal.SIGTERM, _leave)
    end.send(_outcome(order, end.send))


def _outcome(order: Order, say: Callable[[str], None]) -> Outcome:
    from harness.data.prepare import prepare

    item, name = order.competition, _edition(order)
    try:
        prepared = prepare(
            item,
            data_home=order.data_home,
            raw=order.raw,
            stand_in=order.stand_in,
            edition=order.edition,
            environ=order.environ,
            progress=say,
        )
        return Outcome(item, prepared.manifest.edition, prepared.manifest)
    except PodiumError as error:
        return Outcome(item, name, problem=str(error), exit_code=error.exit_code)
    except Exception as error:  # the outermost boundary of this competition: the others go on
        return Outcome(item, name, problem=f"bug: {type(error).__name__}: {error}", exit_code=BUG)


def _edition(order: Order) -> str:
    return order.edition or order.competition.default_edition


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Return 0, or the gravest of the problems' codes: infrastructure, the user's, ours."""
    return max((outcome.exit_code for outcome in outcomes), default=0)
