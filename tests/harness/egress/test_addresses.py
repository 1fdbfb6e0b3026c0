"""Which addresses may be connected to: those of the public internet, however they are written."""

import pytest

from harness.egress.addresses import PublicReach, is_public


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.17.0.1", "192.168.1.1", "100.64.0.1"),
        *("169.254.169.254", "168.63.129.16", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:7f00:1::1", "2001:0:53aa:64c:0:0:0:0"),
        *("", "pypi.org", "1.2.3", "not an address"),
    ],
)
def test_no_private_local_or_reserved_address_may_be_connected_to(address):
    assert not is_public(address)
    assert not PublicReach().allows(address)


@pytest.mark.parametrize("address", ["151.101.0.223", "2a04:4e42::223", "64:ff9b::9765:df", "::ffff:151.101.0.223"])
def test_public_ones_may(address):
    assert is_public(address)
