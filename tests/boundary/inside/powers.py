"""Leave the box by what a process may do: capabilities, users, devices, mounts, namespaces, other processes."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import stat
import subprocess
import tempfile
import time

from tests.boundary.inside.base import (
    AGENT,
    CANDIDATE,
    EVERYBODY,
    FOREIGN,
    LEAVE,
    ROOT,
    UNPRIVILEGED,
    X86,
    At,
    any_of,
    call,
    let_through,
    opened,
    others,
    probe,
    status,
    system_call,
)

NEW_USER, NEW_MOUNT, NEW_NET = 0x10000000, 0x00020000, 0x40000000
REMOUNT, BIND, DETACH = 32, 4096, 2


@probe(LEAVE, *EVERYBODY)
def hold_a_capability(at: At) -> object:
    """Hold a capability beyond those that the supervisor has a reason for (nobody else has any)."""
    held = {name: int(status()[name], 16) & ~at.capabilities for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")}
    return {name: hex(bits) for name, bits in held.items() if bits}


@probe(LEAVE, FOREIGN, ROOT)
def be_able_to_regain_a_capability(at: At) -> object:
    """Have more than that in the bounding set, from which a program could take it."""
    return hex(bits) if (bits := int(status()["CapBnd"], 16) & ~at.capabilities) else None


@probe(LEAVE, *EVERYBODY)
def gain_privileges_by_starting_a_program(at: At) -> object:
    """Be without no-new-privileges, so that set-uid programs would work."""
    return status()["NoNewPrivs"] != "1" and "new privileges can be had"


@probe(LEAVE, *EVERYBODY)
def call_the_kernel_unfiltered(at: At) -> object:
    """Be without a system call filter."""
    return status()["Seccomp"] == "0" and "no filter"


@probe(LEAVE, *UNPRIVILEGED)
def become_root(at: At) -> object:
    """Take the user id 0 in each of the ways there are."""
    return any_of((lambda: os.setuid(0) or "root", lambda: os.setresuid(0, 0, 0) or "root", lambda: os.seteuid(0) or 1))


@probe(LEAVE, *UNPRIVILEGED)
def become_another_user(at: At) -> object:
    """Take the user id of the agent, of a slot, of anybody."""
    ids = {10001, 10100, 10101, 65534} - {os.getuid()}
    return any_of((lambda id=id: os.setuid(id) or f"is {id}") for id in sorted(ids))


@probe(LEAVE, *UNPRIVILEGED)
def join_a_group(at: At) -> object:
    """Join root's group, the agent's, a disk's."""
    return any_of(
        (
            lambda: os.setgroups([0, 6]) or "joined",
            lambda: os.setgid(0) or "is group 0",
            lambda: os.setgid(65534) or "is",
        )
    )


