"""Every record of some groups as three tables: runs, nodes, calls. Each column is documented, with its unit.

Sees records only, and reads them anew each time. The columns are stated once, here, as data: the tables are built of
them, `podium query --tables` prints them, and results/README.md holds the same list. What agents wrote stands in the
tables as it is; it is text, and nothing of it is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from harness.runs.lost import as_it_stands

if TYPE_CHECKING:
    import pandas as pd

    from harness.results.layout import GroupFolder, RunFolder
    from harness.results.record import RunRecord

Kind = Literal["text", "integer", "number", "boolean", "time"]
USED = {"cpu_seconds", "throttled_seconds", "peak_memory_bytes", "peak_disk_bytes"}
DTYPES: dict[Kind, str] = {"text": "str", "integer": "Int64", "number": "float64", "boolean": "boolean"}


class Column(NamedTuple):
    """One column: what it holds, and in which unit where it has one."""

    name: str
    kind: Kind
    meaning: str


RUN_KEYS = (
    Column("group", "text", "name of the group"),
    Column("run_id", "text", "name of the run's folder"),
    Column("competition", "text", "id"),
    Column("agent", "text", "agent configuration"),
    Column("model", "text", "as it was asked for"),
    Column("seed", "integer", "of the run"),
)
RUNS = (
    *RUN_KEYS,
    Column("status", "text", "how the run stands"),
    Column("reason", "text", "the same in words"),
    Column("attempt", "integer", "counted from 1"),
    Column("created_at", "time", "when the record was made, UTC"),
    Column("ended_at", "time", "when all was over, UTC"),
    Column("edition", "text", "of the competition's data"),
    Column("stand_in", "boolean", "synthetic data: in no rate"),
    Column("answers_shown", "boolean", "a test of the harness, whose agent was given the answers: in no rate"),
    Column("leaks", "text", "known leaks of the edition, one a line"),
    Column("candidate_isolation", "text", "what stands between agent and candidate scripts"),
    Column("metric", "text", "the competition's"),
    Column("direction", "text", "maximize or minimize"),
    Column("score", "number", "test score; null where the submission is invalid or missing"),
    Column("submission_exists", "boolean", "null while the run is not graded"),
    Column("valid", "boolean", "is the submission valid?"),
    Column("invalid_because", "text", "the rule that it broke"),
    Column("medal", "text", "gold, silver, bronze, none; null where there is no leaderboard"),
    Column("percentile", "number", "percent of teams that scored worse or the same"),
    Column("exceeds_percent", "number", "100 * (1 - rank / teams)"),
    Column("above_median", "boolean", "strictly better than the median team"),
    Column("egress", "text", "what scripts could fetch: none, allowlist or open"),
    Column("cache_sha256", "text", "the packages and models that lay ready; null where there were none"),
    Column("validation", "text", "who scored nodes: self (their scripts), or hidden-split (held-back training rows)"),
    Column("validation_score", "number", "the score by which the run's node was chosen"),
    Column("gap", "number", "how much better that was than the test score"),
    Column("best_node", "text", "the best node by test score; null where nobody graded the nodes"),
    Column("best_node_score", "number", "its test score"),
    Column("lost_by_choice", "number", "how much better it is than what was handed in"),
    Column("no_test_signal", "boolean", "do the logs show that no test signal reached the agent?"),
    Column("flagged", "boolean", "by an audit for cheating, and not dismissed; null where nobody audited the run"),
    Column("flagged_by", "text", "the rules that flag it, separated by commas"),
    Column("trespasses", "text", "what the run tried beyond its bounds and was refused, one kind a line"),
    Column("steps", "integer", "nodes that were finished"),
    Column("good_nodes", "integer", "of these, nodes with a score that counts"),
    Column("wall_seconds", "number", "the whole run, in s"),
    Column("working_seconds", "number", "of it, without waiting for providers, in s"),
    Column("time_limit_seconds", "number", "how long it might take, in s"),
    Column("time_limit_clock", "text", "what that counts: wall, or working"),
    Column("model_seconds", "number", "of it, waiting for models, in s"),
    Column("execute_seconds", "number", "of it, running candidate scripts, in s"),
    Column("check_seconds", "number", "of it, checking formats, in s"),
    Column("review_seconds", "number", "of it, reviewing executions, in s"),
    Column("overhead_seconds", "number", "of it, the agent's own work, in s"),
    Column("waiting_seconds", "number", "rate limits and outages of providers, in s"),
    Column("calls", "integer", "model calls"),
    Column("input_tokens", "integer", "all input tokens, cached ones too"),
    Column("cached_input_tokens", "integer", "of these, read from a prompt cache"),
    Column("cache_write_tokens", "integer", "of these, written to a prompt cache"),
    Column("output_tokens", "integer", "tokens"),
    Column("cost_usd", "number", "US dollars"),
    Column("budget_usd", "number", "US dollars; null where there was no budget"),
    Column("budget_tokens", "integer", "tokens; null where there was no such budget"),
    Column("oom_kills", "integer", "processes ended for want of memory"),
    Column("cpu_seconds", "number", "CPU time that its container used, in s"),
    Column("throttled_seconds", "number", "time that its CPU limit held it back, in s"),
    Column("peak_memory_bytes", "integer", "highest memory of its container, in bytes"),
    Column("peak_disk_bytes", "integer", "highest that its workspace held, in bytes"),
    Column("policy", "text", "search policy"),
    Column("steps_asked", "integer", "nodes that the run was to have"),
    Column("workers", "integer", "candidates at a time"),
    Column("prompt_set", "text", "its name"),
    Column("prompt_set_sha256", "text", "its hash"),
    Column("image", "text", "the image's digest"),
    Column("data_sha256", "text", "fingerprint of the prepared data"),
    Column("podium_version", "text", "which Podium"),
    Column("cpu_model", "text", "of the machine"),
    Column("cpus", "integer", "of the machine"),
    Column("hardware", "text", "class of machine: times of two can't be compared"),
    Column("memory_bytes", "integer", "of the machine, in bytes"),
    Column("gpus", "text", "as they were asked for"),
)
NODES = (
    *RUN_KEYS,
    Column("node", "text", "id of the node"),
    Column("step", "integer", "counted from 1"),
    Column("action", "text", "draft, improve, debug, merge or ensemble"),
    Column("parents", "text", "ids, separated by commas"),
    Column("received_at", "time", "when the gateway had it, UTC"),
    Column("outcome", "text", "how the script ended"),
    Column("exit_code", "integer", "of the script"),
    Column("buggy", "boolean", "a node that does not count"),
    Column("why_buggy", "text", "the reason"),
    Column("validation_score", "number", "what guided the search; null where the node is buggy"),
    Column("printed_score", "number", "what the script itself printed"),
    Column("test_score", "number", "from node_grades.json; null where nobody graded the nodes"),
    Column("submission_valid", "boolean", "is the submission's format right? null: nobody looked"),
    Column("duplicate_of", "text", "the node that ran the same program before"),
    Column("model_seconds", "number", "asking for the script, in s"),
    Column("execute_seconds", "number", "running it, in s"),
    Column("check_seconds", "number", "checking the submission's format, in s"),
    Column("review_seconds", "number", "reviewing the execution, in s"),
    Column("overhead_seconds", "number", "the agent's own work, in s"),
    Column("input_tokens", "integer", "of this node's calls"),
    Column("output_tokens", "integer", "of this node's calls"),
    Column("plan", "text", "as the model wrote it"),
    Column("code", "text", "the script"),
    Column("analysis", "text", "the review's findings"),
)
CALLS = (
    *RUN_KEYS,
    Column("sequence", "integer", "counted from 1 in each run"),
    Column("started_at", "time", "when the call came, UTC"),
    Column("provider", "text", "who answered"),
    Column("api", "text", "chat, responses, embeddings, models or messages"),
    Column("asked_model", "text", "the model that the client named"),
    Column("stream", "boolean", "was the answer streamed?"),
    Column("outcome", "text", "answered, cut, unreachable or refused"),
    Column("http_status", "integer", "as the client got it"),
    Column("input_tokens", "integer", "all input tokens, cached ones too"),
    Column("cached_input_tokens", "integer", "of these, read from a prompt cache"),
    Column("cache_write_tokens", "integer", "of these, written to a prompt cache"),
    Column("output_tokens", "integer", "tokens"),
    Column("cost_usd", "number", "US dollars; null where the price is not known"),
    Column("latency_seconds", "number", "the whole call, in s"),
    Column("waiting_seconds", "number", "of it, rate limits and outages, in s"),
    Column("attempts", "integer", "how often the provider was asked"),
    Column("error", "text", "what went wrong"),
)


@dataclass(frozen=True)
class Source:
    """One run to read: its folder and its record."""

    folder: RunFolder
    record: RunRecord

    def keys(self) -> dict[str, Any]:
        """The columns that all three tables share."""
        return {column.name: getattr(self.record, column.name) for column in RUN_KEYS}


def sources(groups: Iterable[GroupFolder]) -> Iterator[Source]:
    """Yield the runs of some groups, by group and name."""
    for group in sorted(groups, key=lambda item: item.name):
        for folder in group.runs():
            record = folder.read()
            if record is not None:
                yield Source(folder, as_it_stands(record))


def runs(groups: Iterable[GroupFolder]) -> pd.DataFrame:
    """A row a run."""
    return _frame(RUNS, (_run(source) for source in sources(groups)))


def nodes(groups: Iterable[GroupFolder]) -> pd.DataFrame:
    """A row a finished node."""
    return _frame(NODES, (row for source in sources(groups) for row in _nodes(source)))


def calls(groups: Iterable[GroupFolder]) -> pd.DataFrame:
    """A row a model call."""
    return _frame(CALLS, (row for source in sources(groups) for row in _calls(source)))


TABLES: dict[str, tuple[Sequence[Column], Callable[[Iterable[GroupFolder]], pd.DataFrame]]] = {
    "runs": (RUNS, runs),
    "nodes": (NODES, nodes),
    "calls": (CALLS, calls),
}


def _run(source: Source) -> dict[str, Any]:
    from harness.results.record import ResourcesRecord
    from harness.results.rows import row

    record, host = source.record, source.record.host
    found = asdict(row(source.folder, record))
    return {
        **found,
        **source.keys(),
        **{f"{phase}_seconds": seconds for phase, seconds in found["phase_seconds"].items()},
        "leaks": "\n".join(found["leaks"]),
        "flagged_by": ", ".join(found["flagged_by"]),
        "trespasses": "\n".join(found["trespasses"]),
        "attempt": record.attempt,
        "created_at": record.created_at,
        "ended_at": record.ended_at,
        "calls": record.usage.calls,
        "cached_input_tokens": record.usage.cached_input_tokens,
        "cache_write_tokens": record.usage.cache_write_tokens,
        "budget_usd": record.budget_usd,
        "budget_tokens": record.budget_tokens,
        "time_limit_seconds": record.time_limit_seconds,
        "time_limit_clock": record.time_limit_clock,
        "policy": record.request.search.policy,
        "steps_asked": record.request.search.steps,
        "workers": record.request.workers,
        "prompt_set": record.prompt_set,
        "prompt_set_sha256": record.prompt_set_sha256,
        "image": record.image,
        "data_sha256": record.data.data_sha256,
        "podium_version": record.podium_version,
        "cpu_model": host and host.cpu_model,
        "cpus": host and host.cpus,
        "memory_bytes": host and host.memory_bytes,
        "gpus": record.gpus,
        **(record.resources or ResourcesRecord()).model_dump(include=USED),
    }


def _nodes(source: Source) -> Iterator[dict[str, Any]]:
    from harness.results.layout import read_json

    graded = read_json(source.folder.node_grades) or {"nodes": ()}
    test_scores = {node["node"]: node["test_score"] for node in graded["nodes"]}
    for line in source.folder.lines(source.folder.journal):
        event = line["event"]
        if event["type"] != "node":
            continue
        yield {
            **event,
            **source.keys(),
            **{f"{phase}_seconds": seconds for phase, seconds in event["seconds"].items()},
            "parents": ",".join(event["parents"]),
            "received_at": line["received_at"],
            "validation_score": event["score"],
            "test_score": test_scores.get(event["node"]),
            "input_tokens": event["tokens"].get("input"),
            "output_tokens": event["tokens"].get("output"),
        }


def _calls(source: Source) -> Iterator[dict[str, Any]]:
    for line in source.folder.lines(source.folder.transcript):
        usage = line["usage"] or {}
        written = [usage[kind] for kind in ("cache_write", "cache_write_1h") if kind in usage]
        yield {
            **line,
            **source.keys(),
            "asked_model": line["model"],
            "http_status": line["status"],
            "input_tokens": usage.get("input"),
            "cached_input_tokens": usage.get("cached_input"),
            "cache_write_tokens": sum(written) if written else None,
            "output_tokens": usage.get("output"),
        }


def _frame(columns: Sequence[Column], rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return a frame of exactly these columns, also where there is no row."""
    import pandas as pd

    cells: dict[str, list[Any]] = {column.name: [] for column in columns}
    for row in rows:
        for name, values in cells.items():
            values.append(row.get(name))
    parsers: dict[Kind, Callable[[list[Any]], pd.Series[Any]]] = {
        kind: partial(pd.Series, dtype=dtype) for kind, dtype in DTYPES.items()
    }
    parsers["time"] = _utc
    return pd.DataFrame({column.name: parsers[column.kind](cells[column.name]) for column in columns})


def _utc(values: list[Any]) -> pd.Series[Any]:
    """Times without a zone, all of them UTC: DuckDB needs an extension of its own for zones."""
    import pandas as pd

    return (
        pd.to_datetime(pd.Series(values, dtype="str"), format="ISO8601", utc=True).dt.tz_localize(None).dt.as_unit("us")
    )
