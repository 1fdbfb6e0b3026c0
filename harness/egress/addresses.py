"""From a host's name to the addresses that may be connected to: resolved here, on the host, and looked at one by one.

A name is anybody's to point wherever they like, at this machine's own services too (DNS rebinding). So what may be
connected to is decided by the address, and the connection goes to the very address that was looked at; the name is not
resolved a second time.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Protocol

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_SERVICES = {ip_address("168.63.129.16")}  # of a cloud's hosts, at a public address; the others' are link-local
_NEVER: tuple[Network, ...] = tuple(  # this machine, its links, many at once, and a cloud's services
    ip_network(text)
    for text in (
        *(
            "0.0.0.0/8",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "168.63.129.16",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "100.100.100.200",
        ),
        *(
            "::/96",
            "::ffff:0:0/96",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "2001::/32",
            "2002::/16",
            "fe80::/10",
            "ff00::/8",
        ),
        "fd00:ec2::254",
    )
)


class Reach(Protocol):
    """How names become addresses, and which of these may be connected to."""

    async def resolve(self, host: str, port: int) -> list[str]:
        """The host's addresses in numbers; raise `OSError` where there are none."""
        ...

    def allows(self, address: str) -> bool:
        """May it be connected to?"""
        ...


class PublicReach:
    """The system's resolver, and addresses of the public internet alone."""

    async def resolve(self, host: str, port: int) -> list[str]:
        """See `Reach`."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))

    def allows(self, address: str) -> bool:
        """See `Reach`."""
        return is_public(address)


def is_public(address: str) -> bool:
    """Is it an address of the public internet, and no private, loopback, link-local, shared or reserved one?

    An IPv6 address that stands for an IPv4 one is judged by that one.
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _inside(found) if isinstance(found, IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    # Teredo and 6to4 lead to relays that nobody here knows.
    tunnelled = isinstance(found, IPv6Address) and (found.teredo is not None or found.sixtofour is not None)
    special = found.is_multicast or found.is_reserved or found.is_unspecified or found in _SERVICES
    return found.is_global and not special and not tunnelled


def may_be_listed(network: Network) -> bool:
    """May an allowlist say that a host lies there, though that is not public?"""
    return not any(never.version == network.version and never.overlaps(network) for never in _NEVER)


def is_own(connection: socket.socket) -> bool:
    """Has it come back to this machine, by a public address of its own?"""
    return bool(connection.getsockname()[0] == connection.getpeername()[0])


def _inside(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if any(address in network for network in _NAT64) or int(address) >> 32 == 0:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
