"""Metrics count what happens, keep their labels few, and are for this machine only."""

import http.client
import re
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness.errors import UserError
from harness.watch.endpoint import Endpoint, parse_port
from harness.watch.events import (
    BoxEnded,
    BoxStarted,
    CallAttempted,
    CallEnded,
    GroupStarted,
    NodeEnded,
    RunBroke,
    RunEnded,
    RunSettled,
    RunStarted,
    Sampled,
    Subject,
)
from harness.watch.metrics import Metrics
from harness.watch.samples import GpuSample, Sample
from harness.watch.watching import WatchOptions, watching

RUN, OTHER = Subject("g", "iris--aide--s0", 1), Subject("g", "iris--aide--s1", 1)


def started(subject):
    return RunStarted(subject, "iris", "aide", "openai/gpt-5", ("openai/gpt-5", "anthropic/claude"), 0)


def call(model="gpt-5", outcome="answered", status=200, **changes):
    values = {"attempts": 1, "seconds": 3.0, "waiting_seconds": 0.5, "input_tokens": 100, "output_tokens": 20}
    values |= {"cached_input_tokens": 40, "cache_write_tokens": 0, "cost_usd": 0.01} | changes
    return CallEnded(RUN, "openai", model, outcome, status, **values)


def value(metrics, name, **labels):
    return metrics.registry.get_sample_value(name, labels)


def told(*happenings):
    metrics = Metrics()
    for happening in happenings:
        metrics.note(happening)
    return metrics


def test_runs_are_counted_by_where_they_stand():
    metrics = told(
        GroupStarted(None, "g", 5), started(RUN), started(OTHER), RunSettled(None, "g", "r", "completed", True)
    )
    assert (value(metrics, "podium_runs_queued"), value(metrics, "podium_runs_running")) == (2, 2)
    metrics.note(RunEnded(RUN, "infra_failed", "the engine is gone", 1.0, 0.0))
    metrics.note(RunEnded(OTHER, "completed", "", 1.0, 0.0))
    metrics.note(RunSettled(None, "g", OTHER.run, "completed", reused=False))
    assert (value(metrics, "podium_runs_queued"), value(metrics, "podium_runs_running")) == (2, 0)
    assert value(metrics, "podium_runs_ended_total", status="completed") == 1
    assert value(metrics, "podium_failures_total", where="run", kind="infra_failed") == 1
    assert value(metrics, "podium_failures_total", where="run", kind="completed") is None


def test_a_run_that_is_placed_again_waited_once_and_one_elsewhere_is_heard_of_at_its_end():
    metrics = told(GroupStarted(None, "g", 3), started(RUN), RunEnded(RUN, "lost", "", 1.0, 0.0), started(RUN))
    assert (value(metrics, "podium_runs_queued"), value(metrics, "podium_runs_running")) == (2, 1)
    metrics.note(RunSettled(None, "g", "far-away", "completed", reused=False))
    assert value(metrics, "podium_runs_queued") == 1
    assert value(metrics, "podium_runs_ended_total", status="completed") == 1


def test_model_calls_are_counted_with_tokens_money_and_time():
    metrics = told(
        started(RUN), call(), call(status=500, outcome="answered", cost_usd=None), call(outcome="unreachable")
    )
    assert value(metrics, "podium_tokens_total", model="gpt-5", kind="input") == 300
    assert value(metrics, "podium_tokens_total", model="gpt-5", kind="cached_input") == 120
    assert value(metrics, "podium_cost_usd_total", model="gpt-5") == pytest.approx(0.02)
    assert value(metrics, "podium_model_call_seconds_count", model="gpt-5") == 3
    assert value(metrics, "podium_model_call_seconds_bucket", model="gpt-5", le="2.5") == 0
    assert value(metrics, "podium_failures_total", where="model_call", kind="status_5xx") == 1
    assert value(metrics, "podium_failures_total", where="model_call", kind="unreachable") == 1


def test_requests_that_were_tried_again_are_counted_by_their_answer():
    answers = [("rate_limited", 429), ("rate_limited", 429), ("ok", 200), ("unreachable", None)]
    metrics = told(started(RUN), *(CallAttempted(RUN, "gpt-5", answer, status, 0.1) for answer, status in answers))
    assert value(metrics, "podium_model_attempts_total", model="gpt-5", answer="rate_limited") == 2
    assert value(metrics, "podium_model_attempts_total", model="gpt-5", answer="unreachable") == 1


def test_nodes_are_counted_by_stage_and_end():
    def node(action, outcome, buggy):
        return NodeEnded(RUN, "n", 1, action, outcome, buggy, None, 1.0)

    metrics = told(node("draft", "ok", False), node("debug", "failed", True), node("debug", "ok", True))
    assert value(metrics, "podium_nodes_total", stage="draft", outcome="good") == 1
    assert value(metrics, "podium_nodes_total", stage="debug", outcome="unusable") == 1
    assert value(metrics, "podium_failures_total", where="node", kind="failed") == 1


