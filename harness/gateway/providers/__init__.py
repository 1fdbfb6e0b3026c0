"""Who answers a model call: a real API, a recorded transcript, or the offline coder; chosen here by model name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from harness.errors import UserError
from harness.gateway.prices import KnownPrices, Prices, StatedPrices, read_prices
from harness.gateway.providers.base import Provider

PRICES_VARIABLE = "PODIUM_PRICES"
_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "compatible": "PODIUM_API_KEY"}
KINDS = tuple(_KEYS)
_ADDRESSES = {"openai": "OPENAI_BASE_URL", "anthropic": "ANTHROPIC_BASE_URL", "compatible": "PODIUM_BASE_URL"}
_DEFAULT_ADDRESSES = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}


def provider_for(models: str | Sequence[str], environ: Mapping[str, str], *, seed: int = 0) -> Provider:
    """The provider of a run's models: `offline`, `openai/NAME`, `anthropic/NAME`, `compatible/NAME`.

    Several models may have different providers. `seed` is the offline coder's where a request carries none.
    """
    names = [models] if isinstance(models, str) else list(dict.fromkeys(models))
    by_kind: dict[str, set[str]] = {}
    for model in names:
        kind, name = _split(model)
        if any(name in others for other, others in by_kind.items() if other != kind):
            raise UserError(f"two providers of this run have a model '{name}'; a call could not be told apart.")
        by_kind.setdefault(kind, set()).add(name)
    providers = {kind: _provider(kind, frozenset(found), environ, seed) for kind, found in by_kind.items()}
    if len(providers) == 1:
        return next(iter(providers.values()))
    from harness.gateway.providers.router import Router

    return Router({name: providers[kind] for kind, found in by_kind.items() for name in found})


def variables_of(models: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """The variables with which these models' providers are reached: keys, and addresses where they are set."""
    kinds = {_split(model)[0] for model in models} - {"offline"}
    named = [names[kind] for kind in kinds for names in (_KEYS, _ADDRESSES)]
    return {name: environ[name] for name in named if environ.get(name)}


def replay_of(transcript: Path) -> Provider:
    """The provider that answers from a recorded llm.jsonl."""
    from harness.gateway.providers.replay import ReplayProvider

    return ReplayProvider(transcript)


def reusing(transcripts: Sequence[Path], live: Provider) -> Provider:
    """The provider that answers from recorded transcripts where it can; `live` where there are none."""
    from harness.gateway.providers.reuse import ReusingProvider

    return ReusingProvider(transcripts, live) if transcripts else live


def _split(model: str) -> tuple[str, str]:
    if model == "offline":
        return "offline", "offline"
    kind, _, name = model.partition("/")
    if kind not in _KEYS or not name:
        raise UserError(f"there is no model {model!r}. Models: offline, openai/NAME, anthropic/NAME, compatible/NAME.")
    return kind, name


def _provider(kind: str, models: frozenset[str], environ: Mapping[str, str], seed: int) -> Provider:
    if kind == "offline":
        from harness.gateway.providers.offline import OfflineCoder
        from harness.gateway.providers.offline_wire import OfflineProvider

        return OfflineProvider(OfflineCoder(), seed=seed)
    from harness.gateway.providers.upstream import Account, Upstream

    key = environ.get(_KEYS[kind], "").strip()
    if not key and kind != "compatible":
        raise UserError(f"{kind}/… needs a key: set {_KEYS[kind]}, or use the model 'offline', which needs none.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UserError(f"{_KEYS[kind]} holds characters that no key has (a line break, a space?): set it again.")
    address = environ.get(_ADDRESSES[kind]) or _DEFAULT_ADDRESSES.get(kind)
    if address is None:
        raise UserError("compatible/… needs an address: set PODIUM_BASE_URL, for example http://127.0.0.1:8000/v1.")
    name = cast(Literal["openai", "anthropic", "compatible"], kind)
    account = Account(name, address, key, _proxy(address, environ))
    return Upstream(account, models, _prices(kind, address, environ))


def _proxy(address: str, environ: Mapping[str, str]) -> str | None:
    """The proxy that the usual variables name for an address: HTTPS_PROXY, ALL_PROXY, NO_PROXY, in either case."""
    stated = {name.lower(): value for name, value in environ.items() if name.lower().endswith("_proxy") and value}
    parts = urlsplit(address)
    host = parts.hostname or ""
    for exempt in stated.get("no_proxy", "").replace(" ", "").split(","):
        if exempt and (exempt == "*" or host == exempt.lstrip(".") or host.endswith("." + exempt.lstrip("."))):
            return None
    return stated.get(f"{parts.scheme}_proxy") or stated.get("all_proxy")


def _prices(kind: str, address: str, environ: Mapping[str, str]) -> Prices:
    known = KnownPrices(api_url=address) if kind == "compatible" else KnownPrices(provider_id=kind)
    stated = environ.get(PRICES_VARIABLE)
    return StatedPrices(read_prices(Path(stated)), known) if stated else known
