"""The base is made from the package sources that this host uses itself."""

import pytest

from harness.setup.debian import (
    PUBLIC_MIRROR,
    Source,
    is_debian_like,
    os_release,
    parse_proxies,
    sources,
    sources_for,
)

DEB822 = """\
Types: deb deb-src
# a comment between fields
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no
"""


@pytest.fixture
def apt(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_deb822_sources_are_read_with_their_keys(apt):
    (apt / "sources.list.d/debian.sources").write_text(DEB822)

    lines = [source.line() for source in sources_for("bookworm", sources(apt))]

    key = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
    assert lines == [
        f"deb {key}http://mirror.example/debian bookworm main",
        f"deb {key}http://mirror.example/debian bookworm-updates main",
        "deb http://mirror.example/debian-security bookworm-security main",
    ]


def test_one_line_sources_are_read(apt):
    (apt / "sources.list").write_text(
        "# deb http://old.example/debian bookworm main\n"
        "deb-src http://mirror.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # ours\n"
    )
    assert sources(apt) == [Source("http://mirror.example/debian", "bookworm", ("main", "contrib"), "/k.gpg")]


def test_a_host_of_another_release_lends_its_mirror(apt):
    (apt / "sources.list").write_text("deb http://mirror.example/debian/ trixie main\n")
    assert sources_for("bookworm", sources(apt)) == [Source("http://mirror.example/debian/", "bookworm", ("main",))]


def test_a_host_without_a_debian_mirror_uses_the_public_one(apt):
    (apt / "sources.list").write_text("deb http://archive.example/ubuntu noble main universe\n")
    assert sources_for("bookworm", sources(apt)) == [Source(PUBLIC_MIRROR, "bookworm", ("main",))]


def test_third_party_sources_are_no_debian(apt):
    (apt / "sources.list").write_text(
        "deb https://packages.example/cuda bookworm main\n"
        "deb [signed-by=/etc/apt/keyrings/tool.gpg] https://tool.example/debian bookworm main\n"
    )
    (apt / "sources.list.d/debian.sources").write_text(DEB822)
    (apt / "sources.list.d/notes.txt").write_text("deb http://ignored.example/debian bookworm main\n")

    uris = {source.uri for source in sources_for("bookworm", sources(apt))}

    assert uris == {"http://mirror.example/debian", "http://mirror.example/debian-security"}


def test_apt_proxies_become_variables():
    dump = (
        'Acquire::http::Proxy "http://proxy.example:3128";\n'
        'Acquire::http::Proxy::mirror.example "DIRECT";\n'
        'Acquire::https::Proxy "DIRECT";\n'
    )
    assert parse_proxies(dump) == {"http_proxy": "http://proxy.example:3128"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ID=debian\n", True),
        ('ID=ubuntu\nID_LIKE="debian"\n', True),
        ('ID="fedora"\nID_LIKE="rhel centos"\n', False),
        ("", False),
    ],
)
def test_systems_are_told_apart(tmp_path, text, expected):
    (tmp_path / "os-release").write_text(text)
    assert is_debian_like(os_release(tmp_path / "os-release")) is expected


def test_a_system_without_os_release_is_unknown(tmp_path):
    assert os_release(tmp_path / "none") == {}
