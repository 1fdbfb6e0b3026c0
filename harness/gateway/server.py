"""The gateway of one run: an HTTP server on a Unix socket, in a thread with an event loop of its own.

It binds nothing but that socket. Leaving the context ends it within about a second, also with clients that hang; what
is in flight then is settled at its reservation and recorded as cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import uvicorn
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from harness.contract import SOCKET_NAME, CheckReply, StatusReply
from harness.errors import InfrastructureError, UserError
from harness.gateway.budget import Budget, Ledger, Usage
from harness.gateway.calls import Books
from harness.gateway.checks import CheckCaps, SubmissionChecks
from harness.gateway.connections import BodyMemory, BoundedProtocol
from harness.gateway.forward import CallLimits, ModelCalls
from harness.gateway.held import HeldFile
from harness.gateway.journal import EventCaps, JournalWriter, StoredEvent
from harness.gateway.pacing import Paces
from harness.gateway.prices import refuse_unpriced
from harness.gateway.providers.base import Provider
from harness.gateway.retry import Retrier, RetryPolicy, Timing
from harness.gateway.routes import Parts, application
from harness.gateway.scores import Scoring, SubmissionScores
from harness.gateway.served import Served
from harness.gateway.transcript import NAME as TRANSCRIPT_NAME
from harness.gateway.transcript import CallRecord, Transcript, read_transcript
from harness.gateway.trespasses import Trespasses
from harness.gateway.waits import Clock, Deadline, WaitClock

# Under a limit of working time: waiting beyond this many times the limit counts, or a run might never end.
MOST_WAITING = 3.0
_GRACE_SECONDS = 0.5
_LONGEST_SOCKET_PATH = 107  # sun_path of Linux, without its closing zero


@dataclass(frozen=True)
class Used:
    """What earlier attempts of the run used of its budget and of its time; their files are in the run's folder."""

    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0


