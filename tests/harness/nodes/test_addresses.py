"""What the whole world can reach is no place for a cluster."""

import pytest

from harness.errors import UserError
from harness.nodes import addresses

TRIE = """Local:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.1.0.0/16 2 0 2
        |-- 10.1.2.3
           /32 host LOCAL
        |-- 10.1.255.255
           /32 link BROADCAST
     |-- 127.0.0.1
        /32 host LOCAL
"""
INET6 = """00000000000000000000000000000001 01 80 10 80       lo
2a0104f80000000000000000000000ab 02 40 00 00     eth0
"""


@pytest.mark.parametrize("address", ["8.8.8.8", "2a01:4f8::ab", "193.99.144.80"])
def test_a_public_address_is_refused_with_the_reason(address):
    with pytest.raises(UserError, match=r"the head has the public address .* whoever gets hold of the cluster's token"):
        addresses.refuse_public([address], "the head")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.5", "172.16.9.9", "192.168.1.1", "100.64.3.4", "fd00::1"]
)
def test_private_addresses_and_loopback_are_not(address):
    addresses.refuse_public([address, "localhost"], "the head")


def test_a_name_without_an_address_is_told():
    with pytest.raises(UserError, match="no address here"):
        addresses.refuse_public(["no-such-host.invalid"], "the head")


@pytest.mark.parametrize(
    ("text", "host"), [("10.0.0.5:6379", "10.0.0.5"), ("head:1", "head"), ("[::1]:6379", "::1"), ("head", "head")]
)
def test_the_host_of_an_address(text, host):
    assert addresses.host_of(text) == host


def test_the_addresses_of_a_machine_are_those_of_its_interfaces(tmp_path, monkeypatch):
    (tmp_path / "trie").write_text(TRIE)
    (tmp_path / "inet6").write_text(INET6)
    monkeypatch.setattr(addresses, "FIB_TRIE", tmp_path / "trie")
    monkeypatch.setattr(addresses, "IF_INET6", tmp_path / "inet6")
    assert addresses.own() == ["10.1.2.3", "127.0.0.1", "2a01:4f8::ab", "::1"]
    with pytest.raises(UserError, match="2a01:4f8::ab"):
        addresses.refuse_public(addresses.own(), "this machine")


def test_this_machine_has_its_loopback_address():
    assert "127.0.0.1" in addresses.own()
