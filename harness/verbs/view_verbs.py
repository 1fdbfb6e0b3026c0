"""The verbs that show results: `view` in a browser, `plot` as pictures for papers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.verbs.options import GroupName, path
from harness.verbs.run_verbs import settings_now

if TYPE_CHECKING:
    import socket

    from harness.view.site import Site

viewing = typer.Typer()


@viewing.command()
def view(
    results: Annotated[
        Path | None, typer.Argument(parser=path, metavar="[RESULTS]", help="Results folder. [default: PODIUM_RESULTS]")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; one that others can reach takes --public.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8484,
    public: Annotated[bool, typer.Option("--public", help="Let other machines read the results.")] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A name this server goes by. May be repeated."),
    ] = None,
    browser: Annotated[bool, typer.Option("--open", help="Open the pages in the browser.")] = False,
    export: Annotated[
        Path | None, typer.Option(parser=path, metavar="DIR", help="Write the pages as files to publish, and end.")
    ] = None,
    group: Annotated[list[str] | None, typer.Option(help="With --export: only this group. May be repeated.")] = None,
) -> None:
    """Show runs in a browser, live: groups, runs, search trees, every node. Only on this machine, unless --public."""
    from harness.results.layout import Results
    from harness.view import render
    from harness.view.index import Index
    from harness.view.site import Site

    settings = settings_now()
    found = Results((results or settings.results).absolute())
    site = Site(found, Index(found), settings.prompts, live=export is None)
    _refuse_what_is_not_there(found.root)
    if export is not None:
        _export(site, export, group or [])
        return
    render.warm()
    listening = _listen(host, port, public=public)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/"
    typer.echo(f"{found.root} is shown at {address} until Ctrl-C")
    if browser:
        import webbrowser

        webbrowser.open(address)
    _serve(site, listening, allow_host or [], public=public)


@viewing.command()
def plot(
    group: GroupName = "latest",
    figure: Annotated[
        list[str] | None,
        typer.Option(
            help="rates, scores, percentiles, score-over-steps, score-over-money, phases, outcomes or costs. "
            "May be repeated. [default: all that the group has data for]"
        ),
    ] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="png or svg. May be repeated. [default: both]")
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", parser=path, metavar="DIR", help="[default: plots/ in the group's folder]")
    ] = None,
) -> None:
    """Draw a group's figures for papers as PNG and SVG, of the same data as its report, and print where they are."""
    from harness.rates.aggregate import summarise
    from harness.report.plot import plot as draw
    from harness.results.layout import Results
    from harness.results.rows import rows_of
    from harness.specs.suites import suites_now

    settings = settings_now()
    folder = Results(settings.results).existing_group(group)
    summary = summarise(folder.name, rows_of(folder), suites_now(settings))
    for written in draw(folder, summary, into or folder.plots, figure or [], formats or []):
        typer.echo(written)


def _refuse_what_is_not_there(root: Path) -> None:
    from harness.errors import UserError

    if not root.is_dir():
        raise UserError(
            f"no results folder {root}. Try: podium bench digits-8x8, or name a folder: podium view RESULTS"
        )


def _export(site: Site, folder: Path, groups: list[str]) -> None:
    from harness.view.export import export

    made = export(site, folder, groups, lambda line: typer.echo(line, err=True))
    typer.echo(f"{made.folder / 'index.html'}  ({made.pages:,} pages, {made.size_bytes / 1e6:.1f} MB)")


def _listen(host: str, port: int, *, public: bool) -> socket.socket:
    """The socket to serve on; raise `UserError` for an address that is not this machine's alone, or is taken."""
    import socket

    from harness.errors import UserError
    from harness.view.server import is_loopback

    if not is_loopback(host) and not public:
        raise UserError(
            f"--host {host}: whoever reaches that address could read code, prompts and outputs of all runs. "
            "If that is meant: --public"
        )
    if not is_loopback(host):
        typer.echo(f"podium: warning: everybody who can reach {host} can read all of these results", err=True)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise UserError(f"can't listen on {host}, port {port}: {error.strerror or error}. Try: --port 0") from error
    return listening


def _serve(site: Site, listening: socket.socket, hosts: list[str], *, public: bool) -> None:
    from harness.view.server import server

    site.index.start()
    try:
        server(site, hosts=hosts, public=public).run(sockets=[listening])
    finally:
        site.index.close()
        site.close()
        listening.close()