@probe(LEAVE, *UNPRIVILEGED)
def start_a_set_uid_program(at: At) -> object:
    """Ask every program that would run as root for root's rights."""
    for arguments in (["su", "-c", "id -u"], ["sudo", "-n", "id", "-u"], ["pkexec", "id", "-u"], [at.set_uid, "-u"]):
        try:
            done = subprocess.run(arguments, capture_output=True, text=True, timeout=5, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.stdout.strip() == "0":
            return f"{arguments[0]} gives root"
    return None


@probe(LEAVE, *EVERYBODY)
def give_a_file_to_root(at: At) -> object:
    """Change the owner of a file, as a set-uid program would be made."""
    with tempfile.NamedTemporaryFile() as file:
        os.chown(file.name, 0 if os.getuid() else 65534, 0)
    return "the owner was changed"


@probe(LEAVE, *EVERYBODY)
def read_past_the_modes(at: At) -> object:
    """Read files that belong to others and are closed."""
    return any_of((lambda path=path: _of_another(at, path) and opened(path, os.O_RDONLY)) for path in at.closed)


def _of_another(at: At, path: str) -> bool:
    return bool(at.victims) or os.stat(path).st_uid != os.getuid()


@probe(LEAVE, *EVERYBODY)
def make_a_device_node(at: At) -> object:
    """Make a node for a device of characters."""
    with tempfile.TemporaryDirectory() as folder:
        os.mknod(f"{folder}/null", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    return "a node was made"


@probe(LEAVE, *EVERYBODY)
def open_a_disk_of_the_host(at: At) -> object:
    """Make a node for a disk of the host and open it."""
    with tempfile.TemporaryDirectory() as folder:
        os.mknod(f"{folder}/disk", 0o600 | stat.S_IFBLK, os.makedev(7, 0))
        return opened(f"{folder}/disk", os.O_RDONLY)


@probe(LEAVE, *EVERYBODY)
def open_a_device_of_the_host(at: At) -> object:
    """Open memory, kernel log, virtualisation, tunnels, host sockets, disks."""
    names = ("mem", "port", "kmsg", "kvm", "fuse", "net/tun", "vsock", "loop-control", "loop0", "vda", "sda", "nvme0n1")
    return any_of((lambda name=name: opened(f"/dev/{name}", os.O_RDONLY)) for name in names)


@probe(LEAVE, *EVERYBODY)
def mount_a_file_system(at: At) -> object:
    """Mount a file system of the own."""
    with tempfile.TemporaryDirectory() as folder:
        call("mount", b"none", folder.encode(), b"tmpfs", 0, None)
        call("umount2", folder.encode(), DETACH)
    return "mounted"


@probe(LEAVE, *EVERYBODY)
def make_the_root_writable(at: At) -> object:
    """Mount the root, the data, the door anew, without their read-only flag."""
    paths = [path for path in ("/home/data", "/run/agent/door", "/") if os.path.exists(path)]
    return any_of(
        (lambda path=path: call("mount", None, path.encode(), None, REMOUNT | BIND, None) or path) for path in paths
    )


@probe(LEAVE, *EVERYBODY)
def take_a_mount_away(at: At) -> object:
    """Unmount what hides or protects something."""
    paths = ("/proc/kcore", "/proc/keys", "/proc/sys", "/sys/firmware", "/dev/mqueue")
    return any_of((lambda path=path: call("umount2", path.encode(), DETACH) or path) for path in paths)


@probe(LEAVE, *EVERYBODY)
def make_a_user_namespace(at: At) -> object:
    """Be root in a user namespace of the own, from which kernel bugs are reached."""
    return call("unshare", NEW_USER) or "a user namespace"


@probe(LEAVE, *EVERYBODY)
def be_born_in_a_user_namespace(at: At) -> object:
    """The same by making a child there."""
    child = system_call(56, 220, ctypes.c_long(NEW_USER | signal.SIGCHLD), None, None, None, None)
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return "a child in a user namespace"


@probe(LEAVE, *EVERYBODY)
def make_other_namespaces(at: At) -> object:
    """Take mounts and network apart from the box's."""
    return any_of((lambda kind=kind: call("unshare", kind) or hex(kind)) for kind in (NEW_MOUNT, NEW_NET))


@probe(LEAVE, *EVERYBODY)
def enter_a_namespace(at: At) -> object:
    """Enter a namespace by its file."""
    descriptor = os.open("/proc/self/ns/uts", os.O_RDONLY)
    return call("setns", descriptor, 0) or "entered"


@probe(LEAVE, *EVERYBODY)
def change_the_root_folder(at: At) -> object:
    """Take another root folder."""
    return os.chroot("/tmp") or "chroot works"


@probe(LEAVE, CANDIDATE, AGENT)
def trace_a_process(at: At) -> object:
    """Trace a process of somebody else: supervisor, agent, init."""
    seize = 0x4206
    return any_of((lambda pid=pid: call("ptrace", seize, pid, None, None) or f"traces {pid}") for pid in others(at))


@probe(LEAVE, CANDIDATE, AGENT)
def take_a_descriptor(at: At) -> object:
    """Take an open file or socket out of a process of somebody else."""
    return any_of(
        (lambda pid=pid: system_call(438, 438, os.pidfd_open(pid), 0, 0) and f"one of {pid}") for pid in others(at)
    )


@probe(LEAVE, CANDIDATE, AGENT)
def signal_a_process(at: At) -> object:
    """Signal a process of somebody else."""
    return any_of((lambda pid=pid: os.kill(pid, 0) or f"may signal {pid}") for pid in others(at))


@probe(LEAVE, CANDIDATE, AGENT)
def slow_a_process(at: At) -> object:
    """Take turns and processors away from a process of somebody else."""
    return any_of(
        act
        for pid in others(at)
        for act in (
            lambda pid=pid: os.setpriority(os.PRIO_PROCESS, pid, 19) or f"{pid} is slow",
            lambda pid=pid: os.sched_setaffinity(pid, os.sched_getaffinity(0)) or f"{pid} is moved",
        )
    )


@probe(LEAVE, *EVERYBODY)
def get_more_than_the_own_turn(at: At) -> object:
    """Take a better priority, or a real-time one."""
    return any_of(
        (
            lambda: os.setpriority(os.PRIO_PROCESS, 0, -5) or "priority",
            lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)) or "real time",
        )
    )


