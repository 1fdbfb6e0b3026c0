"""Leave the box by a network. Nothing is sent but to listeners of the test's own; to others only ways are looked for.

A way to an address is looked for by connecting a datagram socket: the kernel then chooses a route, and sends nothing.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct

from tests.boundary.inside.base import EVERYBODY, LEAVE, UNPRIVILEGED, At, any_of, content, needle, probe

NOBODYS, NOBODYS_IN_V6 = "198.51.100.1", "2001:db8::1"  # for documents: given to nobody
RARE = {  # families that reach hosts, hardware or rare kernel code
    "bluetooth": 31,
    "alg": 38,
    "xdp": 44,
    "can": 29,
    "tipc": 30,
    "rds": 21,
    "key": 15,
    "nfc": 39,
    "qipcrtr": 42,
    "smc": 43,
    "kcm": 41,
    "caif": 37,
    "phonet": 35,
    "llc": 26,
    "x25": 9,
    "appletalk": 5,
    "ax25": 3,
}


@probe(LEAVE, *EVERYBODY)
def find_an_interface(at: At) -> object:
    """See a network interface that is not the loopback."""
    return [name for _, name in socket.if_nameindex() if name != "lo"]


@probe(LEAVE, *EVERYBODY)
def find_a_route(at: At) -> object:
    """See a way that leads elsewhere."""
    lines = content("/proc/net/route").decode().splitlines()[1:]
    return lines or [line for line in content("/proc/net/ipv6_route").decode().splitlines() if not line.endswith(" lo")]


@probe(LEAVE, *EVERYBODY)
def find_a_way_out(at: At) -> object:
    """Have the kernel choose a way to an address elsewhere, in either version of the protocol."""

    def way(family: int, address: str) -> str:
        with socket.socket(family, socket.SOCK_DGRAM) as client:
            client.connect((address, 9))
            return f"from {client.getsockname()[0]}"

    return any_of((lambda: way(socket.AF_INET, NOBODYS), lambda: way(socket.AF_INET6, NOBODYS_IN_V6)))


@probe(LEAVE, *EVERYBODY)
def reach_the_hosts_loopback(at: At) -> object:
    """Connect to a listener that the test has at the host's loopback address."""
    return _connected("127.0.0.1", at.port)


@probe(LEAVE, *EVERYBODY)
def reach_the_engines_bridge(at: At) -> object:
    """Connect to a listener that the test has at the engine's bridge."""
    return _connected(at.bridge, at.port)


@probe(LEAVE, *EVERYBODY)
def send_a_datagram_to_the_host(at: At) -> object:
    """Send a datagram to the test's own listeners, and get it answered."""

    def answered(host: str) -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(1)
            client.connect((host, at.port))
            client.send(b"boundary")
            return client.recv(16).decode()

    return any_of((lambda host=host: answered(host)) for host in ("127.0.0.1", at.bridge))


@probe(LEAVE, *EVERYBODY)
def reach_an_abstract_socket_of_the_host(at: At) -> object:
    """Connect to an abstract socket, which a network of the own keeps apart."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(b"\0" + needle(at, "host socket"))
    return "connected"


@probe(LEAVE, *EVERYBODY)
def resolve_a_name(at: At) -> object:
    """Look up a name of the test's own."""
    return socket.getaddrinfo("host.podium-boundary.test", 80)[0][4][0]


@probe(LEAVE, *EVERYBODY)
def learn_of_a_resolver(at: At) -> object:
    """Find the address of a name server, and so of the host's network."""
    lines = content("/etc/resolv.conf").decode("utf-8", "replace").splitlines()
    return [line for line in lines if line.startswith("nameserver") and line.split()[1] != "127.0.0.1"]


@probe(LEAVE, *EVERYBODY)
def open_a_raw_socket(at: At) -> object:
    """Make packets of the own."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP):
        return "raw"


@probe(LEAVE, *EVERYBODY, some_kernels=True)
def open_a_packet_socket(at: At) -> object:
    """See every packet."""
    with socket.socket(17, socket.SOCK_RAW, socket.htons(3)):
        return "packet"


@probe(LEAVE, *UNPRIVILEGED, some_kernels=True)
def open_a_socket_to_the_hypervisor(at: At) -> object:
    """Open a vsock, which reaches the host of a virtual machine past every network."""
    with socket.socket(40, socket.SOCK_STREAM):
        return "vsock"


@probe(LEAVE, *EVERYBODY, some_kernels=True)
def open_a_rare_socket(at: At) -> object:
    """Open a socket of a family that no script needs."""

    def opened(name: str, kind: int) -> str:
        with socket.socket(RARE[name], kind):
            return name

    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW)
    return any_of((lambda name=name, kind=kind: opened(name, kind)) for name in RARE for kind in kinds)


@probe(LEAVE, *EVERYBODY)
def change_an_interface(at: At) -> object:
    """Change the loopback interface (to what it is)."""
    get, set_again = 0x8921, 0x8922
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = fcntl.ioctl(control, get, struct.pack("16sI12x", b"lo", 0))
        fcntl.ioctl(control, set_again, request)
    return "its packet size was set"


@probe(LEAVE, *EVERYBODY, some_kernels=True)
def make_a_tunnel(at: At) -> object:
    """Open the device that makes interfaces."""
    os.close(os.open("/dev/net/tun", os.O_RDWR))
    return "opened"


def _connected(host: str, port: int) -> str:
    with socket.create_connection((host, port), 2) as client:
        return f"{host} answers from {client.getsockname()[0]}"
