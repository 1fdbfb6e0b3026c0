"""The boxes that probes run in: three hardened ones at once, as real runs, and an open one as their control.

The three are what `podium bench` starts: our agent with its candidates, another agent, and a program in the place of
our supervisor. The open one has all that the host's root has, and everything is planted there that probes look for.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.agents import choose
from harness.agents.spec import OtherAgent
from harness.errors import InvalidSubmission
from harness.gateway.budget import Budget
from harness.gateway.journal import StoredEvent
from harness.gateway.providers import provider_for
from harness.results.layout import GroupFolder, RunFolder, RunRecord
from harness.runs import promptset
from harness.runs.plan import RunPlan
from harness.runs.run import RunTools, run_one
from harness.sandbox.base import GIB, MIB, Limits
from tests.boundary import bundle
from tests.boundary.inside.base import AGENT, CANDIDATE, FOREIGN, PROBES, ROOT
from tests.e2e.promises.conftest import KEY, LABEL, PROXY_PASSWORD, Watched

LIMITS = Limits(
    wall_seconds=150,
    memory_bytes=1 * GIB,
    cpus=1,
    pids=128,
    shm_bytes=16 * MIB,
    tmp_bytes=16 * MIB,
    workspace_bytes=64 * MIB,
    submission_bytes=8 * MIB,
    grace_seconds=2,
)
PYTHON = ("/opt/agent/bin/python", "-I", "-c")
SETUID_SETGID = (1 << 6) | (1 << 7)
OPEN = "open box"
SECONDS = 120
CAPABILITIES = (  # by their numbers
    *("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP"),
    *("LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER"),
    *("SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE"),
    *("SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP"),
    *("MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ"),
)


@dataclass(frozen=True)
class Became:
    """What became of one probe at one level."""

    became: str
    said: str


@dataclass
class Ran:
    """What is left of one hardened box."""

    folder: RunFolder
    record: RunRecord
    log: str
    fetched: Mapping[str, str]  # what was asked for from the stopped box: its content, or why it was refused


@dataclass
class Batch:
    """What became of every probe, and the runs that they ran in."""

    tried: Mapping[tuple[str, str], Became]
    runs: Mapping[str, Ran]
    reached: Sequence[str]  # what arrived at the listeners of the test's own

    def of(self, level: str, name: str) -> Became:
        """What became of one; a probe of which nothing was heard is broken."""
        run = self.runs.get(AGENT if level == CANDIDATE else level)
        return self.tried.get((level, name)) or Became(
            "broken", f"nothing was heard of it: {run.log[-2000:] if run else ''}"
        )


def names(level: str) -> list[str]:
    """The probes of one level, in the order in which they were written down."""
    return [probe.name for probe in PROBES.values() if level in probe.levels]


@dataclass
class Ground:
    """What there is on the host to be found: needles, listeners, a process; and what answers for the model."""

    private: Path
    bridge: str
    token: str  # this session's alone
    port: int = 0
    arrived: list[str] = field(default_factory=list)

    @property
    def marks(self) -> dict[str, str]:
        """By what a process and a socket of the host are known."""
        return {f"host {what}": f"podium-boundary-{what}-{self.token}" for what in ("process", "socket")}

    def mark(self, of: str) -> str:
        """A word that nobody else has, as it is sent into a box."""
        return f"podium-boundary-{of.replace(' ', '-')}-{self.token}".encode().hex()

    @property
    def needles(self) -> dict[str, str]:
        """What probes look for, as it is sent into a box."""
        secrets = {"label": LABEL, "key": KEY, "password": PROXY_PASSWORD, "private folder": str(self.private)}
        return {name: text.encode().hex() for name, text in {**secrets, **self.marks}.items()}

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Listen on the host while this lasts: by TCP, by datagrams, at an abstract socket. All of it answers."""
        with contextlib.ExitStack() as stack:
            tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            self.port = tcp.getsockname()[1]
            taking = [tcp]
            if self.bridge != "127.0.0.1":
                taking.append(stack.enter_context(socket.create_server((self.bridge, self.port))))
            unix = stack.enter_context(socket.socket(socket.AF_UNIX))
            unix.bind(b"\0" + self.marks["host socket"].encode())
            unix.listen()
            datagrams = []
            for host in {"127.0.0.1", self.bridge}:
                one = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                one.bind((host, self.port))
                datagrams.append(one)
            ended = threading.Event()
            threads = [threading.Thread(target=self._take, args=(one, ended)) for one in (*taking, unix)]
            threads += [threading.Thread(target=self._answer, args=(one, ended)) for one in datagrams]
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                ended.set()
                for thread in threads:
                    thread.join()

    def _take(self, listener: socket.socket, ended: threading.Event) -> None:
        listener.settimeout(0.2)
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                client, address = listener.accept()
                client.close()
                self.arrived.append(f"{listener.getsockname()} from {address!r}")

    def _answer(self, listener: socket.socket, ended: threading.Event) -> None:
        listener.settimeout(0.2)
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                _, address = listener.recvfrom(64)
                listener.sendto(b"heard", address)
                self.arrived.append(f"a datagram from {address!r}")


