"""A sandbox that is none: the real agent as a plain process of this machine, for tests of what surrounds it."""

import subprocess
import sys
import time
from pathlib import Path

from harness import contract
from harness.errors import InfrastructureError
from harness.sandbox.base import Ending


class HostSandbox:
    """Follows the `Sandbox` protocol; isolates nothing."""

    def __init__(self, spec, folder, *, agent=None):
        self.spec = spec
        self.folder = Path(folder)
        self.agent = agent
        self.process = None
        self.removed = False
        self.mounts = {mount.target: mount.source for mount in spec.mounts}

    def start(self):
        self.folder.mkdir(parents=True)
        self.log = self.folder / "log"
        self.began = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def command(self):
        door = self.mounts[contract.DOOR]
        if self.agent is not None:
            return [sys.executable, "-c", self.agent, str(door), str(self.folder)]
        places = {
            "--request": door / contract.REQUEST_NAME,
            "--socket": door / contract.SOCKET_NAME,
            "--data": self.mounts[contract.DATA],
            "--prompts": self.mounts[contract.PROMPTS],
            "--earlier": door / contract.EARLIER_NAME,
            "--order": door / contract.ORDER_NAME,
            "--workspace": self.folder,
        }
        flags = [str(part) for pair in places.items() for part in pair]
        return [sys.executable, "-m", "agent", "--unsafe-no-sandbox", *flags]

    def wait(self, tick):
        timed_out = False
        while self.process.poll() is None:
            uncounted = tick()
            if time.monotonic() - self.began - uncounted > self.spec.limits.wall_seconds:
                timed_out = True
                self.process.kill()
            time.sleep(0.02)
        return Ending(
            exit_code=self.process.returncode,
            oom_kills=0,
            timed_out=timed_out,
            over_disk=False,
            seconds=time.monotonic() - self.began,
            log_tail=self.log.read_text(errors="replace")[-4000:],
        )

    def fetch(self, path, destination):
        found = self.folder / Path(path).relative_to(contract.HOME)
        if not found.is_file():
            return False
        destination.write_bytes(found.read_bytes())
        return True

    def effective(self):
        return {"network_mode": "the host's own"}

    def resources(self):
        return None

    def remove(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.removed = True


class BrokenSandbox(HostSandbox):
    """One that can't be started: the engine is gone."""

    def start(self):
        raise InfrastructureError("the engine is gone")