class Gateway:
    """Serves one run. Its properties, `usage` and `request_stop` may be used from any thread, also after the end.

    `on_event` and `on_call` are called in the gateway's thread, after what they are told is on the disk.
    """

    def __init__(
        self,
        *,
        door: Path,
        run_folder: Path,
        provider: Provider,
        budget: Budget,
        checker: Callable[[Path], CheckReply],
        deadline_seconds: float,
        scoring: Scoring | None = None,
        caps: EventCaps = EventCaps(),  # noqa: B008 - frozen
        check_caps: CheckCaps = CheckCaps(),  # noqa: B008 - frozen
        limits: CallLimits = CallLimits(),  # noqa: B008 - frozen
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        timing: Timing | None = None,
        on_event: Callable[[StoredEvent], None] | None = None,
        used: Used = Used(),
        on_call: Callable[[CallRecord], None] = lambda record: None,
        paces: Paces | None = None,
        workers: int = 1,
        clock: Clock = "wall",
    ) -> None:
        self.socket = door / SOCKET_NAME
        self._run_folder = run_folder
        self._provider = provider
        self._ledger = Ledger(budget, used.usage)
        self._used_seconds = used.seconds
        self._checker = checker
        self._deadline_seconds = deadline_seconds
        self._scoring = scoring
        self._caps = caps
        self._check_caps = check_caps
        self._limits = limits
        self._retry = retry
        self._timing = timing or Timing()
        self._paces = paces or Paces()
        self._waits = WaitClock(workers)
        self._clock = clock
        self._on_event = on_event
        self._on_call = on_call
        self.trespasses = Trespasses()
        self._stop = False
        self._failure: InfrastructureError | None = None
        self._started = 0.0
        self._server: _Server | None = None
        self._books: Books | None = None
        self._ready = threading.Event()
        self._crash: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="podium-gateway", daemon=True)

    def usage(self) -> Usage:
        """What the run has used so far."""
        return self._ledger.usage

    def waited_seconds(self) -> float:
        """How long the run could do nothing but wait for its provider."""
        return self._waits.seconds(self._timing.monotonic())

    def uncounted_seconds(self, more: float = 0.0) -> float:
        """How much of the time so far the run's limit does not count; or would not, if it waited so much more."""
        if self._clock == "wall":
            return 0.0
        return min(self.waited_seconds() + more, MOST_WAITING * self._deadline_seconds)

    def served(self) -> tuple[Served, ...]:
        """Which models answered so far, as their providers name them."""
        return self._books.served.all() if self._books is not None else ()

    @property
    def failure(self) -> InfrastructureError | None:
        """Why this run can't go on, such as a full disk; the agent has been asked to stop."""
        return self._failure

    @property
    def provider_failed(self) -> bool:
        """Whether the latest call came to nothing by the provider's fault, so that an agent may say it has no model."""
        return self._books is not None and self._books.provider_failed

    @property
    def over_budget(self) -> bool:
        """Whether a call was refused because the budget had no room for it."""
        return self._books is not None and self._books.over_budget

    def request_stop(self) -> None:
        """Ask the agent, through the status endpoint, to end after its current node."""
        self._stop = True

    def __enter__(self) -> Gateway:
        self._refuse_what_cannot_work()
        self.socket.unlink(missing_ok=True)
        self._started = time.monotonic() - self._used_seconds
        self._thread.start()
        self._ready.wait()
        if self._crash is not None:
            self._thread.join()
            raise InfrastructureError(f"The gateway could not start at {self.socket}: {self._crash}") from self._crash
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.end()
        self._thread.join()
        self.socket.unlink(missing_ok=True)
        if self._crash is not None and error is None:
            raise RuntimeError("the gateway's thread ended with an error") from self._crash

    def _refuse_what_cannot_work(self) -> None:
        length = len(str(self.socket).encode())
        if length > _LONGEST_SOCKET_PATH:
            raise UserError(
                f"The socket's path {self.socket} is {length} bytes long; Linux allows {_LONGEST_SOCKET_PATH}. "
                "Set TMPDIR to a shorter folder."
            )
        if self._ledger.budget.usd is not None:
            refuse_unpriced(self._provider.traits.prices, self._provider.traits.models)

    def _run(self) -> None:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        try:
            runner.run(self._serve())
        except BaseException as error:  # the thread's outermost boundary: whoever waits for it must hear of it
            self._crash = error
            # Said before the runner ends what is under way, which fails then too.
            self._fail(InfrastructureError(f"The run's gateway has ended: {error!r}"))
        finally:
            self._ready.set()
            runner.close()

    async def _serve(self) -> None:
        executor = ThreadPoolExecutor(max_workers=4, thread_name_prefix="podium-gateway")
        journal = JournalWriter(self._run_folder, self._caps, lambda: time.monotonic() - self._started)
        checks = SubmissionChecks(self._run_folder, self._checker, self._check_caps, executor)
        scores = SubmissionScores(self._run_folder, self._scoring, checks) if self._scoring else None
        held = HeldFile(self._run_folder)
        self._ledger.on_held = held.note
        try:
            with self._transcript() as transcript:
                held.go_on(*self._beyond_the_transcript())
                server = _Server(self._config(executor, journal, checks, scores, transcript), self._ready)
                self._server = server
                await server.serve()
        finally:
            await self._provider.aclose()
            executor.shutdown(wait=False, cancel_futures=True)
            journal.close()
            checks.close()
            self._ledger.on_held = lambda usd, tokens: None  # what comes late may find its descriptor another's
            held.close()
            if scores is not None:
                scores.close()

    def _beyond_the_transcript(self) -> tuple[float, int]:
        """What earlier attempts may have cost that no line tells: calls that were in flight when they were killed."""
        used, cost, tokens = self._ledger.usage, 0.0, 0
        if used.calls:
            for call in read_transcript(self._run_folder / TRANSCRIPT_NAME):
                cost += call.cost_usd or 0.0
                tokens += call.usage.total if call.usage else 0
        return max(0.0, used.cost_usd - cost), max(0, used.input_tokens + used.output_tokens - tokens)

    def _transcript(self) -> Transcript:
        path, secrets = self._run_folder / TRANSCRIPT_NAME, self._provider.traits.secrets
        return Transcript(path, secrets, self._limits.transcript_bytes)

    def _config(
        self,
        executor: ThreadPoolExecutor,
        journal: JournalWriter,
        checks: SubmissionChecks,
        scores: SubmissionScores | None,
        transcript: Transcript,
    ) -> uvicorn.Config:
        provider = self._provider
        books = Books(provider.name, provider.traits, self._ledger, transcript, self._fail, self._timing.monotonic)
        books.on_call, books.trespasses = self._on_call, self.trespasses
        books.recall(read_transcript(transcript.path))
        self._books = books
        retrier = Retrier(self._retry, self._timing, self._deadline(), str(self._run_folder), self._paces, self._waits)
        parts = Parts(
            calls=ModelCalls(provider, books, retrier, self._run_folder, self._limits),
            journal=journal,
            checks=checks,
            scores=scores,
            executor=executor,
            memory=BodyMemory(self._limits.bodies_bytes),
            models=tuple(sorted(provider.traits.models)),
            limits=self._limits,
            caps=self._caps,
            status=self._status,
            failure=lambda: self._failure,
            fail=self._fail,
            on_event=self._on_event,
            trespasses=self.trespasses,
        )
        return uvicorn.Config(
            _without_noise(application(parts)),
            uds=str(self.socket),
            http=BoundedProtocol,
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="error",  # a warning for each request that is no HTTP: as many lines as the container likes
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=600,
        )

    def _deadline(self) -> Deadline:
        """When calls end, on the clock that they are timed by."""
        ends = self._timing.monotonic() + self._deadline_seconds - self._used_seconds
        return lambda waiting=0.0: ends + self.uncounted_seconds(waiting)

    def _status(self) -> StatusReply:
        elapsed = time.monotonic() - self._started - self.uncounted_seconds()
        return StatusReply(
            spent_fraction=self._ledger.spent_fraction(),
            elapsed_seconds=elapsed,
            deadline_seconds=self._deadline_seconds,
            stop=self._stop or self._failure is not None or elapsed >= self._deadline_seconds,
        )

    def _fail(self, failure: InfrastructureError) -> None:
        self._failure = self._failure or failure


class _Server(uvicorn.Server):
    """uvicorn that says when the socket is there, and that ends at once: a client that hangs can't hold a run up."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready
        self._end = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """Have it end; from any thread."""
        self.should_exit = True  # looked at once the socket is there
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed: it has ended
                self._loop.call_soon_threadsafe(self._end.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._ready.set()

    async def main_loop(self) -> None:
        """Wait for the end, rather than look for it ten times a second: each run would wait for the next look."""
        await self.on_tick(0)
        await self._end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # the connections learn of their end before their tasks do
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel("the gateway was stopped")
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE_SECONDS)


def _without_noise(app: ASGIApp) -> ASGIApp:
    """Calls that are cancelled by the gateway's end would each be logged as an error by uvicorn."""

    async def quiet(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return quiet
