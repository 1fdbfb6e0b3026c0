"""A Hugging Face hub on loopback: as much of its API as its own client asks for to take a snapshot of a model."""

from __future__ import annotations

import hashlib
import http.server
import json
import re
from collections.abc import Mapping

_API = re.compile(r"/api/models/(?P<repo>[^/]+/[^/]+)(?:/(?:revision|tree)/(?P<revision>[^/]+)(?P<rest>/.*)?)?")
_FILE = re.compile(r"/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<name>.+)")


def commit_of(files: Mapping[str, bytes]) -> str:
    """The commit that this hub says a model has: of its bytes."""
    return hashlib.sha1(b"\0".join(name.encode() + content for name, content in sorted(files.items()))).hexdigest()


def hub(repos: Mapping[str, Mapping[str, bytes]], revisions: tuple[str, ...] = ("main",)) -> type:
    """A handler that serves the files of repositories, each with one commit, which all revisions name."""

    class Hub(http.server.BaseHTTPRequestHandler):
        def __init__(self, *given, directory):
            super().__init__(*given)

        def do_HEAD(self):
            self.do_GET()

        def do_GET(self):
            path = self.path.partition("?")[0]
            self.server.seen.append((path, self.headers.get("authorization")))
            match = _API.fullmatch(path) or _FILE.fullmatch(path)
            files = repos.get(match["repo"]) if match else None
            commit = commit_of(files) if files else ""
            if files is None or match["revision"] not in (None, commit, *revisions):
                self.send_error(404)
            elif match.re is _FILE:
                self.file(files.get(match["name"]), commit)
            elif "/tree/" in path:
                self.say([_entry(name, content) for name, content in files.items()])
            else:
                siblings = [{"rfilename": name, "size": len(content)} for name, content in files.items()]
                self.say({"id": match["repo"], "sha": commit, "siblings": siblings})

        def file(self, content, commit):
            if content is None:
                self.send_error(404)
                return
            tag = hashlib.sha256(content).hexdigest()
            self.send(content, {"ETag": f'"{tag}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"})

        def say(self, value):
            self.send(json.dumps(value).encode())

        def send(self, content, more=()):
            self.send_response(200)
            for name, value in {**dict(more), "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    return Hub


def _entry(name, content):
    return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}


def folder_as_repo(folder) -> dict[str, bytes]:
    """The files of a folder, such as a library's `save_pretrained` left it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
