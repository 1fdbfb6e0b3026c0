"""Allow-lists: which fields and content parts may pass to a provider.

A provider offers more than text in, text out: searches, code execution, files and images fetched from the web, stored
conversations. Any of these would be a way around "the container has no network", so only what is known to be inert
passes, by name; a new feature is refused until somebody has looked at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from harness.gateway.wire.base import BadRequest, Json, ReachesOutside

PartCheck = Callable[[Json, str], None]

_WHY = "it would reach outside the sandbox, or keep state at the provider"


def check_fields(body: Json, allowed: frozenset[str], api: str) -> None:
    """Refuse top-level fields that are not on the list; a null counts as absent."""
    for name, value in body.items():
        if name not in allowed and value is not None:
            raise ReachesOutside(
                f"The field '{name}' does not pass this gateway's {api} API: only fields known to be inert do. "
                "Leave it out."
            )


def check_types(parts: object, kinds: Mapping[str, PartCheck | None], where: str) -> None:
    """Check a list of typed parts; a kind maps to a further check, or None when nothing in it can be remote."""
    if not isinstance(parts, list):
        raise BadRequest(f"{where} must be a list, found {type(parts).__name__}.")
    for position, part in enumerate(parts):
        place = f"{where}[{position}]"
        if not isinstance(part, dict):
            raise BadRequest(f"{place} must be an object, found {type(part).__name__}.")
        kind = part.get("type")
        if not isinstance(kind, str) or kind not in kinds:
            raise ReachesOutside(f"{place} has the type {kind!r}, which is refused: {_WHY}. Allowed: {_listed(kinds)}.")
        if further := kinds[kind]:
            further(part, place)


def check_only(part: Json, allowed: frozenset[str], where: str) -> None:
    """Refuse a part that has a field beyond the list, such as a file id beside its data."""
    for name, value in part.items():
        if name not in allowed and value is not None:
            raise ReachesOutside(f"{where}.{name} is refused: {_WHY}. Allowed: {_listed(allowed)}.")


def check_data_url(value: object, where: str) -> None:
    """Refuse any address but a data: URL."""
    if not isinstance(value, str) or not value[:5].lower() == "data:":
        raise ReachesOutside(f"{where} must be a data: URL; remote addresses and file ids are refused.")


def need_list(body: Json, name: str) -> list[object]:
    """The list under a name, or BadRequest."""
    value = body.get(name)
    if not isinstance(value, list):
        raise BadRequest(f"'{name}' must be a list, found {type(value).__name__}.")
    return value


def positive(body: Json, name: str) -> int | None:
    """A whole number of at least 1 under a name, None when absent; anything else is BadRequest."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadRequest(f"'{name}' must be a whole number of at least 1, found {value!r}.")
    return value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