@probe(LEAVE, *EVERYBODY)
def be_spared_when_memory_ends(at: At) -> object:
    """Have the kernel end others first when memory runs out."""
    with open("/proc/self/oom_score_adj", "r+") as file:
        less = int(file.read()) - 500
        file.seek(0)
        file.write(str(less))
    return f"its score is {less}"


@probe(LEAVE, *EVERYBODY, no_control="it takes a capability that not every host's root has")
def raise_a_limit(at: At) -> object:
    """Raise a hard limit."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard + 1))
    except ValueError as refused:
        raise PermissionError(str(refused)) from refused
    return "raised"


@probe(LEAVE, *EVERYBODY, some_kernels=True)
def use_kernel_keyrings(at: At) -> object:
    """Keep a key in the kernel, or ask for one: keyrings know no containers."""
    process_keyring = -2
    return any_of(
        (
            lambda: let_through(248, 217, b"user", b"podium-boundary", b"x", 1, process_keyring),
            lambda: let_through(250, 219, 0, process_keyring, 0),
            lambda: let_through(249, 218, b"user", b"podium-boundary", None, 0),
        )
    )


@probe(LEAVE, *EVERYBODY, some_kernels=True)
def load_a_kernel_module(at: At) -> object:
    """Load a module (an empty one, which no kernel takes)."""
    return let_through(175, 105, b"", 0, b"")


@probe(LEAVE, *EVERYBODY, some_kernels=True)
def load_a_program_into_the_kernel(at: At) -> object:
    """Make a BPF map."""
    return let_through(321, 280, 0, ctypes.create_string_buffer(120), 120)


@probe(LEAVE, *EVERYBODY, some_kernels=True)
def watch_the_kernel_at_work(at: At) -> object:
    """Open a performance counter."""
    return let_through(298, 241, None, 0, -1, -1, 0)


@probe(LEAVE, *EVERYBODY, some_kernels=True)
def handle_page_faults(at: At) -> object:
    """Handle the own page faults, as exploits like to."""
    return system_call(323, 282, 0) >= 0 and "userfaultfd"


@probe(LEAVE, *UNPRIVILEGED, some_kernels=True)
def open_a_ring_past_the_filter(at: At) -> object:
    """Open an io_uring, whose operations no system call filter sees."""
    return system_call(425, 425, 8, ctypes.create_string_buffer(120)) >= 0 and "io_uring"


@probe(LEAVE, *EVERYBODY, some_kernels=True)
def open_a_file_by_its_handle(at: At) -> object:
    """Open a file of the host's disk by its number, past every mount."""
    handle = ctypes.create_string_buffer(b"\x80\0\0\0\0\0\0\0", 136)
    mount = ctypes.c_int()
    call("name_to_handle_at", -100, b"/etc/hosts", handle, ctypes.byref(mount), 0)
    folder = os.open("/etc/hosts", os.O_RDONLY)  # which lies on the host's disk
    return call("open_by_handle_at", folder, handle, os.O_RDONLY) and "opened"


@probe(LEAVE, *EVERYBODY)
def rename_the_machine(at: At) -> object:
    """Give the machine another name (the one that it has)."""
    name = os.uname().nodename.encode()
    return call("sethostname", name, len(name)) or "named"


@probe(LEAVE, *EVERYBODY, no_control="where it succeeds it changes the host's clock")
def set_the_clock(at: At) -> object:
    """Set the host's clock."""
    return time.clock_settime(time.CLOCK_REALTIME, time.time()) or "set"


@probe(LEAVE, *EVERYBODY)
def restart_the_machine(at: At) -> object:
    """Ask for a restart, with a number that no kernel takes."""
    return let_through(169, 142, 0, 0, 0, None)


@probe(LEAVE, *EVERYBODY)
def turn_swap_or_accounting_off(at: At) -> object:
    """Change what all processes of the host share, at files that are not there."""
    missing = b"/podium-boundary-is-not-there"
    return any_of((lambda: let_through(168, 225, missing), lambda: let_through(163, 89, missing)))


@probe(LEAVE, *EVERYBODY, some_kernels=True)
def speak_to_hardware(at: At) -> object:
    """Have the processor's ports."""
    return let_through(173, 173, 0x80, 1, 1) if X86 else None