def test_what_boxes_use_is_summed_and_forgotten_at_their_end():
    gpus = (GpuSample(id="GPU-1", memory_bytes=7, utilization_percent=50.0),)
    metrics = told(
        *(BoxStarted(RUN, 0.3), BoxStarted(OTHER, 0.4), BoxStarted(RUN, 1.0, "no such image")),
        Sampled(RUN, Sample(seconds=1, cpu_seconds=1.0, memory_bytes=100, disk_bytes=5, gpus=gpus)),
        Sampled(OTHER, Sample(seconds=1, cpu_seconds=2.0, throttled_seconds=0.5, memory_bytes=30)),
        Sampled(RUN, Sample(seconds=2, cpu_seconds=4.0, memory_bytes=200, disk_bytes=6, gpus=gpus)),
    )
    assert value(metrics, "podium_containers_cpu_seconds_total") == 6.0
    assert value(metrics, "podium_containers_throttled_seconds_total") == 0.5
    assert (value(metrics, "podium_containers_memory_bytes"), value(metrics, "podium_containers_disk_bytes")) == (
        230,
        6,
    )
    assert value(metrics, "podium_gpu_utilization_percent", gpu="GPU-1") == 50.0
    assert value(metrics, "podium_container_start_seconds_count") == 2
    assert value(metrics, "podium_failures_total", where="container", kind="not_started") == 1
    metrics.note(BoxEnded(RUN, 3.0, 137, 2))
    assert value(metrics, "podium_containers_memory_bytes") == 30
    assert value(metrics, "podium_failures_total", where="container", kind="out_of_memory") == 2


def test_labels_stay_few_whatever_agents_do():
    """An agent may name a thousand models, and a group may have thousands of runs."""
    metrics = told(started(RUN))
    for number in range(500):
        subject = Subject("g", f"iris--aide--s{number}", 1)
        metrics.note(started(subject))
        metrics.note(call(model=f"invented-{number}"))
        metrics.note(Sampled(subject, Sample(seconds=1, cpu_seconds=1.0)))
        metrics.note(RunBroke(None, "g", f"r{number}", f"KeyError: {number}"))
    samples = [sample for family in metrics.registry.collect() for sample in family.samples]
    assert len(samples) < 200
    assert {sample.labels["model"] for sample in samples if "model" in sample.labels} == {"other"}
    assert not any("iris" in str(sample.labels) for sample in samples)


def test_a_scraper_reads_them_on_loopback_alone():
    metrics = told(GroupStarted(None, "g", 5))
    with Endpoint(metrics.registry, 0) as endpoint:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/metrics", endpoint.url)
        with urllib.request.urlopen(endpoint.url, timeout=10) as answer:
            text = answer.read().decode()
        families = {family.name: family for family in text_string_to_metric_families(text)}
        assert families["podium_runs_queued"].samples[0].value == 5
        assert "process_cpu_seconds" in families
        port = int(endpoint.url.split(":")[2].split("/")[0])
        assert asked_as(port, "evil.example") == 403  # a page whose name was pointed here
        assert asked_as(port, f"localhost:{port}") == asked_as(port, "[::1]") == 200
        with pytest.raises(UserError, match=f"--metrics-port {port}"), Endpoint(metrics.registry, port):
            pass
    with pytest.raises(OSError):
        urllib.request.urlopen(endpoint.url, timeout=10)


def asked_as(port, host):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics", headers={"Host": host})
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    ("text", "port"), [("9464", 9464), ("0", 0), ("127.0.0.1:9464", 9464), ("localhost:1", 1), ("[::1]:7", 7)]
)
def test_a_port_on_loopback_is_taken(text, port):
    assert parse_port(text) == port


@pytest.mark.parametrize(
    "text", ["0.0.0.0:9464", ":9464", "[::]:9464", "192.168.1.7:9464", "example.org:80", "0.0.0.0:x"]
)
def test_an_address_that_others_reach_is_refused_with_the_way_to_do_it(text):
    with pytest.raises(UserError, match=r"this machine only: --metrics-port \d+; .* ssh -L"):
        parse_port(text)


@pytest.mark.parametrize("text", ["", "http", "65536", "-1", "9464/metrics"])
def test_what_is_no_port_is_refused(text):
    with pytest.raises(UserError, match="is no port"):
        parse_port(text)


def test_a_command_says_where_its_metrics_are():
    said = []
    with watching(WatchOptions(metrics_port="0"), said.append) as (watcher, _):
        watcher.note(GroupStarted(None, "g", 2))
        url = said[0].removeprefix("Metrics: ")
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert b"podium_runs_queued 2.0" in answer.read()
