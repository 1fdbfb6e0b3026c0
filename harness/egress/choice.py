"""`--egress`: none, an allowlist of host names, or open; read once, checked, and named by a hash.

An allowlist has a rule a line: `host`, `*.suffix` (names below it, not itself), either with `:port`. Without one, 80
and 443 are meant. Names are those that a request states; what they resolve to is looked at when a connection is made
(`addresses.py`). Addresses in numbers can't be listed: they would pass the resolver by. A host that lies in a private
network, such as a company's own package index, is listed with that network: `index.example at 10.1.2.0/24`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

from harness.contract import EgressBrief, EgressMode
from harness.egress.addresses import Network, may_be_listed
from harness.errors import UserError

USUAL_PORTS = (80, 443)
MOST_RULES = 200
SHIPPED = Path(__file__).parent / "lists"
FORM = "none, open, or allowlist:FILE (a rule a line: host, *.suffix, host:port, host at NETWORK)"

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_RULE = re.compile(r"(?P<wild>\*\.)?(?P<host>[^:*\s]+)(?::(?P<port>\d{1,5}))?(?:\s+at\s+(?P<network>\S+))?")
_NUMBERS = re.compile(r"(?:0x[0-9a-f]+|[0-9]+)(?:\.(?:0x[0-9a-f]+|[0-9]+))*")


@dataclass(frozen=True)
class Rule:
    """One line of an allowlist."""

    host: str
    below: bool = False  # the names below the host, in place of the host
    port: int | None = None  # None: the usual ones
    network: Network | None = None  # where the host may lie beside the public internet

    def __str__(self) -> str:
        where = f" at {self.network}" if self.network else ""
        return f"{'*.' if self.below else ''}{self.host}{f':{self.port}' if self.port else ''}{where}"

    def allows(self, host: str, port: int) -> bool:
        """Is it this host and port that the rule means?"""
        named = host.endswith(f".{self.host}") if self.below else host == self.host
        return named and (port in USUAL_PORTS if self.port is None else port == self.port)


@dataclass(frozen=True)
class Egress:
    """The choice of a run."""

    mode: EgressMode = "none"
    rules: tuple[Rule, ...] = ()

    def allows(self, host: str, port: int) -> bool:
        """Whether any rule of the allowlist does."""
        return any(rule.allows(host, port) for rule in self.rules)

    def allows_at(self, host: str, port: int, address: str) -> bool:
        """Whether a rule for the host says that it may lie at this address, public or not."""
        return any(
            rule.network is not None
            and rule.allows(host, port)
            and ip_address(address.partition("%")[0]) in rule.network
            for rule in self.rules
        )

    @property
    def sha256(self) -> str | None:
        """Names the rules, whatever their order; None where there are none."""
        if self.mode != "allowlist":
            return None
        return hashlib.sha256("\n".join(sorted(map(str, self.rules))).encode()).hexdigest()

    def brief(self) -> EgressBrief:
        """What the agent is told."""
        return EgressBrief(mode=self.mode, hosts=tuple(map(str, self.rules)))


NONE = Egress()


def parse(text: str) -> Egress:
    """Read `--egress`; raise `UserError` with file and line for what can't be meant."""
    if text in ("none", ""):
        return NONE
    if text == "open":
        return Egress("open")
    mode, _, name = text.partition(":")
    if mode != "allowlist" or not name:
        raise UserError(f"--egress {text!r}: choose {FORM}. Lists that ship: {', '.join(shipped())}")
    return Egress("allowlist", tuple(_rules(_file(name))))


def absolute(text: str) -> str:
    """The same choice from whichever folder a command is typed."""
    mode, _, name = text.partition(":")
    return f"{mode}:{Path(name).expanduser().absolute()}" if mode == "allowlist" and not _is_shipped(name) else text


def shipped() -> list[str]:
    """The names of the allowlists that ship."""
    return sorted(path.stem for path in SHIPPED.glob("*.txt"))


def host_name(text: str) -> str | None:
    """A host's name as rules have it (lower case, no dot at its end), or None for numbers and whatever is no name."""
    name = text.lower().removesuffix(".")
    return name if _HOST.fullmatch(name) and not _NUMBERS.fullmatch(name) else None


def _is_shipped(name: str) -> bool:
    return "/" not in name and name in shipped()


def _file(name: str) -> Path:
    path = SHIPPED / f"{name}.txt" if _is_shipped(name) else Path(name).expanduser()
    if not path.is_file():
        raise UserError(f"--egress allowlist:{name}: there is no such file. Lists that ship: {', '.join(shipped())}")
    return path


def _rules(path: Path) -> Iterator[Rule]:
    found: dict[Rule, None] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if text := line.partition("#")[0].strip():
            found[_rule(text, f"{path}, line {number}")] = None
    if not found:
        raise UserError(f"{path} allows no host. That is the same as: --egress none")
    if len(found) > MOST_RULES:
        raise UserError(f"{path} has {len(found)} rules; at most {MOST_RULES} are read")
    yield from found


def _rule(text: str, place: str) -> Rule:
    match = _RULE.fullmatch(text)
    host = match and host_name(match["host"])
    if match is None or host is None:
        raise UserError(f"{place}: {text!r} is no rule. A rule is a host's name: pypi.org, *.example.com, a:8080")
    if match["wild"] and "." not in host:
        raise UserError(f"{place}: {text!r} would allow every name of {host}. Name a domain, such as *.example.{host}")
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 1 << 16:
        raise UserError(f"{place}: {port} is no port")
    return Rule(host, bool(match["wild"]), port, _network(match["network"], place) if match["network"] else None)


def _network(text: str, place: str) -> Network:
    try:
        found = ip_network(text)
    except ValueError as error:
        raise UserError(f"{place}: {text!r} is no network ({error}). Such as: index.example at 10.1.2.0/24") from None
    if not may_be_listed(found):
        raise UserError(
            f"{place}: {text} holds addresses of this machine, its links or a cloud's own. Name a smaller one"
        )
    return found
