"""What happens in a command, as Prometheus metrics.

Of the runs that this process carries out: where workers on other machines do, theirs are counted there. Every label has
few values, whatever agents do: a model that no run was given is `other`, and no metric names a run.
"""

from __future__ import annotations

import threading

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from harness.watch.events import (
    BoxEnded,
    BoxStarted,
    CallAttempted,
    CallEnded,
    GroupStarted,
    Happening,
    NodeEnded,
    RunBroke,
    RunEnded,
    RunSettled,
    RunStarted,
    Sampled,
    Subject,
)
from harness.watch.samples import Sample

OTHER = "other"
MOST_MODELS = 50
CALL_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640)
START_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Follows the `Watcher` protocol. `registry` is its own, so that two in one process don't meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._models: set[str] = set()
        self._begun: set[tuple[str, str]] = set()
        self._boxes: dict[Subject, Sample] = {}
        ProcessCollector(registry=self.registry)

        def counter(name: str, words: str, *labels: str) -> Counter:
            return Counter(name, words, labels, registry=self.registry)

        def gauge(name: str, words: str, *labels: str) -> Gauge:
            return Gauge(name, words, labels, registry=self.registry)

        self._queued = gauge("podium_runs_queued", "Runs that have yet to start")
        self._running = gauge("podium_runs_running", "Runs that go on now")
        self._ended = counter("podium_runs_ended_total", "Attempts that ended, by how", "status")
        self._reused = counter("podium_runs_reused_total", "Runs whose outcome was there already")
        self._nodes = counter("podium_nodes_total", "Nodes of search trees, by stage and end", "stage", "outcome")
        self._failures = counter("podium_failures_total", "Runs, containers, nodes, calls that failed", "where", "kind")
        self._tokens = counter("podium_tokens_total", "Tokens, as providers counted them", "model", "kind")
        self._cost = counter("podium_cost_usd_total", "US dollars spent on model calls", "model")
        self._calls = Histogram(
            "podium_model_call_seconds",
            "Model calls from request to the answer's end, waiting included",
            ("model",),
            buckets=CALL_SECONDS,
            registry=self.registry,
        )
        self._attempts = counter("podium_model_attempts_total", "Requests to providers, by answer", "model", "answer")
        self._waiting = counter("podium_model_waiting_seconds_total", "Time lost to rate limits and outages", "model")
        self._starts = Histogram(
            "podium_container_start_seconds",
            "Containers from the request to their start",
            buckets=START_SECONDS,
            registry=self.registry,
        )
        self._cpu = counter("podium_containers_cpu_seconds_total", "CPU time that the containers of runs used")
        self._throttled = counter("podium_containers_throttled_seconds_total", "Time that their CPU limit held them")
        self._memory = gauge("podium_containers_memory_bytes", "Memory of the running containers, page cache left out")
        self._disk = gauge("podium_containers_disk_bytes", "What their workspaces hold")
        self._gpu_memory = gauge("podium_gpu_memory_bytes", "Memory in use of each GPU that a run has", "gpu")
        self._gpu_busy = gauge("podium_gpu_utilization_percent", "How busy each GPU is that a run has", "gpu")

    def note(self, happening: Happening) -> None:
        """Count it."""
        match happening:
            case GroupStarted():
                self._queued.set(happening.runs)
            case RunStarted(subject=Subject(group, run)):
                self._know(happening.models)
                self._leave_queue(group, run)
                self._running.inc()
            case RunEnded():
                self._end(happening)
            case RunSettled():
                self._settle(happening)
            case RunBroke():
                self._failures.labels("run", "broke").inc()
            case BoxStarted():
                self._start(happening)
            case BoxEnded():
                self._forget(happening)
            case NodeEnded():
                self._count_node(happening)
            case CallAttempted():
                self._attempts.labels(self._model(happening.model), happening.answer).inc()
            case CallEnded():
                self._count_call(happening)
            case Sampled() if happening.subject is not None:
                self._use(happening.subject, happening.sample)

    def _end(self, run: RunEnded) -> None:
        self._running.dec()
        self._ended.labels(run.status).inc()
        if run.status != "completed":
            self._failures.labels("run", run.status).inc()

    def _settle(self, run: RunSettled) -> None:
        if run.reused:
            self._reused.inc()
        elif (run.group, run.run) not in self._begun:  # it ran on another machine, of which only its end is heard
            self._ended.labels(run.status).inc()
        self._leave_queue(run.group, run.run)

    def _leave_queue(self, group: str, run: str) -> None:
        """A run waits no more; one that is placed again, its worker being lost, did so before."""
        with self._lock:
            if (group, run) not in self._begun:
                self._begun.add((group, run))
                self._queued.dec()

    def _start(self, box: BoxStarted) -> None:
        if box.problem:
            self._failures.labels("container", "not_started").inc()
        else:
            self._starts.observe(box.seconds)

    def _forget(self, box: BoxEnded) -> None:
        if box.oom_kills:
            self._failures.labels("container", "out_of_memory").inc(box.oom_kills)
        with self._lock:
            if box.subject is not None and self._boxes.pop(box.subject, None) is not None:
                self._sum_boxes()

    def _count_node(self, node: NodeEnded) -> None:
        # A script may end well and its node still not count: no score, or a submission that breaks a rule.
        outcome = "good" if not node.buggy else node.outcome if node.outcome != "ok" else "unusable"
        self._nodes.labels(node.action, outcome).inc()
        if node.buggy:
            self._failures.labels("node", outcome).inc()

    def _count_call(self, call: CallEnded) -> None:
        model = self._model(call.model)
        self._calls.labels(model).observe(call.seconds)
        self._waiting.labels(model).inc(call.waiting_seconds)
        self._cost.labels(model).inc(call.cost_usd or 0.0)
        for kind in ("input", "output", "cached_input", "cache_write"):
            self._tokens.labels(model, kind).inc(getattr(call, f"{kind}_tokens"))
        if call.outcome != "answered" or call.status >= 400:
            kind = call.outcome if call.outcome != "answered" else f"status_{call.status // 100}xx"
            self._failures.labels("model_call", kind).inc()

    def _use(self, subject: Subject, sample: Sample) -> None:
        with self._lock:
            before = self._boxes.get(subject) or Sample(seconds=0.0)
            self._boxes[subject] = sample
            self._cpu.inc(_more(before.cpu_seconds, sample.cpu_seconds))
            self._throttled.inc(_more(before.throttled_seconds, sample.throttled_seconds))
            self._sum_boxes()
        for gpu in sample.gpus:
            if gpu.memory_bytes is not None:
                self._gpu_memory.labels(gpu.id).set(gpu.memory_bytes)
            if gpu.utilization_percent is not None:
                self._gpu_busy.labels(gpu.id).set(gpu.utilization_percent)

    def _sum_boxes(self) -> None:
        self._memory.set(sum(sample.memory_bytes or 0 for sample in self._boxes.values()))
        self._disk.set(sum(sample.disk_bytes or 0 for sample in self._boxes.values()))

    def _know(self, models: tuple[str, ...]) -> None:
        with self._lock:
            if len(self._models) + len(models) <= MOST_MODELS:
                self._models.update(name.partition("/")[2] or name for name in models)

    def _model(self, name: str) -> str:
        """The name as a label: what an agent calls a model may be anything."""
        return name if name in self._models else OTHER


def _more(before: float | None, after: float | None) -> float:
    return max(0.0, (after or 0.0) - (before or 0.0))
