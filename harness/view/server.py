"""Serves the pages to browsers of this machine. Reads, and never writes: there is no request that changes anything.

Against other sites that a browser may have open: a `Host` that is not this server's own name is refused (a name that
an attacker points at this address), no other site may read, frame or load what is answered, and the content security
policy lets a page run the files of `assets/` and ask this server, and nothing else. Against what agents wrote: it is
escaped. It does not tell users of one machine apart: whoever may connect to the port may read the results.
"""

from __future__ import annotations

import hashlib
import ipaddress
import socket
from collections.abc import Callable, Collection
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.errors import UserError
from harness.view.listing import Query
from harness.view.render import ASSETS, POLICY, asset_names
from harness.view.runs import RunName
from harness.view.site import NotHere, Site

HEADERS = {
    "content-security-policy": f"{POLICY}; frame-ancestors 'self'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}
TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
Answer = Callable[[Request], Response]


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def application(site: Site, *, hosts: Collection[str] = (), public: bool = False) -> ASGIApp:
    """The pages as an application; `hosts` are names that it may be called by, beside this machine's own."""
    names = {"localhost", *(host.lower() for host in hosts), *({socket.gethostname().lower()} if public else ())}
    app = Starlette(routes=_routes(site), exception_handlers=_troubles(site))
    app.state.site = site
    return Guard(app, names, public=public)


def server(site: Site, *, hosts: Collection[str] = (), public: bool = False) -> uvicorn.Server:
    """The server of these pages; it runs on the sockets that it is given."""
    return uvicorn.Server(
        uvicorn.Config(
            application(site, hosts=hosts, public=public),
            lifespan="off",
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
    )


class Guard:
    """Refuses what a page of ours would never ask, and says in every answer what a browser may do with it."""

    def __init__(self, app: ASGIApp, names: Collection[str], *, public: bool) -> None:
        self._app = app
        self._names = names
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    *((name.encode(), value.encode()) for name, value in HEADERS.items()),
                ]
            await send(message)

        await (self._refusal(scope) or self._app)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("These pages can only be read.\n", 405, {"allow": "GET, HEAD"})
        host = Headers(scope=scope).get("host", "")
        if not self._is_ours(host):
            text = f"This server is not {host[:100]!r}. If it should go by that name: podium view --allow-host NAME\n"
            return PlainTextResponse(text, 421)
        return None

    def _is_ours(self, host: str) -> bool:
        """A name that can't be made to point here by somebody else: an address, or one of the names given."""
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        name = name.removeprefix("[").removesuffix("]").lower()
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return self._public or address.is_loopback


def _routes(site: Site) -> list[Route]:
    routes = [
        _route("/", lambda r: _html(r, site.groups())),
        _route("/index.html", lambda r: _html(r, site.groups())),
        _route("/groups.html", lambda r: _html(r, site.groups(part=True))),
        _route("/compare.html", lambda r: _html(r, site.compare(r.query_params))),
        _route("/comparison.html", lambda r: _html(r, site.compare(r.query_params, part=True))),
        _route("/side.html", lambda r: _html(r, site.side())),
        _route("/favicon.ico", lambda _: RedirectResponse("/assets/icon.svg")),
        _route("/assets/{name}", _asset),
        _route("/groups/{group}/", lambda r: RedirectResponse("index.html")),
        _route("/groups/{group}/index.html", lambda r: _html(r, site.group(_group(r), _query(r)))),
        _route("/groups/{group}/rows.html", lambda r: _html(r, site.group(_group(r), _query(r), part=True))),
        _route("/groups/{group}/comparison.html", lambda r: _html(r, site.kept_comparison(_group(r)))),
    ]
    for start in ("/groups/{group}/runs/{run}/", "/groups/{group}/runs/{run}/attempts/{attempt:int}/"):
        routes += _run_routes(site, start)
    return routes


def _run_routes(site: Site, start: str) -> list[Route]:
    return [
        _route(start, lambda r: RedirectResponse("index.html")),
        _route(f"{start}index.html", lambda r: _html(r, site.run(_run(r)))),
        _route(f"{start}facts.html", lambda r: _html(r, site.run_facts(_run(r)))),
        _route(f"{start}tree.json", lambda r: _json(r, site.tree(_run(r), _after(r)))),
        _route(f"{start}search.json", lambda r: _json(r, site.search(_run(r), r.query_params.get("q", "")))),
        _route(f"{start}nodes/{{node}}.html", lambda r: _html(r, site.node(_run(r), _node(r)))),
        _route(f"{start}nodes/{{node}}/calls.html", lambda r: _html(r, site.node(_run(r), _node(r), part=True))),
        _route(f"{start}calls/index.html", lambda r: _html(r, site.calls(_run(r), _query(r)))),
        _route(f"{start}calls/rows.html", lambda r: _html(r, site.calls(_run(r), _query(r), part=True))),
        _route(f"{start}calls/{{number:int}}.html", lambda r: _html(r, site.call(_run(r), r.path_params["number"]))),
    ]


def _route(path: str, answer: Answer) -> Route:
    """A route whose answer is made in a thread: reading files never holds up another request."""

    def endpoint(request: Request) -> Response:
        site: Site = request.app.state.site
        with site.index.answering():
            return answer(request)

    return Route(path, endpoint, methods=["GET"])


def _troubles(site: Site) -> Any:
    def trouble(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            code, message = error.status_code, "There is no such page."
        elif isinstance(error, NotHere):
            code, message = 404, str(error)
        else:
            code, message = 409, str(error)
        path = request.url.path.lstrip("/")
        return Response(site.trouble(path, message).encode("utf-8", "replace"), code, media_type="text/html")

    return {NotHere: trouble, UserError: trouble, HTTPException: trouble}


def _group(request: Request) -> str:
    return str(request.path_params["group"])


def _run(request: Request) -> RunName:
    found = request.path_params
    return RunName(found["group"], found["run"], found.get("attempt"))


def _node(request: Request) -> str:
    return str(request.path_params["node"])


def _query(request: Request) -> Query:
    return Query.parse(request.query_params)


def _after(request: Request) -> int:
    value = request.query_params.get("after", "0")
    return int(value) if value.isdecimal() and len(value) < 12 else 0


def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in asset_names():
        raise NotHere(f"no file {name[:100]!r}")
    return _tagged(request, (ASSETS / name).read_bytes(), TYPES[name.rpartition(".")[2]])


def _html(request: Request, text: str) -> Response:
    return _tagged(request, text.encode("utf-8", "replace"), "text/html")


def _json(request: Request, value: dict[str, Any]) -> Response:
    return _tagged(request, orjson.dumps(value), "application/json")


def _tagged(request: Request, body: bytes, media_type: str) -> Response:
    """An answer, or word that the browser has it already: pages ask again every second or two."""
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    return Response(body, media_type=media_type, headers={"etag": tag})
