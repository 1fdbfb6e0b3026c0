"""A build reaches package indexes as pip does here, through secrets alone."""

import shlex

import pytest

from harness.errors import UserError
from harness.setup import host_network

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----"


@pytest.fixture
def host(tmp_path):
    """A function: environment and pip.conf → the variables that the build sees, and the secrets."""

    def read(environ=None, pip_conf=""):
        file = tmp_path / "pip.conf"
        file.write_text(pip_conf)
        bundle = tmp_path / "ca.pem"
        bundle.write_text(f"# a comment\n{CERTIFICATE}\n")
        environ = {"PIP_CONFIG_FILE": str(file), "SSL_CERT_FILE": str(bundle), **(environ or {})}
        network = host_network.read(environ, home=tmp_path / "home", prefix=tmp_path / "venv", etc=tmp_path / "etc")
        lines = (line.split("=", 1) for line in network.secrets["network"].splitlines())
        return {name: shlex.split(value)[0] for name, value in lines}, network

    return read


def test_pip_configuration_is_translated_for_uv(host):
    variables, _ = host(
        pip_conf="[global]\nindex-url = https://user:pa ss@mirror.example/simple\ntimeout = 60\n"
        "[install]\nextra-index-url =\n    https://a.example/simple\n    https://b.example/simple\n"
        "trusted-host = mirror.example\n"
    )
    assert (
        variables["UV_INDEX"] == variables["PIP_EXTRA_INDEX_URL"] == "https://a.example/simple https://b.example/simple"
    )
    assert variables["UV_HTTP_TIMEOUT"] == variables["PIP_DEFAULT_TIMEOUT"] == "60"
    assert variables["UV_INSECURE_HOST"] == "mirror.example"
    assert variables["UV_INDEX_STRATEGY"] == "unsafe-best-match", "pip treats its indexes as one pool"


def test_variables_win_over_files(host):
    variables, _ = host(
        {"PIP_INDEX_URL": "https://two.example/simple"}, "[global]\nindex-url=https://one.example/simple\n"
    )
    assert variables["PIP_INDEX_URL"] == variables["UV_DEFAULT_INDEX"] == "https://two.example/simple"


def test_settings_made_for_uv_win_over_those_made_for_pip(host):
    variables, _ = host(
        {"PIP_INDEX_URL": "https://pip.example/simple", "UV_DEFAULT_INDEX": "https://uv.example/simple"}
    )
    assert variables["UV_DEFAULT_INDEX"] == "https://uv.example/simple"


def test_folders_of_the_host_are_not_passed_on(host):
    variables, _ = host(
        {"PIP_FIND_LINKS": "/srv/wheels https://links.example/"}, "[global]\nextra-index-url = file:///srv/simple\n"
    )
    assert variables["PIP_FIND_LINKS"] == "https://links.example/"
    assert "UV_INDEX" not in variables and "PIP_EXTRA_INDEX_URL" not in variables


def test_proxies_reach_the_build_in_either_spelling(host):
    variables, _ = host({"HTTPS_PROXY": "http://proxy.example:3128", "no_proxy": "localhost,.example"})
    assert variables["https_proxy"] == "http://proxy.example:3128"
    assert variables["no_proxy"] == "localhost,.example"


def test_values_can_not_break_out_of_their_assignment(host):
    variables, _ = host({"PIP_PROXY": "http://u:$(id)'@proxy.example; echo"})
    assert variables["PIP_PROXY"] == "http://u:$(id)'@proxy.example; echo"


def test_authorities_are_passed_as_certificates_alone(host):
    variables, network = host()
    assert network.secrets["ca"] == CERTIFICATE + "\n"
    assert variables["SSL_CERT_FILE"] == variables["PIP_CERT"] == host_network.CA_INSIDE


def test_of_the_bundle_that_a_box_is_to_trust_certificates_alone_are_taken_however_large_it_is(tmp_path):
    bundle = tmp_path / "mine.pem"
    key = "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"
    bundle.write_text(f"# of ours\n{key}{CERTIFICATE}\n" * 10_000)
    places = {"home": tmp_path, "prefix": tmp_path, "etc": tmp_path}
    found = host_network.authorities({"PIP_CERT": str(bundle)}, **places)
    assert found == f"{CERTIFICATE}\n" * 10_000
    (tmp_path / "pip.conf").write_text(f"[global]\ncert = {bundle}\n")
    assert host_network.authorities({}, **places) == found


def test_a_bundle_that_a_build_can_not_take_is_refused_with_a_way_out(host, tmp_path):
    big = tmp_path / "big.pem"
    big.write_text(f"{CERTIFICATE}\n" * 10_000)
    with pytest.raises(UserError, match=r"big\.pem holds \d+ bytes.*PIP_CERT="):
        host({"PIP_CERT": str(big)})


def test_secrets_lie_in_files_only_while_the_build_runs(host, tmp_path):
    _, network = host()
    folder = tmp_path / "secrets"
    with network.as_files(folder) as arguments:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
        assert f"id=ca,src={folder}/ca" in arguments
    assert not folder.exists()


def test_netrc_is_used_where_there_is_one(host, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.netrc").write_text("machine mirror.example login me password secret\n")
    variables, network = host()
    assert variables["NETRC"] == host_network.NETRC_INSIDE and "secret" in network.secrets["netrc"]
