"""Runs go to other machines only as asked, and only to clusters that ask for a token and are not public."""

import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

import pytest

from harness.errors import InfrastructureError, UserError
from harness.groups import cluster
from harness.groups.cluster import Cluster, Machine
from harness.groups.elsewhere import Where, parse_executor
from harness.groups.executor import Needs
from harness.sandbox.base import GIB
from harness.verbs.choices import BenchOptions
from tests.e2e.machines import free_port

ONE = ("spaceship-titanic",)
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}


@pytest.mark.parametrize(
    ("where", "changes", "words"),
    [
        (Where(ray_address="10.0.0.5:6379"), {}, "--ray-address is for runs on other machines"),
        (Where(send_keys=True), {}, "--send-keys is for runs on other machines"),
        (Where("ray"), {}, "needs --cpus and --memory"),
        (Where("ray"), {"cpus": 2.0}, "needs --memory"),
        (Where("ray"), {"cpus": 2.0, "memory_bytes": GIB, "gpus": "0,1"}, "every machine has GPUs by these places"),
        (Where("ray"), {"cpus": 2.0, "memory_bytes": GIB, "runs_per_gpu": 2}, "--runs-per-gpu: on other machines"),
    ],
)
def test_what_can_not_be_meant_is_refused(where, changes, words):
    with pytest.raises(UserError, match=words):
        BenchOptions(ONE, where=where, **changes).check()


def test_there_are_two_executors():
    assert parse_executor("ray") == "ray"
    with pytest.raises(UserError, match="choose one of local, ray"):
        parse_executor("slurm")


@pytest.mark.parametrize("environ", [{}, {"RAY_AUTH_MODE": "disabled"}])
def test_without_a_token_no_cluster_is_talked_to(environ):
    with pytest.raises(UserError, match="may run anything on its machines"), cluster.connected("127.0.0.1:1", environ):
        pass


@pytest.mark.parametrize("address", ["8.8.8.8:6379", "[2a01:4f8::ab]:6379", "193.99.144.80"])
def test_a_head_with_a_public_address_is_refused_before_anything_is_sent(address, monkeypatch):
    monkeypatch.setattr(cluster, "_answers", lambda address: pytest.fail("it was talked to"))
    with pytest.raises(UserError, match="public address"), cluster.connected(address, TOKEN):
        pass


def test_a_machine_with_a_public_address_does_not_join_a_cluster(monkeypatch):
    monkeypatch.setattr(cluster.addresses, "own", lambda: ["127.0.0.1", "193.99.144.80"])
    refused = pytest.raises(UserError, match="this machine has the public address")
    with refused, cluster.connected("127.0.0.1:1", TOKEN):
        pass


@pytest.mark.parametrize(
    ("address", "words"),
    [("", "--ray-address HOST:PORT"), ("auto", "own HOST:PORT"), ("ray://h:1", "own HOST:PORT")],
)
def test_a_cluster_is_named_by_its_heads_address(address, words):
    with pytest.raises(UserError, match=words), cluster.connected(address, TOKEN):
        pass


def test_the_address_may_come_from_the_environment_and_has_a_default_port():
    assert cluster.with_port("10.0.0.5") == "10.0.0.5:6379"
    with (
        pytest.raises(InfrastructureError, match=r"no Ray cluster answers at 127\.0\.0\.1.*ray start --head"),
        cluster.connected(None, {**TOKEN, "RAY_ADDRESS": f"127.0.0.1:{free_port()}"}),
    ):
        pass


def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"pip install -e '\.\[ray\]'"), cluster.connected("127.0.0.1:1", TOKEN):
        pass


class TestPlacement:
    """Nodes are told by CPUs, memory and GPUs."""

    SMALL = Machine("a", "small", "10.0.0.6", 2, 8 * GIB, 0)
    BIG = Machine("b", "big", "10.0.0.7", 8, 64 * GIB, 1)
    TWO = Machine("c", "two", "10.0.0.8", 8, 64 * GIB, 2)
    IDS: ClassVar = {"b": ["GPU-b1"], "c": ["GPU-c1", "GPU-c2"]}

    @pytest.fixture
    def of(self, monkeypatch):
        """Make a cluster of these machines; what keepers were placed with is kept in it."""

        def make(*machines):
            monkeypatch.setattr(Cluster, "machines", lambda self: list(machines))
            monkeypatch.setattr(Cluster, "_gpus_of", lambda self, machine: self.ids_of.get(machine.id, []))
            made = Cluster("10.0.0.5:6379", RecordingRay())
            made.ids_of = self.IDS
            return made

        return make

    @pytest.mark.parametrize(
        ("needs", "excluded"),
        [
            (Needs(cpus=9, memory_bytes=GIB, disk_bytes=GIB), ()),
            (Needs(cpus=1, memory_bytes=65 * GIB, disk_bytes=GIB), ()),
            (Needs(cpus=1, memory_bytes=GIB, disk_bytes=GIB, gpus="2"), ()),
            (Needs(cpus=1, memory_bytes=GIB, disk_bytes=GIB, gpus="GPU-c1"), ()),
            (Needs(cpus=4, memory_bytes=GIB, disk_bytes=GIB, gpus="all"), ("b",)),
            (Needs(cpus=4, memory_bytes=GIB, disk_bytes=GIB), ("b",)),
        ],
    )
    def test_a_run_that_no_node_could_carry_is_refused_with_what_there_is(self, of, needs, excluded):
        with pytest.raises(InfrastructureError, match=r"there are: .*small \(2 CPUs, 8\.0 GiB\)"):
            of(self.SMALL, self.BIG).refuse_needs(needs, excluded)

    def test_one_that_some_node_can_carry_is_not(self, of):
        two = of(self.SMALL, self.BIG)
        two.refuse_needs(Needs(cpus=8, memory_bytes=64 * GIB, disk_bytes=GIB, gpus="1"))
        two.refuse_needs(Needs(cpus=2, memory_bytes=GIB, disk_bytes=GIB), ("b",))

    @pytest.mark.parametrize(
        ("gpus", "nodes", "taken"),
        [
            ("1", {"b", "c"}, 1),
            ("2", {"c"}, 2),
            ("GPU-c2", {"c"}, 2),
            ("GPU-c2,GPU-c1", {"c"}, 2),
            ("GPU-b", {"b"}, 1),
        ],
    )
    def test_gpus_by_uuid_lead_to_their_node_and_take_all_of_it(self, of, gpus, nodes, taken):
        cluster = of(self.SMALL, self.BIG, self.TWO)
        placed = cluster.keeper(Needs(cpus=1, memory_bytes=GIB, disk_bytes=GIB, gpus=gpus))
        (selector,) = placed["label_selector"].values()
        assert set(selector.removeprefix("in(").removesuffix(")").split(",")) == nodes
        assert placed["num_gpus"] == taken

    def test_all_gpus_are_those_of_any_machine_where_all_have_as_many(self, of):
        needs = Needs(cpus=1, memory_bytes=GIB, disk_bytes=GIB, gpus="all")
        same = replace(self.TWO, id="d")
        assert of(self.SMALL, self.TWO, same).keeper(needs)["num_gpus"] == 2
        with pytest.raises(UserError, match=r"machines differ .*big.*1 GPUs.*two.*2 GPUs.*--gpus 1"):
            of(self.SMALL, self.BIG, self.TWO).refuse_needs(needs)


class RecordingRay:
    """Places nothing: a keeper is what it would have been placed with."""

    def remote(self, actor):
        return SimpleNamespace(options=lambda **options: SimpleNamespace(remote=lambda: options))