class Probed(Watched):
    """The real sandbox; what `wanted` names is fetched from the stopped box, as a submission is."""

    wanted: Sequence[str] = ()
    into: Path
    fetched: dict[str, str]

    def remove(self) -> None:
        if self._container is not None and not self.log:
            self.fetched = {path: self._one(path) for path in self.wanted}
        super().remove()

    def _one(self, path: str) -> str:
        target = self.into / uuid.uuid4().hex
        try:
            if not self.fetch(path, target):
                return "refused: not there"
        except InvalidSubmission as refused:
            return f"refused: {refused}"
        return target.read_text(errors="replace")[:200]

    def opened_folder(self) -> Path:
        """The host's folder that the box sees as its door."""
        mounts = {mount["Destination"]: mount["Source"] for mount in self.attrs["Mounts"]}
        return Path(mounts["/run/agent/door"])


@dataclass
class Meeting:
    """Lets boxes begin when all are up, and end when all have probed, by files in their doors."""

    boxes: dict[str, Probed]
    up: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def heard(self, level: str, stored: StoredEvent) -> None:
        """Take in an event of one box."""
        event: Any = stored.event
        with self.lock:
            if event.type == "start":
                self.up.add(level)
            elif event.type == "node" and event.node == "probed":
                self.done.add(level)
            for together, name in ((self.up, "go"), (self.done, "end")):
                if together == set(self.boxes):
                    for box in self.boxes.values():
                        (box.opened_folder() / name).touch()


@dataclass
class Rig:
    """Starts the three, and takes what they tell."""

    plan: RunPlan
    other: OtherAgent
    other_image: Any
    client: Any
    group: GroupFolder
    workspaces: Path
    ground: Ground
    provider_url: str
    guesses: Sequence[str]
    hand_in: Mapping[str, Sequence[str]]  # by level: Python that leaves things in the submission's folder
    wanted: Mapping[str, Sequence[str]]  # by level: what is then fetched
    scripts: Sequence[str]  # what candidates run beside the probes

    def run(self) -> Batch:
        """Run all three at once."""
        runs: dict[str, Ran] = {}
        levels = {AGENT: self.plan, FOREIGN: self._foreign(), ROOT: replace(self.plan, seed=2)}
        meeting = Meeting({})
        threads = []
        boxes = {}
        for level, plan in levels.items():
            boxes[level] = (plan, self._at(level, plan, levels))

        def one(level: str, plan: RunPlan, at: dict[str, object]) -> None:
            runs[level] = self._one(level, plan, at, meeting, expected=set(levels))

        for level, (plan, at) in boxes.items():
            threads.append(threading.Thread(target=one, args=(level, plan, at), name=level))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=LIMITS.wall_seconds + 30)
        tried = {}
        for run in runs.values():
            tried |= told(run.log)
        return Batch(tried, runs, list(self.ground.arrived))

    def _foreign(self) -> RunPlan:
        return replace(
            self.plan,
            seed=1,
            other=self.other,
            preset=choose.as_preset(self.other),
            prompts=promptset.NONE,
            image=self.other_image,
        )

    def _at(self, level: str, plan: RunPlan, levels: Mapping[str, RunPlan]) -> dict[str, object]:
        beside = FOREIGN if level == AGENT else AGENT
        needles = self.ground.needles | {
            "own": self.ground.mark(f"beside {level[:5]}"),
            "neighbour": self.ground.mark(f"beside {beside[:5]}"),
            "neighbours name": levels[beside].run_id.encode().hex(),
            "agent": self.ground.mark("agents notes"),
            "agents socket": self.ground.mark("agents socket"),
        }
        common = ground_told(self.ground, needles, self.guesses)
        at = {**common, "capabilities": SETUID_SETGID if level == ROOT else 0, "hand_in": self.hand_in.get(level, ())}
        if level == AGENT:
            script = bundle.program("candidate", names(CANDIDATE), {**common, "slots": ["/home/slots/1/run"]})
            at |= {"scripts": [script, *self.scripts], "slots": ["/home/slots/0/run", "/home/slots/0"]}
        return at

    def _one(self, level: str, plan: RunPlan, at: dict[str, object], meeting: Meeting, expected: set[str]) -> Ran:
        entry = {AGENT: "agent", FOREIGN: "foreign", ROOT: "root"}[level]
        code = bundle.program(entry, names(level), at)
        made: list[Probed] = []

        def make_sandbox(spec: Any) -> Probed:
            command = {AGENT: ("--no-warm", "--", *PYTHON, code), FOREIGN: ("python3", "-I", "-c", code), ROOT: ()}[
                level
            ]
            spec = replace(spec, command=command, environment={**spec.environment})
            box = Probed(self.client, spec, workspace_folder=self.workspaces, environ={})
            box.entrypoint = (*PYTHON, code) if level == ROOT else None
            box.wanted, box.into, box.fetched = self.wanted.get(level, ()), self.group.path, {}
            made.append(box)
            with meeting.lock:
                meeting.boxes[level] = box
            return box

        def heard(_plan: RunPlan, stored: StoredEvent) -> None:
            if set(meeting.boxes) == expected:
                meeting.heard(level, stored)

        tools = RunTools(
            make_sandbox=make_sandbox,
            make_provider=lambda plan: provider_for(
                plan.model, {"PODIUM_BASE_URL": self.provider_url, "PODIUM_API_KEY": KEY}
            ),
            make_budget=lambda plan: Budget(),
            on_event=heard,
            should_stop=lambda: False,
        )
        folder = self.group.run(plan.run_id)
        record = run_one(plan, folder, tools)
        return Ran(folder, record, made[0].log, made[0].fetched)


