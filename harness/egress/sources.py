"""Where the cache's content comes from: a package index, the Hugging Face hub, an address.

Packages are resolved for the image's Python with the versions that the image has as given, and what it has is left out.
Only wheels are taken: nothing that is fetched runs here.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from harness.egress.cache import CHECKPOINTS, HUB, WHEELS
from harness.egress.fill import Fetched
from harness.errors import InfrastructureError, UserError
from harness.files import sha256_of

PYTHON = "3.11"  # of the images
GLIBC = range(17, 37)  # minor versions of the C library, up to the images' own
PIP_SECONDS = 3600
OPEN_SECONDS = 60.0
HUB_EXTRA = "huggingface_hub is not installed: .venv/bin/python -m pip install huggingface_hub"

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9._,-]+\])?((==|>=|<=|~=|<|>|!=)[A-Za-z0-9.*+!]+)*")
_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,})\.")


def image_packages(root: Path, *, gpu: bool) -> dict[str, str]:
    """What the candidates' environment of an image has: name → version."""
    locks = ["agent-cpu/candidate-lock.txt", *(["agent-gpu/gpu-lock.txt"] if gpu else [])]
    lines = [line for lock in locks for line in (root / "dockerfiles" / lock).read_text(encoding="utf-8").split()]
    return {_normal(name): version for name, _, version in (line.partition("==") for line in lines) if version}


def package(
    stage: Path,
    requirement: str,
    there: Mapping[str, str],
    environ: Mapping[str, str],
    gpu_image: Mapping[str, str] | None = None,
) -> Fetched:
    """Fetch a package with what it needs beside what the image has; `gpu_image`: what the image with torch has more."""
    if not _REQUIREMENT.fullmatch(requirement):
        raise UserError(f"{requirement!r} names no package: NAME, NAME[extra], or NAME==VERSION")
    asked = _normal(re.split(r"[\[=<>~!]", requirement)[0])
    there = {**there, **(gpu_image or {})}
    if asked in there:
        raise UserError(f"{requirement}: the image has {asked} {there[asked]} already; scripts just import it")
    scratch = stage / "scratch"
    scratch.mkdir()
    try:
        found = _resolve(scratch, requirement, there, environ)
        wanted = {name: version for name, version in found.items() if name not in there}
        pins = [f"{name}=={version}" for name, version in sorted(wanted.items())]
        _pip(["download", "--no-deps", "--dest", str(stage / WHEELS), *_platform(), *pins], environ)
    finally:
        shutil.rmtree(scratch)
    return Fetched(asked, wanted[asked], needs_gpu_image=not found.keys().isdisjoint(gpu_image or ()))


def model(stage: Path, repo: str, revision: str | None, patterns: Sequence[str], environ: Mapping[str, str]) -> Fetched:
    """Fetch a snapshot of a repository of the hub, into the layout that its clients look for."""
    try:
        import huggingface_hub
    except ImportError:
        raise UserError(HUB_EXTRA) from None
    cache = stage / HUB
    try:
        snapshot = huggingface_hub.snapshot_download(
            repo,
            revision=revision,
            cache_dir=cache,
            allow_patterns=list(patterns) or None,
            endpoint=environ.get("HF_ENDPOINT"),
            token=environ.get("HF_TOKEN") or False,
        )
    except (OSError, ValueError, RuntimeError) as error:  # its own errors are of these kinds
        words = str(error).strip().splitlines()
        raise UserError(f"{repo} can't be had from the hub: {words[0] if words else error!r}") from error
    _name_it_main(Path(snapshot))
    for left in (*cache.rglob(".locks"), *cache.rglob("CACHEDIR.TAG")):
        shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()
    return Fetched(repo, Path(snapshot).name)


def weights(stage: Path, url: str, name: str | None) -> Fetched:
    """Fetch a file to where `torch.hub.load_state_dict_from_url` looks for it; a hash in its name is checked."""
    parts = urlsplit(url)
    file = name or unquote(parts.path.rpartition("/")[2])
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,200}", file):
        raise UserError(f"{url}: an http(s) address that ends in a file's name is needed, or --as NAME")
    place = stage / CHECKPOINTS / file
    place.parent.mkdir(parents=True)
    try:
        with urllib.request.urlopen(url, timeout=OPEN_SECONDS) as answer, place.open("wb") as target:  # noqa: S310
            shutil.copyfileobj(answer, target, 1 << 20)
    except OSError as error:
        raise InfrastructureError(f"{url} can't be fetched: {error}") from error
    digest = sha256_of(place)
    stated = _HASH_IN_NAME.search(file)
    if stated and not digest.startswith(stated[1]):
        raise UserError(f"{url}: its name promises bytes with the hash {stated[1]}…, and they have {digest[:12]}…")
    return Fetched(file, digest[:12])


def _name_it_main(snapshot: Path) -> None:
    """Let a model's usual name mean the revision that was asked for, whichever that was; a cache has one of each."""
    main = snapshot.parents[1] / "refs" / "main"
    main.parent.mkdir(exist_ok=True)
    main.write_text(snapshot.name, encoding="utf-8")


def _resolve(scratch: Path, requirement: str, there: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """The versions of a package and of all that it needs, with the image's as given."""
    constraints, report = scratch / "constraints.txt", scratch / "report.json"
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in there.items()), encoding="utf-8")
    options = ["--dry-run", "--ignore-installed", "--report", str(report), "--constraint", str(constraints)]
    _pip(["install", *options, "--target", str(scratch / "none"), *_platform(), requirement], environ)
    installs = json.loads(report.read_bytes())["install"]
    return {_normal(one["metadata"]["name"]): one["metadata"]["version"] for one in installs}


def _pip(arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "-q", *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=PIP_SECONDS, env=dict(environ)
        )
    except subprocess.TimeoutExpired as error:
        raise InfrastructureError(f"pip did not come to an end within {PIP_SECONDS / 60:.0f} minutes") from error
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise UserError(
            f"pip can't have {arguments[-1]} as wheels for Python {PYTHON} beside what the image has "
            f"(dockerfiles/agent-cpu/candidate-lock.txt): {' '.join(errors[-3:])}"
        )


def _platform() -> list[str]:
    machine = platform.machine()
    tags = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC] + [f"manylinux2014_{machine}", f"linux_{machine}"]
    named = [word for tag in reversed(tags) for word in ("--platform", tag)]
    return ["--only-binary", ":all:", "--python-version", PYTHON, "--implementation", "cp", *named]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
