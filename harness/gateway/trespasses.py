"""What a run tried beyond its bounds, and was refused: how often, and the first example, of each kind.

It is what gateway and sandbox see while the run lasts. Evidence, not a verdict: a client with an option that does not
pass is counted like an agent that looks for a way out, so the first example says what it was. What code, output and
transcript show afterwards is not looked for here, but for the words of a script that found no network.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from harness.contract import NodeEvent
from harness.gateway.journal import StoredEvent
from harness.untrusted import one_line

Kind = Literal["outside", "other_model", "endpoint", "path", "event", "flood", "network", "submission"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MEANINGS: Mapping[Kind, str] = {
    "outside": "a model call that would reach outside: the provider's own tools, addresses, files, stored state",
    "other_model": "a call of a model that is not the run's",
    "endpoint": "a request for what the gateway does not serve",
    "path": "a node whose name is none, such as a path",
    "event": "a report that is none, or that would change an earlier one",
    "flood": "more reports or submissions than a run may make",
    "network": "a script's output that says that a network was tried",
    "submission": "a submission that is a link, a device or another thing than a file",
}
LONGEST = 200
NO_NETWORK = (
    "name resolution",
    "name or service not known",
    "network is unreachable",
    "no address associated with hostname",
    "could not resolve host",
    "failed to resolve",
    "getaddrinfo failed",
)


@dataclass(frozen=True)
class Trespass:
    """What was tried of one kind: how many times, and the first of them in words."""

    kind: Kind
    times: int
    first: str


class Trespasses:
    """Counts them; may be used from any thread."""

    def __init__(self) -> None:
        self._found: dict[Kind, Trespass] = {}
        self._lock = threading.Lock()

    def note(self, kind: Kind | None, what: str) -> None:
        """Take in one; None is no trespass."""
        if kind is None:
            return
        with self._lock:
            known = self._found.get(kind) or Trespass(kind, 0, one_line(what, LONGEST))
            self._found[kind] = replace(known, times=known.times + 1)

    def read(self, stored: StoredEvent) -> None:
        """Look at what a script printed."""
        if isinstance(stored.event, NodeEvent) and (line := _says_no_network(stored.event.output)) is not None:
            self.note("network", f"{stored.event.node}: {line}")

    def all(self) -> tuple[Trespass, ...]:
        """Those that there were, in the order of `KINDS`."""
        with self._lock:
            return tuple(self._found[kind] for kind in KINDS if kind in self._found)


def _says_no_network(output: str) -> str | None:
    """What surrounds the first words of a missing network. An output is hostile: time grows with its length alone."""
    text = output.lower()
    places = [place for words in NO_NETWORK if (place := text.find(words)) >= 0]
    if not places:
        return None
    first = min(places)
    begin = max(text.rfind("\n", 0, first) + 1, first - LONGEST // 2)
    shown = output if len(output) == len(text) else text  # a few letters are longer in lower case
    return shown[begin : begin + LONGEST].partition("\n")[0]
