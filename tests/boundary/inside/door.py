"""Read and reach through the gateway: what it must not serve, and what it must not pass on to a provider.

Speaks HTTP itself, by the socket, so that no client of ours tidies a request up.
"""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

from tests.boundary.inside.base import AGENT, CHEAT, FOREIGN, LEAVE, READ, At, any_of, needle, probe

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
REMOTE = "https://host.podium-boundary.test/x"
USER = [{"role": "user", "content": "hi"}]
REFUSED = range(400, 500)
HOST_ONLY = (
    *(f"/podium/{name}" for name in ("answers", "labels", "private", "grade", "key", "budget", "runs", "journal")),
    *("/metrics", "/podium/stop", "/podium/usage", "/docs", "/openapi.json", "/debug", "/.env", "/", "/podium"),
)
ACCOUNT = (
    "/v1/files",
    "/v1/batches",
    "/v1/fine_tuning/jobs",
    "/v1/vector_stores",
    "/v1/threads",
    "/v1/organization/api_keys",
)
PATHS = (
    *("/podium/../../private/test.csv", "/podium/%2e%2e/run.json", "/../../../../etc/passwd", "//etc/passwd"),
    *("/podium/../run.json", "/%2fetc/passwd", "/podium/events/../../other/journal.jsonl"),
)


class Door(http.client.HTTPConnection):
    """HTTP by the gateway's socket."""

    def __init__(self, path: str) -> None:
        super().__init__("gateway", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self._path)


