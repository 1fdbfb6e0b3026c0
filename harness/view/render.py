"""Templates → pages. Everything is escaped; data for a script is JSON that can't end its element.

A page's addresses are relative, so the same page works from a server, from a folder of files, and below any path.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.view import listing, words
from harness.view.text import readable

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent
ASSETS = FOLDER / "assets"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'"
)


def page(template: str, path: str, *, live: bool, **values: Any) -> str:
    """A page whose address below the site's root is `path`."""
    root = "../" * path.count("/")
    return _environment().get_template(template).render(root=root, live=live, policy=_policy(live=live), **values)


def script_data(value: Any) -> Any:
    """JSON for a data element of a page: no character of it can be taken for markup."""
    from markupsafe import Markup

    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign in "<>&'":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - nothing that could be markup is left in it


def warm() -> None:
    """Make ready what the first page would wait for."""
    import pygments.lexers.python  # noqa: F401 - what the first node's page would load

    for name in _environment().list_templates():
        _environment().get_template(name)


def asset_names() -> list[str]:
    """The files that pages load: style and scripts."""
    return sorted(path.name for path in ASSETS.iterdir() if path.suffix in (".css", ".js", ".svg"))


def _policy(*, live: bool) -> str:
    """Files opened from a disk have no origin that `'self'` would surely mean."""
    return POLICY if live else POLICY.replace("'self'", "'self' file:")


def _shown(value: Any) -> Any:
    """Whatever text a page shows hides nothing, wherever it came from."""
    return readable(value) if type(value) is str else value


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        {name: getattr(words, name) for name in words.__all__},
        status_of=listing.status_of,
        outcome_of=listing.outcome_of,
        page_file=listing.page_file,
        script_data=script_data,
    )
    return environment
