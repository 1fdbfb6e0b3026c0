"""A registry on loopback that speaks as much of the distribution protocol as an engine's push and pull need."""

import hashlib
import re
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

UNKNOWN = b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}'


class Registry:
    """A context manager; `address` is what images are named with, `blobs` and `manifests` what it holds."""

    def __init__(self):
        self.blobs, self.uploads, self.manifests = {}, {}, {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"registry": self}))
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = urlsplit(self.path).path
        if path == "/v2/":
            return self._answer(200)
        if found := re.fullmatch(r"/v2/(.+)/blobs/(sha256:\w+)", path):
            return self._content("application/octet-stream", self.registry.blobs.get(found[2]), found[2])
        if found := re.fullmatch(r"/v2/(.+)/manifests/([\w:.-]+)", path):
            kind, raw = self.registry.manifests.get((found[1], found[2]), (None, None))
            return self._content(kind, raw, raw and _digest(raw))
        return self._answer(404)

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def do_POST(self):
        self._body()
        upload = secrets.token_hex(8)
        self.registry.uploads[upload] = b""
        self._answer(202, {"Location": f"{urlsplit(self.path).path}{upload}", "Docker-Upload-UUID": upload})

    def do_PATCH(self):
        upload = urlsplit(self.path).path.rpartition("/")[2]
        self.registry.uploads[upload] += self._body()
        held = len(self.registry.uploads[upload])
        self._answer(202, {"Location": urlsplit(self.path).path, "Range": f"0-{max(0, held - 1)}"})

    def do_PUT(self):
        parts, body = urlsplit(self.path), self._body()
        if found := re.fullmatch(r"/v2/(.+)/manifests/([\w:.-]+)", parts.path):
            digest = _digest(body)
            for reference in (found[2], digest):
                self.registry.manifests[found[1], reference] = self.headers["Content-Type"], body
            return self._answer(201, {"Docker-Content-Digest": digest})
        content = self.registry.uploads.pop(parts.path.rpartition("/")[2]) + body
        (digest,) = parse_qs(parts.query)["digest"]
        if _digest(content) != digest:
            return self._answer(400)
        self.registry.blobs[digest] = content
        return self._answer(201, {"Docker-Content-Digest": digest})

    def _body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _content(self, kind, raw, digest):
        if raw is None:
            return self._answer(404, {"Content-Type": "application/json"}, UNKNOWN)
        return self._answer(200, {"Content-Type": kind, "Docker-Content-Digest": digest}, raw)

    def _answer(self, status, headers=(), raw=b""):
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)


def _digest(raw):
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"
