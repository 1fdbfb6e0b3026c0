"""What a run's choice of egress and cache makes of its box: network, mounts, and variables that scripts find.

Who may fetch: the candidates of our own agent, which itself has no use for it; of another agent, it and its scripts.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from harness.contract import AUTHORITIES, CACHE
from harness.egress.cache import CacheView, variables
from harness.egress.choice import Egress
from harness.sandbox.base import Mount, SandboxSpec

PROXY = "http://127.0.0.1:8485"  # agent/loopback.py listens there, and agent/fetching.py
FOR_SCRIPTS = "PODIUM_FOR_SCRIPTS"  # agent/supervisor/environment.py lays it out for each script
NOT_PROXIED = "127.0.0.1,localhost"
TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
OWN_PACKAGES = {  # where `pip install` puts things: the root file system is read-only
    "PIP_PREFIX": "{folder}/packages",
    "PYTHONPATH": "{folder}/packages/lib/python3.11/site-packages",
}
QUIET_PIP = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_NO_CACHE_DIR": "1",
    # To pip a true value of these two means the contrary of their names.
    "PIP_NO_WARN_SCRIPT_LOCATION": "0",
    "PIP_NO_COMPILE": "0",  # every script installs for itself and imports little: compiling all took five times as long
}


def with_reach(
    spec: SandboxSpec, egress: Egress, cache: CacheView | None, authorities: Path | None, *, ours: bool
) -> SandboxSpec:
    """The sandbox's spec with what may be fetched, whom to trust then, and what lies ready."""
    trust = dict.fromkeys(TRUST, AUTHORITIES) if authorities else {}
    told = {**_proxy(egress), **trust, **(variables() if cache else {}), **QUIET_PIP}
    if egress.mode == "none" and cache is None:
        return spec
    more = [Mount(cache.cache.content, CACHE)] if cache else []
    more += [Mount(authorities, AUTHORITIES)] if authorities else []
    given = {FOR_SCRIPTS: json.dumps({**told, **OWN_PACKAGES})} if ours else told
    return replace(
        spec,
        mounts=(*spec.mounts, *more),
        network="bridge" if egress.mode == "open" else "none",
        environment={**given, **spec.environment},
    )


def _proxy(egress: Egress) -> dict[str, str]:
    if egress.mode != "allowlist":
        return {}
    names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    return {**dict.fromkeys(names, PROXY), "NO_PROXY": NOT_PROXIED, "no_proxy": NOT_PROXIED}
