"""The host as a Debian system: is it one, where do its packages come from, install some.

Reads the host's own package sources so that a mirror, a snapshot or a proxy that apt uses here is used for the base
image too. Knows nothing of keys: apt and its key rings check signatures.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.setup.steps import run, search_path

# Used only where the host names no Debian mirror of its own, such as on Ubuntu.
PUBLIC_MIRROR = "http://deb.debian.org/debian"
APT_SECONDS = 900.0


@dataclass(frozen=True)
class Source:
    """One binary package source: a mirror, a suite and its components."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str | None = None

    @property
    def is_debian(self) -> bool:
        """Is this Debian's own archive (or a mirror or snapshot of it), not somebody's packages for Debian?"""
        own_key = self.signed_by is None or "debian-archive" in self.signed_by
        return own_key and "main" in self.components and bool(re.search(r"/debian(-security)?(/|$)", self.uri))

    def line(self) -> str:
        """The source as a line of sources.list."""
        options = f"[signed-by={self.signed_by}] " if self.signed_by else ""
        return f"deb {options}{self.uri} {self.suite} {' '.join(self.components)}"


def os_release(path: Path) -> dict[str, str]:
    """Read /etc/os-release; a missing file is an unknown system."""
    with contextlib.suppress(OSError):
        pairs = (line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
        return {key: " ".join(shlex.split(value)) for key, value in pairs}
    return {}


def is_debian_like(release: Mapping[str, str]) -> bool:
    """Debian, or something that names it as its kind."""
    return "debian" in [release.get("ID", ""), *release.get("ID_LIKE", "").split()]


def sources(apt_folder: Path) -> list[Source]:
    """All enabled binary sources below /etc/apt, in apt's order: sources.list, then sources.list.d by name."""
    files = [apt_folder / "sources.list", *sorted((apt_folder / "sources.list.d").glob("*"))]
    found: list[Source] = []
    for file in files:
        if file.suffix in (".list", ".sources") and file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            found += _one_line(text) if file.suffix == ".list" else _deb822(text)
    return found


def sources_for(suite: str, known: Sequence[Source]) -> list[Source]:
    """Where to get one Debian release: the host's sources of it, else its Debian mirror, else the public one."""
    ours = [Source(s.uri, s.suite, ("main",), s.signed_by) for s in known if s.is_debian]
    exact = [source for source in ours if source.suite in (suite, f"{suite}-updates", f"{suite}-security")]
    if any(source.suite == suite for source in exact):
        return exact
    mirror = next((source for source in ours if "security" not in source.uri), Source(PUBLIC_MIRROR, suite, ("main",)))
    return [Source(mirror.uri, suite, ("main",), mirror.signed_by)]


def proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """The proxy that apt is configured with, as the variables that debootstrap's and apt's downloads obey."""
    tool = shutil.which("apt-config", path=search_path(environ))
    if tool is None:
        return {}
    dump = subprocess.run([tool, "dump"], capture_output=True, text=True, check=False, env=dict(environ)).stdout
    return parse_proxies(dump)


def parse_proxies(dump: str) -> dict[str, str]:
    """Read `apt-config dump`. Proxies of single hosts (`Acquire::http::Proxy::host`) are left to apt."""
    found = re.findall(r'^Acquire::(https?)::Proxy "([^"]+)";$', dump, re.MULTILINE | re.IGNORECASE)
    return {f"{scheme.lower()}_proxy": value for scheme, value in found if value != "DIRECT"}


def install(packages: Sequence[str], *, log: Path, environ: Mapping[str, str], optional: Sequence[str] = ()) -> None:
    """Install Debian packages, and those of `optional` that this release has. Needs root."""
    quiet = {**environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update"], log=log, environ=quiet, timeout_seconds=APT_SECONDS)
    known = [name for name in optional if _is_known(name, quiet)]
    # dpkg may be busy with the machine's own first updates: wait for its lock rather than fail.
    command = ["apt-get", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"]
    run([*command, *packages, *known], log=log, environ=quiet, timeout_seconds=APT_SECONDS)


def _is_known(package: str, environ: Mapping[str, str]) -> bool:
    command = ["apt-cache", "policy", package]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(environ)).stdout
    return "Candidate:" in answer and "Candidate: (none)" not in answer


def _one_line(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line.strip())
        if match:
            options = dict(part.split("=", 1) for part in (match[1] or "").split() if "=" in part)
            yield Source(match[2], match[3], tuple(match[4].split()), options.get("signed-by"))


def _deb822(text: str) -> Iterator[Source]:
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line for line in paragraph.splitlines() if not line.startswith("#")]
        fields = {key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() == "no":
            continue
        # An embedded key block (no path) can't be said in one line; the default key rings then decide.
        signed_by = fields.get("signed-by", "")
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                components = tuple(fields.get("components", "").split())
                yield Source(uri, suite, components, signed_by if signed_by.startswith("/") else None)
