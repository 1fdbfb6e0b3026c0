"""The verbs about what lies ready for runs without a network: `podium cache add`, `list`, `remove` and `verify`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.verbs.options import Json
from harness.verbs.run_verbs import settings_now

if TYPE_CHECKING:
    from harness.egress.cache import Cache, Kind
    from harness.egress.fill import Fetched

caches = typer.Typer(help="Packages and models that runs without a network find ready.")
adding = typer.Typer(help="Fetch something into the cache, here, where there is a network.")
caches.add_typer(adding, name="add")

Gpu = Annotated[bool, typer.Option("--gpu", help="For the image with torch: what that has is left out.")]


@adding.command("pypi")
def add_pypi(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Packages: NAME, or NAME==VERSION.")],
    gpu: Gpu = False,
) -> None:
    """Add packages, with what they need beside what the image has, as wheels for its Python."""
    from harness.egress import sources

    settings = settings_now()
    there, with_torch = (sources.image_packages(settings.root, gpu=one) for one in (False, True))
    more = {name: version for name, version in with_torch.items() if name not in there} if gpu else {}
    fetch = partial(sources.package, there=there, environ=settings.environ, gpu_image=more)
    for name in names:
        _add(_cache(), "pypi", partial(fetch, requirement=name))


@adding.command("hf")
def add_hf(
    repo: Annotated[str, typer.Argument(metavar="REPO", help="OWNER/NAME on the Hugging Face hub, or HF_ENDPOINT's.")],
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit. [default: main]")] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Files like '*.safetensors'; may be given again.")
    ] = None,
) -> None:
    """Add a model of the Hugging Face hub."""
    from harness.egress import sources

    environ = settings_now().environ
    fetch = partial(sources.model, repo=repo, revision=revision, patterns=only or [], environ=environ)
    _add(_cache(), "hf", fetch)


@adding.command("url")
def add_url(
    url: Annotated[str, typer.Argument(metavar="URL", help="Of weights, as torch.hub names them.")],
    name: Annotated[str | None, typer.Option("--as", help="The file's name. [default: the address's end]")] = None,
) -> None:
    """Add a file of weights for torch.hub; a hash in its name is checked."""
    from harness.egress import sources

    _add(_cache(), "url", partial(sources.weights, url=url, name=name))


@caches.command("list")
def list_entries(json: Json = False) -> None:
    """List what the cache holds."""
    from harness.verbs.terminal import plain_table, print_json, put

    index = _cache().index()
    if json:
        shown = [one.model_dump(mode="json", exclude={"files"}) | _size(one.size_bytes) for one in index.entries]
        print_json({"sha256": index.sha256 if index.entries else None, "entries": shown})
        return
    table = plain_table("kind", "name", "version", "files", "MiB", "added")
    for one in index.entries:
        size = f"{one.size_bytes / 2**20:.1f}"
        table.add_row(one.kind, one.name, one.version[:12], str(len(one.files)), size, one.added_at[:10])
    put(table)
    typer.echo(f"hash {index.sha256[:12]}" if index.entries else "empty. To add: podium cache add --help")


@caches.command()
def remove(name: Annotated[str, typer.Argument(metavar="NAME", help="As listed, or KIND:NAME.")]) -> None:
    """Take something out of the cache."""
    gone = _cache().remove(name)
    typer.echo(f"removed {gone.kind}:{gone.name}")


@caches.command()
def verify() -> None:
    """Compare every byte in the cache with what was added; exit code 5 where one differs."""
    problems = _cache().problems()
    for line in problems:
        typer.echo(line)
    if problems:
        typer.echo("to mend it: podium cache remove NAME, then podium cache add")
        raise typer.Exit(5)
    typer.echo("all is as it was added")


def _cache() -> Cache:
    from harness.egress.cache import Cache

    return Cache(settings_now().cache)


def _add(cache: Cache, kind: Kind, fetch: Callable[[Path], Fetched]) -> None:
    from harness.egress.fill import add

    entry = add(cache, kind, fetch)
    typer.echo(f"added {entry.told()}: {len(entry.files)} files, {entry.size_bytes / 2**20:.1f} MiB")


def _size(size_bytes: int) -> dict[str, int]:
    return {"size_bytes": size_bytes}
