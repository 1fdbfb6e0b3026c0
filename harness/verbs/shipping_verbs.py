"""The verbs that bring what runs need to other machines: `podium images …`, `podium data push`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.verbs.options import Edition, Json, path
from harness.verbs.run_verbs import settings_now

if TYPE_CHECKING:
    from harness.config import Settings

images = typer.Typer(help="Images for other machines: through a registry, or as a file.", no_args_is_help=True)
data = typer.Typer(help="Prepared data for other machines.", no_args_is_help=True)

Tags = Annotated[
    list[str] | None, typer.Argument(metavar="[IMAGE]...", help="See: podium images list. [default: the agent's]")
]
Tag = Annotated[str | None, typer.Argument(metavar="[IMAGE]", help="See: podium images list. [default: the agent's]")]
RegistryName = Annotated[str, typer.Option("--registry", help="HOST[:PORT][/PATH]; one of yours.")]
Gpu = Annotated[bool, typer.Option("--gpu", help="Without names: the image with torch.")]


@images.command("list")
def list_images(json: Json = False) -> None:
    """List the images of runs in this machine's engine; * marks those of this checkout's sources."""
    from dataclasses import asdict

    from harness.nodes import shipping
    from harness.verbs.terminal import print_json

    settings = settings_now()
    client = _client(settings)
    found = shipping.listed(client, _current(settings))
    if json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        mark = "*" if one.current else " "
        typer.echo(f"{mark} {one.tag}  {one.digest}  {one.bytes / 2**20:,.0f} MiB  {one.built}")


@images.command()
def push(registry: RegistryName, names: Tags = None, gpu: Gpu = False) -> None:
    """Send images to a registry, from which nodes get them by digest (--registry of `podium bench`)."""
    from harness.nodes import shipping
    from harness.verbs.progress import say

    settings = settings_now()
    client = _client(settings)
    for tag in _chosen(settings, names, gpu=gpu):
        typer.echo(shipping.push(client, tag, registry, say))


@images.command()
def pull(registry: RegistryName, names: Tags = None, gpu: Gpu = False) -> None:
    """Get images from a registry; one that was not built from the inputs in its name is refused."""
    from harness.nodes import shipping
    from harness.verbs.progress import say

    settings = settings_now()
    client = _client(settings)
    for tag in names or [_own_tag(settings, gpu=gpu)]:
        typer.echo(f"{tag}  {shipping.pull(client, registry, tag, say)}")


@images.command()
def save(
    file: Annotated[str, typer.Argument(help="A new file: podium.tar")], name: Tag = None, gpu: Gpu = False
) -> None:
    """Write an image into a file, for machines without a registry."""
    from harness.nodes import shipping
    from harness.verbs.progress import say

    settings = settings_now()
    client = _client(settings)
    (tag,) = _chosen(settings, [name] if name else None, gpu=gpu)
    shipping.save(client, tag, path(file).absolute(), say)


@images.command()
def load(file: Annotated[str, typer.Argument(help="What `podium images save` wrote.")]) -> None:
    """Have the images of a file in this machine's engine; they keep their digests."""
    from harness.nodes import shipping
    from harness.verbs.progress import say

    for one in shipping.load(_client(settings_now()), path(file), say):
        typer.echo(f"{one.tag}  {one.digest}")


@data.command("push")
def push_data(
    url: Annotated[str, typer.Argument(help="A folder, or what fsspec understands: s3://bucket/podium")],
    names: Annotated[list[str], typer.Argument(metavar="COMPETITION...", help="Prepared ones.")],
    edition: Edition = None,
) -> None:
    """Send the public half of prepared data to an object store, for --data-url. The private half never leaves."""
    from harness.data import search_view
    from harness.nodes import data as nodes_data
    from harness.nodes.wanted import of_data, of_view
    from harness.specs.lookup import with_data

    settings = settings_now()
    for name in names:
        item, prepared = with_data(settings, name, edition)
        typer.echo(nodes_data.push(of_data(item, prepared), prepared.folder, url))
        view = search_view.find(prepared.folder, prepared.manifest.fingerprint)
        if view is not None:
            typer.echo(nodes_data.push(of_view(view), view.folder, url))


def _client(settings: Settings) -> Any:
    from harness.machine.engine import connect, ensure_engine
    from harness.verbs.progress import say

    ensure_engine(settings, say)
    return connect(settings.environ)


def _chosen(settings: Settings, names: list[str] | None, *, gpu: bool) -> list[str]:
    """The images that were named, or the agent's, made ready first where needed."""
    from harness.machine.images import ensure_image
    from harness.verbs.progress import say

    return names or [ensure_image("gpu" if gpu else "cpu", settings, say).tag]


def _own_tag(settings: Settings, *, gpu: bool) -> str:
    from harness.setup import recipe

    return recipe.agent("gpu" if gpu else "cpu", settings.root).tag


def _current(settings: Settings) -> list[str]:
    from harness.machine.images import KINDS, find_image

    return [found.digest for found in (find_image(kind, settings) for kind in KINDS) if found]