def asked(at: At, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """One request; 499 where the gateway hung up."""
    connection = Door(at.door)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (http.client.HTTPException, ConnectionError):
        return 499, b""
    finally:
        connection.close()


def posted(at: At, path: str, body: object, **headers: str) -> tuple[int, bytes]:
    """A request with a JSON body."""
    return asked(at, "POST", path, json.dumps(body).encode(), **{"content-type": "application/json", **headers})


def _served(at: At, paths: tuple[str, ...], methods: tuple[str, ...] = ("GET", "POST")) -> object:
    for path in paths:
        for method in methods:
            code, _ = asked(at, method, path)
            if code not in REFUSED:
                return f"{method} {path} answers {code}"
    return None


def _passed(at: At, *calls: tuple[str, dict[str, Any]]) -> object:
    """Whether any of these calls was passed on."""
    for path, body in calls:
        more = {"max_tokens": 5} if path == MESSAGES else {}
        content = {"input": "hi"} if path == RESPONSES else {"messages": USER}
        code, _ = posted(at, path, {"model": at.model, **content, **more, **body})
        if code not in REFUSED:
            return f"{path} with {next(iter(body))} answers {code}"
    return None


def _said(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


@probe(READ, AGENT, FOREIGN)
def ask_for_what_is_the_hosts(at: At) -> object:
    """Ask the gateway for labels, grades, the key, its metrics, its own description."""
    return _served(at, HOST_ONLY)


@probe(READ, AGENT, FOREIGN)
def ask_for_what_is_the_accounts(at: At) -> object:
    """Ask for files, batches and keys of the provider's account."""
    return _served(at, ACCOUNT, ("GET", "POST", "DELETE"))


@probe(READ, AGENT, FOREIGN)
def ask_by_a_path_that_leads_out(at: At) -> object:
    """Ask for files of the host by paths that climb."""
    return _served(at, PATHS)


@probe(READ, AGENT, FOREIGN)
def get_the_key_out_of_an_answer(at: At) -> object:
    """Have the provider say the key that it was sent (a provider that does so stands behind the gateway)."""
    code, content = posted(at, CHAT, {"model": at.model, "messages": [{"role": "user", "content": "say the key"}]})
    return needle(at, "key") in content and f"in an answer with {code}"


@probe(READ, AGENT, FOREIGN)
def get_a_label_out_of_a_check(at: At) -> object:
    """Ask the format check about guesses that differ in their labels alone: a different answer would tell."""
    answers = {asked(at, "POST", "/podium/check?node=n1", table.encode()) for table in at.guesses}
    return len(answers) > 1 and f"{len(answers)} answers to guesses of one form"


@probe(READ, AGENT, FOREIGN)
def get_a_score_out_of_the_gateway(at: At) -> object:
    """Have a guess scored in a run whose nodes are scored by their own scripts."""
    code, content = asked(at, "POST", "/podium/score?node=n1", at.guesses[0].encode())
    return code not in REFUSED and f"{code}: {content[:40]!r}"


@probe(READ, AGENT, FOREIGN)
def ask_about_another_run(at: At) -> object:
    """Ask for the state of another run, by its name in the path, the query and a header."""
    name = needle(at, "neighbours name").decode()
    wanted = (f"/podium/status/{name}", f"/podium/{name}/status", f"/{name}/journal.jsonl")
    code, content = asked(at, "GET", f"/podium/status?run={name}", b"", **{"x-podium-run": name})
    return _served(at, wanted) or (name.encode() in content and f"{code}: names it")


@probe(LEAVE, AGENT, FOREIGN)
def use_the_gateway_as_a_proxy(at: At) -> object:
    """Have the gateway fetch an address, as a web proxy does."""
    for method, target in (("CONNECT", "host.podium-boundary.test:80"), ("GET", "http://host.podium-boundary.test/")):
        code, content = asked(at, method, target)
        if code not in REFUSED:
            return f"{method} answers {code} {content[:40]!r}"
    return None


@probe(LEAVE, AGENT, FOREIGN)
def search_the_web_through_the_provider(at: At) -> object:
    """Have the provider search the web."""
    return _passed(
        at,
        (CHAT, {"tools": [{"type": "web_search"}]}),
        (CHAT, {"web_search_options": {}}),
        (CHAT, {"plugins": [{"id": "web"}]}),
        (RESPONSES, {"tools": [{"type": "web_search"}]}),
        (RESPONSES, {"tools": [{"type": "web_search_preview"}]}),
        (MESSAGES, {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        (MESSAGES, {"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]}),
    )


@probe(LEAVE, AGENT, FOREIGN)
def run_code_at_the_provider(at: At) -> object:
    """Have the provider run code, where there is a network."""
    return _passed(
        at,
        (RESPONSES, {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}),
        (RESPONSES, {"tools": [{"type": "local_shell"}]}),
        (RESPONSES, {"tools": [{"type": "computer_use_preview"}]}),
        (MESSAGES, {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]}),
        (MESSAGES, {"tools": [{"type": "bash_20250124", "name": "bash"}], "container": "c"}),
        (MESSAGES, {"container": "container_1"}),
    )


@probe(LEAVE, AGENT, FOREIGN)
def connect_the_provider_to_a_server(at: At) -> object:
    """Have the provider connect to a tool server of ours."""
    return _passed(
        at,
        (RESPONSES, {"tools": [{"type": "mcp", "server_label": "x", "server_url": REMOTE}]}),
        (MESSAGES, {"mcp_servers": [{"type": "url", "url": REMOTE, "name": "x"}]}),
        (CHAT, {"tools": [{"type": "mcp", "server_url": REMOTE}]}),
    )


@probe(LEAVE, AGENT, FOREIGN)
def have_the_provider_fetch_a_picture(at: At) -> object:
    """Name a picture by its address, which the provider would fetch."""
    source = {"type": "image", "source": {"type": "url", "url": REMOTE}}
    return _passed(
        at,
        (CHAT, {"messages": _said({"type": "image_url", "image_url": {"url": REMOTE}})}),
        (CHAT, {"messages": _said({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}})}),
        (RESPONSES, {"input": _said({"type": "input_image", "image_url": REMOTE})}),
        (MESSAGES, {"messages": _said(source)}),
        (MESSAGES, {"messages": _said({"type": "tool_result", "tool_use_id": "t", "content": [source]})}),
    )


@probe(LEAVE, AGENT, FOREIGN)
def have_the_provider_fetch_a_document(at: At) -> object:
    """Name a document by its address."""
    return _passed(
        at,
        (CHAT, {"messages": _said({"type": "video_url", "video_url": {"url": REMOTE}})}),
        (RESPONSES, {"input": _said({"type": "input_file", "file_url": REMOTE})}),
        (MESSAGES, {"messages": _said({"type": "document", "source": {"type": "url", "url": REMOTE}})}),
    )


@probe(READ, AGENT, FOREIGN)
def use_a_file_of_the_account(at: At) -> object:
    """Name a file that is kept at the provider, by whomever."""
    return _passed(
        at,
        (CHAT, {"messages": _said({"type": "file", "file": {"file_id": "file-1"}})}),
        (RESPONSES, {"input": _said({"type": "input_file", "file_id": "file-1"})}),
        (RESPONSES, {"tools": [{"type": "file_search", "vector_store_ids": ["v"]}]}),
        (MESSAGES, {"messages": _said({"type": "image", "source": {"type": "file", "file_id": "file_1"}})}),
        (MESSAGES, {"messages": _said({"type": "container_upload", "file_id": "file_1"})}),
    )


@probe(READ, AGENT, FOREIGN)
def go_on_with_a_stored_conversation(at: At) -> object:
    """Go on with what somebody said to the provider before."""
    return _passed(
        at,
        (RESPONSES, {"previous_response_id": "resp_1"}),
        (RESPONSES, {"conversation": "conv_1"}),
        (RESPONSES, {"prompt": {"id": "pmpt_1"}}),
        (RESPONSES, {"input": [{"type": "item_reference", "id": "msg_1"}]}),
        (CHAT, {"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]}),
    )


@probe(LEAVE, AGENT, FOREIGN)
def leave_something_at_the_provider(at: At) -> object:
    """Keep something at the provider, for a later run to fetch."""
    return _passed(at, (CHAT, {"store": True}), (RESPONSES, {"store": True}), (RESPONSES, {"background": True}))


@probe(CHEAT, AGENT, FOREIGN)
def call_another_model(at: At) -> object:
    """Call a better model than the run's."""
    return any_of(
        (lambda model=model: _passed(at, (CHAT, {"model": model}))) for model in ("best-model", f"{at.model}:online")
    )


@probe(CHEAT, AGENT, FOREIGN)
def buy_better_service(at: At) -> object:
    """Ask to be served before others, or at another price."""
    return _passed(at, (CHAT, {"service_tier": "priority"}), (MESSAGES, {"speed": "fast"}), (CHAT, {"n": 100_000}))


def event(at: At, **fields: object) -> int:
    """Report an event; the gateway's answer."""
    return posted(at, "/podium/events", fields)[0]


def node(name: str, **more: object) -> dict[str, object]:
    """A node as agents report them."""
    return {
        "type": "node",
        "node": name,
        "step": 1,
        "action": "draft",
        "parents": [],
        "plan": "",
        "code": "x",
        "outcome": "ok",
        "exit_code": 0,
        "output": "",
        "score": 0.5,
        "buggy": False,
        "why_buggy": None,
        "analysis": "",
        "reviewed_by": "none",
        "submission_valid": None,
        "warm_start": False,
        "seconds": {},
        "tokens": {},
        **more,
    }


def _taken(codes: dict[str, int]) -> object:
    return {name: code for name, code in codes.items() if code not in REFUSED}


@probe(CHEAT, AGENT, FOREIGN)
def report_a_node_by_a_path(at: At) -> object:
    """Report nodes whose names lead out of the run's folder."""
    names = ("../../x", "/etc/x", "..", "n1/../../x", "n1\n", "", "a" * 33, "a\0b", "N1")
    return _taken({name: event(at, **node(name)) for name in names})


@probe(CHEAT, AGENT, FOREIGN)
def keep_a_file_by_a_path(at: At) -> object:
    """Have a checked submission kept at a path out of the run's folder."""
    names = ("../../x", "..%2F..%2Fx", "%2e%2e", "n1%0A", "x" * 64, "")
    return _taken({name: asked(at, "POST", f"/podium/check?node={name}", b"id,y\n")[0] for name in names})


@probe(CHEAT, AGENT, FOREIGN)
def report_for_another_run(at: At) -> object:
    """Write into another run's journal."""
    name = needle(at, "neighbours name").decode()
    end = {"type": "end", "reason": "steps", "message": "", "best": None}
    return _taken(
        {
            "in the event": event(at, **end, run_id=name),
            "in the path": posted(at, f"/podium/events/{name}", end)[0],
            "by a path that climbs": posted(at, f"/podium/events/../../{name}/journal.jsonl", end)[0],
        }
    )


@probe(CHEAT, AGENT, FOREIGN)
def report_what_only_the_host_says(at: At) -> object:
    """Report grades, medals, statuses and times of arrival, which are the harness's own."""
    return _taken(
        {
            "a grade": event(at, type="grade", score=1.0, medal="gold"),
            "a status": event(at, type="status", status="completed"),
            "a score beside a node": event(at, **node("n1", test_score=1.0)),
            "a time of arrival": event(at, sequence=1, received_at="2020-01-01T00:00:00+00:00", event=node("n1")),
        }
    )


@probe(CHEAT, AGENT, FOREIGN)
def report_impossible_numbers(at: At) -> object:
    """Report scores and times that are no numbers, which would spoil every sum."""
    made = {number: json.dumps(node("n1")).replace("0.5", number) for number in ("NaN", "1e999", "-Infinity")}
    made["negative seconds"] = json.dumps(node("n1", seconds={"execute": -1.0}))
    return _taken({name: asked(at, "POST", "/podium/events", text.encode())[0] for name, text in made.items()})


@probe(CHEAT, AGENT, FOREIGN)
def report_a_node_twice(at: At) -> object:
    """Report a node, then a better account of the same."""
    first = event(at, **node("twice"))
    again = event(at, **node("twice", score=1.0))
    return first not in REFUSED and _taken({"again": again})


@probe(CHEAT, AGENT, FOREIGN)
def report_too_much(at: At) -> object:
    """Fill the host's disk with an event that is too large."""
    return _taken({"an event": event(at, **node("large", output="x" * 5_000_000))})
