"""Search for what a box must not have: secrets, mounts of the host, networks, powers."""

import os
import re
import socket

SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
HARMLESS = ("", "dummy")
LOOKS_LIKE_ONE = re.compile(rb"sk-[A-Za-z0-9_-]{8,}|ghp_[A-Za-z0-9]{20,}|AKIA[A-Z0-9]{12,}")
VIRTUAL = ("/proc", "/sys", "/dev")
MOUNTED = re.compile(  # all that a box of another agent is to have
    r"/|/home|/home/data(/description\.md)?|/opt/podium/sample_submission\.csv|/run/agent/door|/tmp|"
    r"/etc/(hosts|hostname|resolv\.conf)|/(usr/)?sbin/docker-init"
)
WRITABLE = ("/home", "/tmp")  # noqa: S108
ENGINES = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock")
CLOSED = ("/", "/etc", "/opt/podium", "/home", "/home/data", "/run/agent/door", "/proc/sys/kernel", "/sys/fs/cgroup")
ELSEWHERE = ("172.17.0.1", "169.254.169.254", "198.51.100.1")  # a bridge, a cloud's metadata, an address of nobody


def search(wanted):
    """Yield each secret, mount, network and power that should not be there."""
    yield from _secrets()
    yield from _mounts()
    yield from _networks()
    yield from _powers()


def _secrets():
    for process in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208
        for name in ("environ", "cmdline"):
            content = _read(f"/proc/{process}/{name}")
            for part in content.split(b"\0"):
                key, _, value = part.decode("utf-8", "replace").partition("=")
                if name == "environ" and SECRET.search(key) and value not in HARMLESS:
                    yield f"{key} in the environment of process {process}"
                if LOOKS_LIKE_ONE.search(part):
                    yield f"a key in {name} of process {process}"
    if LOOKS_LIKE_ONE.search(_read(os.environ["PODIUM_REQUEST"])):
        yield "a key in request.json"


def _mounts():
    for line in _read("/proc/self/mountinfo").decode("utf-8", "replace").splitlines():
        target, options = line.split()[4:6]
        if target.startswith(VIRTUAL):
            continue
        if not MOUNTED.fullmatch(target):
            yield f"{target} is mounted"
        elif "rw" in options.split(",") and target not in WRITABLE:
            yield f"{target} is mounted to be written to"
    yield from (f"{path} is there" for path in ENGINES if os.path.exists(path))  # noqa: PTH110


def _networks():
    for line in _read("/proc/net/route").splitlines()[1:]:
        yield f"a route: {line.decode(errors='replace').split()[:3]}"
    for address in ELSEWHERE:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            if client.connect_ex((address, 9)) == 0:  # which sends nothing, and needs a way there
                yield f"{address} is not out of reach"
    for line in _read("/proc/net/tcp").decode().splitlines()[1:]:
        where, state = line.split()[1], line.split()[3]
        if state == "0A" and where != "0100007F:2124":  # listening; 127.0.0.1:8484
            yield f"somebody listens at {where}"
    for line in _read("/proc/net/unix").decode(errors="replace").splitlines()[1:]:
        if len(line.split()) > 7:
            yield f"a socket {line.split()[7]}"


def _powers():
    status = dict(line.split(":\t", 1) for line in _read("/proc/self/status").decode().splitlines() if ":\t" in line)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        if int(status[name], 16):
            yield f"{name} is {status[name]}"
    if status["NoNewPrivs"] != "1" or status["Seccomp"] == "0":
        yield f"new privileges {status['NoNewPrivs']}, system call filter {status['Seccomp']}"
    if os.getuid() == 0 or _succeeds(os.setuid, 0):
        yield "root"
    for folder in CLOSED:
        path = f"{folder.rstrip('/')}/leaker"
        if _succeeds(os.close, _opened(path)):
            yield f"{folder} can be written to"


def _opened(path):
    try:
        return os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    except OSError:
        return -1


def _succeeds(action, value):
    try:
        action(value)
    except OSError:
        return False
    return True


def _read(path):
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return b""
