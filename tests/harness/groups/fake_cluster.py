"""A cluster in this process, for what no real one can be made to do at will: keepers that lie, are slow, or vanish."""

import json
from types import SimpleNamespace


class RayError(Exception):
    pass


class ActorUnavailableError(RayError):
    pass


class GetTimeoutError(RayError):
    pass


class FakeRay:
    """As much of Ray as errands use: calls are made when their answer is asked for."""

    exceptions = SimpleNamespace(
        RayError=RayError, ActorUnavailableError=ActorUnavailableError, GetTimeoutError=GetTimeoutError
    )

    def get(self, call, timeout=None):
        return call()

    def wait(self, calls, timeout=None):
        return calls, []

    def kill(self, keeper):
        keeper.killed = True


class FakeCluster:
    """Gives the keepers that a test made, one after another; all nodes have room."""

    address = "10.0.0.5:6379"

    def __init__(self, *keepers):
        self.ray = FakeRay()
        self.head_is_gone = False
        self.keepers = list(keepers)
        self.excluded = []

    def keeper(self, needs, excluded=()):
        if not self.keepers:
            from harness.errors import InfrastructureError

            raise InfrastructureError("no node is left")
        self.excluded.append(set(excluded))
        return self.keepers.pop(0)


class Remote:
    """A method as Ray shows it."""

    def __init__(self, call):
        self._call = call

    def remote(self, *arguments):
        return lambda: self._call(*arguments)


class FakeKeeper:
    """Runs nothing: tells `state`, hands out `packed`."""

    def __init__(self, node="a", *, code="sha", addresses=("10.0.0.6",), state=None, packed=b"", logs=None):
        self.node, self.code, self.addresses = node, code, list(addresses)
        self.state = {"over": True, "said": [], "record": "{}", "sizes": {}, **(state or {})}
        self.packed = packed
        self.logs = logs or {}
        self.called = []
        self.killed = False

    def __getattr__(self, name):
        if name.startswith("do_"):
            raise AttributeError(name)
        method = getattr(self, f"do_{name}", lambda *_: None)

        def call(*arguments):
            self.called.append(name)
            return method(*arguments)

        return Remote(call)

    def do_hello(self):
        return json.dumps({"hostname": f"host-{self.node}", "code_sha256": self.code, "addresses": self.addresses})

    def do_where(self):
        return [self.node]

    def do_poll(self):
        sizes = {name: len(content) for name, content in self.logs.items()}
        return json.dumps({**self.state, "sizes": sizes})

    def do_read(self, name, offset, most):
        return self.logs.get(name, b"")[offset : offset + most]

    def do_pack(self):
        return len(self.packed)

    def do_piece(self, offset, most):
        return self.packed[offset : offset + most]
