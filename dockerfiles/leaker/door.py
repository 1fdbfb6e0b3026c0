"""Search the gateway, by the loopback address and by its socket: other endpoints and paths, checks that tell."""

import csv
import http.client
import io
import os
import re
import socket
from urllib.parse import urlsplit

DOOR = "/run/agent/door"
GUESSES = (
    *(
        f"/podium/{name}"
        for name in ("answers", "labels", "private", "grade", "score", "test", "journal", "key", "runs")
    ),
    "/podium/../../private/answers.csv",
    "/podium/%2e%2e/%2e%2e/private",
    "/../../../../etc/passwd",
    "//etc/passwd",
    "/answers",
    "/private",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/.env",
    "/debug",
    "/v1/files",
    "/v1/fine_tuning/jobs",
    "/v1/vector_stores",
    "/v1/threads",
    "/v1/organization/api_keys",
    "/v1/batches",
)
TRICKS = ("../../private", "a/../b", "..", "%2e%2e%2fx", "x" * 64)
REFUSED = range(400, 500)
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


class Unix(http.client.HTTPConnection):
    """The socket itself, past the loopback address."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(f"{DOOR}/gateway.sock")


def search(wanted):
    """Yield what the gateway gives that it should not."""
    if sorted(os.listdir(DOOR)) != ["gateway.sock", "request.json"]:  # noqa: PTH208
        yield f"{DOOR} holds {sorted(os.listdir(DOOR))}"  # noqa: PTH208
    loopback = urlsplit(os.environ["PODIUM_GATEWAY"])
    for connect in (lambda: http.client.HTTPConnection(loopback.netloc, timeout=10), lambda: Unix("gateway")):
        for path in GUESSES:
            for method in ("GET", "POST"):
                yield from _answered(connect, method, path, b"", wanted)
        for node in TRICKS:
            yield from _answered(connect, "POST", f"/podium/check?node={node}", wanted.sample, wanted)
        yield from _told(connect, wanted)


def _answered(connect, method, path, body, wanted):
    status, content = _ask(connect, method, path, body)
    if status not in REFUSED:
        yield f"{method} {path} answers {status}"
    if wanted.covered_by(content) or b"Traceback" in content:
        yield f"{method} {path} says {content[:80]!r}"


def _told(connect, wanted):
    """The check must say the same of guesses of the same form, else it could be asked for the answers."""
    said = {}
    for name, guess in _guesses(wanted):
        status, content = _ask(connect, "POST", "/podium/check?node=guess", guess)
        is_valid = b'"valid":true' in content.replace(b" ", b"")
        said.setdefault((status, content if is_valid else b"refused"), name)  # a refusal names a row and its value
    if len(said) != 1:
        yield f"the check tells guesses apart: {sorted(said.values())} get {sorted(map(str, said))[:2]}"


def _guesses(wanted):
    """Yield several predictions of one form: zeros and ones where the sample has numbers, else its own values moved."""
    header, *rows = csv.reader(wanted.sample.decode("utf-8", "replace").splitlines())
    if all(NUMBER.fullmatch(value) for row in rows for value in row[1:]):
        for name, values in {"zeros and ones": "01", "ones and zeros": "10", "zeros": "00", "ones": "11"}.items():
            guessed = [[values[place % len(values)]] * len(row) for place, row in enumerate(rows)]
            yield name, _table(header, rows, guessed)
    else:
        yield "the sample", _table(header, rows, rows)
        yield "its predictions in another order", _table(header, rows, rows[1:] + rows[:1])
        yield "the first row's for all", _table(header, rows, [rows[0]] * len(rows))


def _table(header, rows, predictions):
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n")
    write.writerow(header)
    write.writerows([row[0], *other[1:]] for row, other in zip(rows, predictions))  # noqa: B905 - old Pythons
    return text.getvalue().encode()


def _ask(connect, method, path, body):
    connection = connect()
    try:
        connection.request(method, path, body=body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 499, b""  # hung up on
    finally:
        connection.close()
