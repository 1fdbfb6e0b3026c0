"""The base image: Python 3.11 on Debian, pulled where a registry answers, else made from Debian packages.

Both ways end in `podium/base:<hash>`. A machine with neither gets it from another one (`docker save`, `docker load`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.errors import InfrastructureError, UserError
from harness.machine.engine import connect
from harness.setup import debian
from harness.setup.build import build
from harness.setup.host_network import HostNetwork
from harness.setup.recipe import BASE_LABEL, INPUTS_LABEL, Recipe
from harness.setup.steps import Say, run, search_path, timed

SUITE = "bookworm"  # the Debian release whose python3 is 3.11
PULL_SILENCE_SECONDS = 20  # a registry that says nothing for so long counts as none
BOOTSTRAP_SECONDS = 900.0
IMPORT_SECONDS = 300
MEMORY_FOR_TMPFS_BYTES = 4 << 30
TMPFS_OPTIONS = "size=2g,mode=0700"
LEFT_OUT = ("usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian")
# The mirror's address belongs to this host, not to the image; nothing is installed in it later.
FORGOTTEN = ("etc/apt/sources.list", "etc/apt/apt.conf.d/99mmdebstrap", "etc/resolv.conf", "etc/hostname")
# Starts with a merged /usr; without, the package that merges it brings 47 MB of perl.
MERGED_USR = Path("/usr/share/mmdebstrap/hooks/merged-usr")
IMAGE_SETTINGS = (
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV LANG=C.UTF-8",
    'CMD ["python3"]',
)


def make_base(recipe: Recipe, *, network: HostNetwork, environ: Mapping[str, str], log: Path, say: Say) -> None:
    """Make `recipe.tag` by the first way that works; raise `UserError` where none can."""
    python_image = recipe.arguments["PYTHON_IMAGE"]
    refusal = pull(connect(environ, timeout_seconds=PULL_SILENCE_SECONDS), python_image, say)
    if refusal is None:
        with timed(say, f"Building the base image from {python_image}"):
            build(recipe, arguments={}, base_id="", network=network, environ=environ, log=log)
        return
    say(f"No registry gives {python_image} ({refusal}); making it from Debian packages instead.")
    if os.geteuid() != 0 or not debian.is_debian_like(debian.os_release(Path("/etc/os-release"))):
        raise UserError(
            f"no registry gives {python_image} ({refusal}), and making the base from Debian packages needs root on a "
            "Debian-like system.\n"
            f"On a machine that has one of both:  make base && docker save {recipe.tag} -o podium-base.tar\n"
            "then here:  docker load -i podium-base.tar && make image"
        )
    with timed(say, f"Making the base image from Debian packages (log: {log})"):
        from_debian(recipe, connect(environ, timeout_seconds=IMPORT_SECONDS), environ=environ, log=log)


def pull(client: Any, image: str, say: Say) -> str | None:
    """Have `image` in the engine: None when it is there, else why not."""
    import docker.errors
    import requests

    with contextlib.suppress(docker.errors.ImageNotFound):
        client.images.get(image)
        return None
    repository, _, tag = image.rpartition(":")
    try:
        with timed(say, f"Pulling {image}"):
            for event in client.api.pull(repository, tag=tag, stream=True, decode=True):
                if "error" in event:
                    return str(event["error"])
    except docker.errors.APIError as error:
        return str(error.explanation)
    except requests.exceptions.RequestException as error:
        return str(error)
    return None


def from_debian(recipe: Recipe, client: Any, *, environ: Mapping[str, str], log: Path) -> None:
    """Make a Debian root filesystem with Python and import it. Needs root."""
    packages = package_names(recipe.files["dockerfiles/base/debian-packages.txt"].decode())
    sources = debian.sources_for(SUITE, debian.sources(Path("/etc/apt")))
    with _scratch(environ) as folder:
        archive = folder / "base.tar"
        quiet = {**debian.proxies(environ), **environ, "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
        if _tool("mmdebstrap", environ, log):
            lines = [source.line() for source in sources]
            run(mmdebstrap(packages, lines, archive), log=log, environ=quiet, timeout_seconds=BOOTSTRAP_SECONDS)
        elif _tool("debootstrap", environ, log):
            _debootstrap(packages, sources[0], folder, archive, environ=quiet, log=log)
        else:
            raise InfrastructureError(f"neither mmdebstrap nor debootstrap can be installed by apt-get; see {log}")
        import_archive(recipe, client, archive)


def package_names(listing: str) -> list[str]:
    """The names in a list with comments."""
    names = (line.split("#")[0].strip() for line in listing.splitlines())
    return [name for name in names if name]


def mmdebstrap(packages: list[str], source_lines: list[str], archive: Path) -> list[str]:
    """The command for mmdebstrap: essential packages, apt, and ours; no documentation but the licences."""
    command = ["mmdebstrap", "--variant=apt", f"--include={','.join(packages)}"]
    command += ['--aptopt=APT::Install-Recommends "false"']
    if MERGED_USR.is_dir():
        command += [f"--hook-dir={MERGED_USR}"]
    command += [f"--dpkgopt=path-exclude=/{folder}/*" for folder in LEFT_OUT]
    command += ["--dpkgopt=path-include=/usr/share/doc/*/copyright"]
    command += [f'--customize-hook=rm -f "$1"/{path}' for path in FORGOTTEN]
    return [*command, SUITE, str(archive), *source_lines]


def import_archive(recipe: Recipe, client: Any, archive: Path) -> None:
    """Make a root filesystem's archive an image with the recipe's tag."""
    labels = (f'LABEL {INPUTS_LABEL}="{recipe.inputs}"', f'LABEL {BASE_LABEL}=""')
    answer = client.api.import_image_from_file(
        str(archive), repository=recipe.repository, tag=recipe.inputs, changes=[*IMAGE_SETTINGS, *labels]
    )
    if "error" in str(answer):
        raise InfrastructureError(f"the engine refused the base image: {answer}")
    client.images.get(recipe.tag).tag(recipe.repository, "latest")


def _debootstrap(
    packages: list[str], source: debian.Source, folder: Path, archive: Path, *, environ: Mapping[str, str], log: Path
) -> None:
    root = folder / "root"
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", SUITE, str(root), source.uri]
    run(command, log=log, environ=environ, timeout_seconds=BOOTSTRAP_SECONDS)
    keep_licences = ["find", str(root / "usr/share/doc"), "-type", "f", "!", "-name", "copyright", "-delete"]
    run(keep_licences, log=log, environ=environ, timeout_seconds=60)
    for path in (*LEFT_OUT[1:], "var/lib/apt/lists", "var/cache/apt", "var/log"):
        for content in (root / path).iterdir() if (root / path).is_dir() else ():
            shutil.rmtree(content) if content.is_dir() else content.unlink()
    for path in FORGOTTEN:
        (root / path).unlink(missing_ok=True)
    pack = ["tar", "--numeric-owner", "--one-file-system", "-C", str(root), "-cf", str(archive), "."]
    run(pack, log=log, environ=environ, timeout_seconds=300)


def _tool(name: str, environ: Mapping[str, str], log: Path) -> bool:
    """Is the tool here, if need be after installing it?"""
    if shutil.which(name, path=search_path(environ)) is None:
        with contextlib.suppress(InfrastructureError):
            # The key ring is there on Debian, and missing on what is only like it.
            debian.install([name, "debian-archive-keyring"], log=log, environ=environ)
    return shutil.which(name, path=search_path(environ)) is not None


@contextlib.contextmanager
def _scratch(environ: Mapping[str, str]) -> Iterator[Path]:
    """A temporary folder, in memory where there is enough: thousands of small synchronous writes go there."""
    with tempfile.TemporaryDirectory(prefix="podium-base-") as name:
        folder = Path(name)
        mounted = _memory_available() >= MEMORY_FOR_TMPFS_BYTES and _quietly(
            ["mount", "-t", "tmpfs", "-o", TMPFS_OPTIONS, "podium", name], environ
        )
        try:
            yield folder
        finally:
            if mounted:
                _quietly(["umount", "--lazy", name], environ)


def _memory_available() -> int:
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _quietly(command: list[str], environ: Mapping[str, str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False, env=dict(environ)).returncode == 0
