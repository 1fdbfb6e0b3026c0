"""A stand-in for Kaggle's API on loopback: enough for the official client to get archive and leaderboard, or to fail.

For tests and rehearsals: point the client at it with PODIUM_KAGGLE_ENDPOINT. One server holds one archive, one
leaderboard and one way to behave; it checks the credentials that it is given and knows nothing else of Kaggle.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

USER, KEY = "somebody", "0123456789abcdef0123456789abcdef"


class Behaviour(Enum):
    """How the server answers a request for the archive."""

    SERVES = "serves it"
    RULES_NOT_ACCEPTED = "403"
    UNKNOWN = "404"
    LIMITED = "429, retry after 7 seconds"
    LIMITED_HALFWAY = "429 to the second page of a leaderboard when it is asked for first, retry after a second"
    FAILS = "500"
    CUT_SHORT = "sends half of the archive as if it were all"
    BREAKS_OFF = "closes every connection after half of what is left"
    BREAKS_OFF_ONCE = "closes the first connection half-way and then serves ranges"
    ENORMOUS = "announces a petabyte"


_REFUSALS = {
    Behaviour.RULES_NOT_ACCEPTED: (403, "You must accept this competition's rules before you'll be able to download"),
    Behaviour.UNKNOWN: (404, "Competition not found"),
    Behaviour.LIMITED: (429, "Too many requests"),
    Behaviour.FAILS: (500, "Internal error"),
}


class FakeKaggle:
    """Context manager: serves `archive` as the download of every competition, and `scores` as its leaderboard.

    A score stands for one team, whose id is its place in `scores`; `page` teams are served at a time.
    """

    def __init__(
        self,
        archive: bytes = b"",
        behaviour: Behaviour = Behaviour.SERVES,
        scores: Sequence[str] = (),
        page: int = 50,
        pages: Mapping[str, str] | None = None,
    ) -> None:
        self.archive, self.behaviour, self.scores, self.page = archive, behaviour, scores, page
        self.pages = dict(pages or {})  # name → HTML
        self.asked_from: list[int] = []  # the first team of each page of the leaderboard that was asked for
        self.ranges: list[str | None] = []  # the Range header of each request for the archive
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def environ(self, base: Mapping[str, str], home: str) -> dict[str, str]:
        """Return an environment in which the client finds this server, valid credentials, and nothing of the user's."""
        kept = {name: value for name, value in base.items() if not name.upper().endswith("_PROXY")}
        kept = {name: value for name, value in kept.items() if not name.startswith(("KAGGLE_", "XDG_"))}
        return kept | {
            "HOME": home,
            "KAGGLE_USERNAME": USER,
            "KAGGLE_KEY": KEY,
            "PODIUM_KAGGLE_ENDPOINT": self.endpoint,
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(fake: FakeKaggle) -> type[BaseHTTPRequestHandler]:
    authorization = "Basic " + base64.b64encode(f"{USER}:{KEY}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            method = urlsplit(self.path).path.rsplit("/", 1)[-1]
            if method == "IntrospectToken":
                self._answer_json(200, {"active": False})
            elif method not in ("DownloadDataFiles", "GetLeaderboard", "ListCompetitionPages"):
                self._answer_json(404, {"code": 404, "message": f"no method {method}"})
            elif self.headers.get("Authorization") != authorization:
                self._answer_json(401, {"code": 401, "message": "Unauthenticated"})
            elif fake.behaviour in _REFUSALS:
                status, message = _REFUSALS[fake.behaviour]
                extra = {"Retry-After": "7"} if fake.behaviour is Behaviour.LIMITED else {}
                self._answer_json(status, {"code": status, "message": message}, extra)
            elif method == "GetLeaderboard":
                self._answer_leaderboard(int(body.get("pageToken") or 0))
            elif method == "ListCompetitionPages":
                pages = [{"name": name, "content": text} for name, text in fake.pages.items()]
                self._answer_json(200, {"pages": pages})
            else:
                self.send_response(302)
                self.send_header("Location", f"{fake.endpoint}/files/{body['competitionName']}.zip")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def do_GET(self) -> None:
            fake.ranges.append(self.headers.get("Range"))
            start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
            content = fake.archive[: len(fake.archive) // 2] if fake.behaviour is Behaviour.CUT_SHORT else fake.archive
            rest = content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Type", "application/zip")
            length = 10**15 if fake.behaviour is Behaviour.ENORMOUS else len(rest)
            self.send_header("Content-Length", str(length))
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", hashlib.md5(fake.archive, usedforsecurity=False).hexdigest())
            self.end_headers()
            breaks = fake.behaviour is Behaviour.BREAKS_OFF or (
                fake.behaviour is Behaviour.BREAKS_OFF_ONCE and len(fake.ranges) == 1
            )
            self.wfile.write(rest[: len(rest) // 2] if breaks else rest)
            self.close_connection = True

        def _answer_leaderboard(self, first: int) -> None:
            fake.asked_from.append(first)
            if fake.behaviour is Behaviour.LIMITED_HALFWAY and len(fake.asked_from) == 2:
                self._answer_json(429, {"code": 429, "message": "Too many requests"}, {"Retry-After": "1"})
            else:
                self._answer_json(200, _page_of(fake, first))

        def _answer_json(self, status: int, body: Mapping[str, object], extra: Mapping[str, str] | None = None) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(text)), **(extra or {})}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing on the terminal."""

    return Handler


def _page_of(fake: FakeKaggle, first: int) -> Mapping[str, object]:
    """One page of the leaderboard; a page's token is the place of its first team."""
    chosen = list(enumerate(fake.scores))[first : first + fake.page]
    teams = [
        {"teamId": place, "teamName": f"team {place}", "submissionDate": "2024-01-31T00:00:00Z", "score": score}
        for place, score in chosen
    ]
    last = first + len(chosen)
    return {"submissions": teams, "nextPageToken": str(last) if last < len(fake.scores) else ""}
