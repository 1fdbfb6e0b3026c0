"""Which addresses a cluster may have. Whoever reaches one of its ports and knows its token may run any code on every
machine of it, so addresses that the whole world can reach are refused, whatever guards them.

Private addresses are those of RFC 1918, 6598 (carriers and VPNs) and 4193, of one link, and loopback.
"""

from __future__ import annotations

import ipaddress
import itertools
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.errors import UserError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
IF_INET6 = Path("/proc/net/if_inet6")
FIB_TRIE = Path("/proc/net/fib_trie")


def is_public(address: str) -> bool:
    """Can it be reached from anywhere? A name is resolved; one that has no address raises `UserError`."""
    return any(found.is_global for found in resolved(address))


def refuse_public(addresses: Iterable[str], whose: str) -> None:
    """Raise `UserError` where an address, without its port, can be reached from anywhere."""
    for address in addresses:
        if is_public(address):
            raise UserError(
                f"{whose} has the public address {address}, and Ray listens on every address of a machine: whoever "
                "gets hold of the cluster's token could run code there. Use a private network between the machines "
                "(a VPN, a cloud's inner network): docs/many-machines.md"
            )


def host_of(address: str) -> str:
    """The host of `HOST:PORT`, `[HOST]:PORT` or a bare host."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host, _, port = address.rpartition(":")
    return host if host and ":" not in host and port.isdecimal() else address


def resolved(host: str) -> set[Address]:
    """Every address of a host."""
    try:
        return {ipaddress.ip_address(host)}
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None)
    except OSError as error:
        raise UserError(f"{host!r} has no address here: {error}") from error
    return {ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found}


def own() -> list[str]:
    """The addresses of this machine's interfaces, as the kernel lists them."""
    return sorted({*_own_v4(FIB_TRIE), *_own_v6(IF_INET6)})


def _own_v4(table: Path) -> Iterator[str]:
    # An address of this machine's own is followed by a line that says "/32 host LOCAL".
    try:
        lines = table.read_text(encoding="ascii").splitlines()
    except OSError:
        return
    for line, following in itertools.pairwise(lines):
        if "/32 host LOCAL" in following and "|--" in line:
            yield line.partition("|--")[2].strip()


def _own_v6(table: Path) -> Iterator[str]:
    try:
        lines = table.read_text(encoding="ascii").splitlines()
    except OSError:
        return
    for line in lines:
        yield str(ipaddress.IPv6Address(bytes.fromhex(line.split()[0])))