def ground_told(ground: Ground, needles: Mapping[str, str], guesses: Sequence[str]) -> dict[str, object]:
    """What every box is told of its ground."""
    return {
        "needles": needles,
        "victims": [],
        "inherited": [],
        "capabilities": 0,
        "model": "fake",
        "guesses": guesses,
        "port": ground.port,
        "bridge": ground.bridge,
        "door": "/run/agent/door/gateway.sock",
        "hand_in": [],
        "closed": ["/etc/shadow", "/home/agent/secret", "/home/agent"],
        "set_uid": "/home/planted/set-uid",
        "slots": ["/home/slots/1/run"],
        "folder": "/home/agent",
        "processes": LIMITS.pids,
        "disk_bytes": LIMITS.workspace_bytes,
        "tmp_bytes": LIMITS.tmp_bytes,
    }


def told(log: str) -> dict[tuple[str, str], Became]:
    """What a box's log says of each probe."""
    lines = [json.loads(line.partition("PROBED ")[2]) for line in log.splitlines() if line.startswith("PROBED ")]
    return {(line["level"], line["probe"]): Became(line["became"], line["said"]) for line in lines}


def in_the_open(engine: Any, image: str, ground: Ground, guesses: Sequence[str], folder: Path) -> Batch:
    """Every probe, without walls."""
    planted = ("own", "neighbour", "neighbours name", "agent", "agents socket")
    needles = ground.needles | {name: ground.mark(name) for name in planted}
    at = {**ground_told(ground, needles, guesses), "slots": ["/home/slots/1/run"], "folder": "/home/planted"}
    code = bundle.program("in_the_open", list(PROBES), at)
    container = engine.api.create_container(
        image, entrypoint=[*PYTHON, code], user="0:0", labels={"podium.test": "1"}, host_config=_open(engine, folder)
    )["Id"]
    try:
        engine.api.start(container)
        ended = engine.api.wait(container, timeout=SECONDS)
        log = engine.api.logs(container).decode("utf-8", "replace")
        assert "PROBED " in log, f"the open box told nothing; it ended so: {ended}: {log[-3000:]}"
    finally:
        engine.api.remove_container(container, force=True)
    return Batch(told(log), {}, [log[-3000:]])


def _open(engine: Any, folder: Path) -> dict[str, Any]:
    """As privileged as this host's root is, which need not hold every capability; privileged, it could not start."""
    bounds = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapBnd"))
    held = int(bounds.split()[1], 16)
    options: dict[str, Any] = engine.api.create_host_config(
        cap_add=[name for number, name in enumerate(CAPABILITIES) if held >> number & 1],
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        device_cgroup_rules=["a *:* rwm"],
        network_mode="host",
        extra_hosts={"host.podium-boundary.test": "127.0.0.1"},
        dns=["198.51.100.53"],  # given to nobody; the name that is looked up is in the hosts' file
        binds={str(folder): {"bind": "/mnt/host", "mode": "rw"}},
        pids_limit=1024,
        mem_limit=1 * GIB,
        oom_score_adj=600,
        init=True,
    )
    return options | {"MaskedPaths": [], "ReadonlyPaths": []}
