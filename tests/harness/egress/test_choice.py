"""What `--egress` can say, and what it means."""

import pytest

from harness.egress import choice
from harness.egress.choice import NONE, Egress, Rule, host_name, parse
from harness.errors import UserError


@pytest.fixture
def listed(tmp_path):
    def write(text):
        path = tmp_path / "list.txt"
        path.write_text(text)
        return parse(f"allowlist:{path}")

    return write


def test_nothing_is_fetched_unless_it_is_asked_for():
    assert parse("none") == NONE and parse("open") == Egress("open") and NONE.mode == "none"


def test_a_list_allows_its_hosts_on_the_usual_ports_and_names_below_a_suffix(listed):
    egress = listed("# packages\npypi.org\n\n*.Example.com.  # all of theirs\nhub.test:8080\n")

    allowed = [
        ("pypi.org", 443),
        ("pypi.org", 80),
        ("a.example.com", 443),
        ("b.a.example.com", 443),
        ("hub.test", 8080),
    ]
    refused = [("pypi.org", 22), ("x.pypi.org", 443), ("pypi.org.evil", 443), ("evilpypi.org", 443), ("hub.test", 443)]
    assert all(egress.allows(*one) for one in [*allowed, ("hub.test", 8080)])
    assert not any(egress.allows(*one) for one in [*refused, ("example.com", 443), ("aexample.com", 443)])
    assert egress.brief().hosts == ("pypi.org", "*.example.com", "hub.test:8080")


def test_the_hash_names_what_is_allowed_and_not_how_it_is_written(listed):
    one = listed("a.test\nb.test\n")
    assert one.sha256 == listed("b.test # the second\n\na.test\na.test\n").sha256 != listed("a.test\n").sha256


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://pypi.org", "line 1: 'https://pypi.org' is no rule"),
        ("a.test\n10.0.0.1", "line 2: '10.0.0.1' is no rule"),
        ("0x7f.1", "is no rule"),
        ("*.com", "would allow every name of com"),
        ("*", "is no rule"),
        ("a.*.com", "is no rule"),
        ("a.test:0", "0 is no port"),
        ("a.test:70000", "70000 is no port"),
        ("[::1]:443", "is no rule"),
        ("a.test at home", "'home' is no network"),
        ("a.test at 10.0.0.1/8", "has host bits set"),
        ("a.test at", "is no rule"),
        ("# nothing\n", "allows no host"),
        ("\n".join(f"h{number}.test" for number in range(201)), "201 rules"),
    ],
)
def test_what_can_not_be_meant_is_told_with_its_place(listed, text, said):
    with pytest.raises(UserError, match=r".*") as caught:
        listed(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["all", "allowlist", "allowlist:", "allowlist:/nowhere/list.txt"])
def test_another_choice_is_refused_with_the_ones_that_there_are(text):
    with pytest.raises(UserError, match="packages"):
        parse(text)


def test_the_lists_that_ship_can_be_named_and_are_as_they_should():
    assert choice.shipped() == ["models", "packages"]
    assert all(parse(f"allowlist:{name}").allows("pypi.org", 443) for name in choice.shipped())
    assert choice.absolute("allowlist:packages") == "allowlist:packages"


def test_a_file_is_named_by_its_whole_path_in_a_record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert choice.absolute("allowlist:mine.txt") == f"allowlist:{tmp_path}/mine.txt"


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "2130706433", "0x7f000001", "017700000001", "127.1", "a b", "", "-", "a..b"]
)
def test_numbers_and_what_is_no_name_are_no_hosts_name(text):
    assert host_name(text) is None


def test_a_rule_reads_as_it_was_written():
    assert str(Rule("a.test", below=True, port=81)) == "*.a.test:81"


def test_a_host_may_lie_in_the_private_network_that_its_rule_names(listed):
    egress = listed("index.test at 10.1.2.0/24\nother.test\n*.corp.test:8080 at fd12::/16\n")

    assert egress.allows_at("index.test", 443, "10.1.2.9") and egress.allows_at("a.corp.test", 8080, "fd12::1")
    refused = [("index.test", 443, "10.1.3.9"), ("index.test", 22, "10.1.2.9"), ("other.test", 443, "10.1.2.9")]
    refused += [("index.test", 443, "::ffff:10.1.2.9"), ("index.test", 443, "fe80::1%eth0")]
    assert not any(egress.allows_at(*one) for one in refused)
    assert egress.brief().hosts == ("index.test at 10.1.2.0/24", "other.test", "*.corp.test:8080 at fd12::/16")
    assert egress.sha256 != listed("index.test\nother.test\n*.corp.test:8080\n").sha256


@pytest.mark.parametrize(
    "network",
    [
        *("127.0.0.1", "0.0.0.0/0", "169.254.169.254", "169.0.0.0/8", "100.64.0.0/10", "168.63.129.16", "224.0.0.1"),
        *("::1", "::/0", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::/48", "fd00:ec2::/32"),
    ],
)
def test_no_rule_leads_to_this_machine_its_links_or_a_clouds_own_services(listed, network):
    with pytest.raises(UserError, match=r"line 1: .* holds addresses of this machine"):
        listed(f"index.test at {network}")
