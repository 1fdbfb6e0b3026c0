"""How this host reaches package indexes, handed to an image build as secrets: nothing of it stays in a layer.

uv reads neither the configuration files nor the variables of pip, so what pip sees here is translated for both. Only
indexes that a build can reach are passed on: `http(s)` ones. A folder of wheels on the host is not one; where there is
no index at all, load a finished image (`docker load`).
"""

from __future__ import annotations

import configparser
import contextlib
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError

CA_INSIDE = "/run/secrets/ca"
NETRC_INSIDE = "/run/secrets/netrc"
SECRET_LIMIT_BYTES = 500_000  # BuildKit refuses larger secrets
CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
CA_PLACES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
UV_URL_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True)
class HostNetwork:
    """The secrets of a build, by name: `network` (shell assignments), and `ca` and `netrc` where the host has them."""

    secrets: Mapping[str, str]

    @contextlib.contextmanager
    def as_files(self, folder: Path) -> Iterator[list[str]]:
        """Write the secrets below `folder`; yield the build's `--secret` arguments; remove them again."""
        folder.mkdir(mode=0o700)
        paths = {name: folder / name for name in self.secrets}
        try:
            for name, path in paths.items():
                path.touch(mode=0o600)
                path.write_text(self.secrets[name], encoding="utf-8")
            yield [part for name, path in paths.items() for part in ("--secret", f"id={name},src={path}")]
        finally:
            for path in paths.values():
                path.unlink(missing_ok=True)
            folder.rmdir()


def read(environ: Mapping[str, str], *, home: Path, prefix: Path, etc: Path = Path("/etc")) -> HostNetwork:
    """Collect indexes, proxies, time limits, certificate authorities and netrc as pip would see them here."""
    options = pip_options(environ, pip_files(environ, home=home, prefix=prefix, etc=etc))
    variables = pip_variables(options) | _uv_variables(options) | _passed_on(environ)
    secrets: dict[str, str] = {}
    bundle = _bundle(environ, options)
    if bundle is not None:
        secrets["ca"] = _no_longer_than_a_secret(bundle, certificates(bundle))
        variables |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"), CA_INSIDE)
    netrc = Path(environ.get("NETRC") or home / ".netrc")
    if netrc.is_file():
        secrets["netrc"] = netrc.read_text(encoding="utf-8")
        variables["NETRC"] = NETRC_INSIDE
    secrets["network"] = "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))
    return HostNetwork(secrets)


def authorities(environ: Mapping[str, str], *, home: Path, prefix: Path, etc: Path = Path("/etc")) -> str:
    """The certificates of whom pip trusts here, a company's own authority among them; empty where the host has none."""
    bundle = _bundle(environ, pip_options(environ, pip_files(environ, home=home, prefix=prefix, etc=etc)))
    return "" if bundle is None else certificates(bundle)


def pip_files(environ: Mapping[str, str], *, home: Path, prefix: Path, etc: Path) -> list[Path]:
    """pip's configuration files, weakest first: system, user, the environment's own, PIP_CONFIG_FILE."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == "/dev/null":
        return []
    shared = (environ.get("XDG_CONFIG_DIRS") or str(etc / "xdg")).split(":")
    system = [*(Path(folder) / "pip/pip.conf" for folder in shared), etc / "pip.conf"]
    user = [home / ".pip/pip.conf", Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf"]
    return [*system, *user, prefix / "pip.conf", *([Path(named)] if named else [])]


def pip_options(environ: Mapping[str, str], files: Sequence[Path]) -> dict[str, str]:
    """pip's options of `pip install`: files, then variables, the later winning."""
    options: dict[str, str] = {}
    for section in ("global", "install"):
        for file in files:
            parser = configparser.RawConfigParser()
            with contextlib.suppress(configparser.Error, OSError):
                parser.read(file, encoding="utf-8")
            if parser.has_section(section):
                options |= {key.replace("_", "-").lower(): value for key, value in parser.items(section)}
    prefix = "PIP_"
    variables = {name: value for name, value in environ.items() if name.startswith(prefix) and value}
    options |= {name.removeprefix(prefix).lower().replace("_", "-"): value for name, value in variables.items()}
    if "default-timeout" in options:
        options["timeout"] = options["default-timeout"]
    return options


def pip_variables(options: Mapping[str, str]) -> dict[str, str]:
    """The options that matter to a build, as pip's variables."""
    kept = {
        "PIP_INDEX_URL": " ".join(_reachable(options.get("index-url", ""))),
        "PIP_EXTRA_INDEX_URL": " ".join(_reachable(options.get("extra-index-url", ""))),
        "PIP_FIND_LINKS": " ".join(_reachable(options.get("find-links", ""))),
        "PIP_TRUSTED_HOST": " ".join(options.get("trusted-host", "").split()),
        "PIP_DEFAULT_TIMEOUT": options.get("timeout", ""),
        "PIP_RETRIES": options.get("retries", ""),
        "PIP_PROXY": options.get("proxy", ""),
    }
    return {name: value for name, value in kept.items() if value}


def _uv_variables(options: Mapping[str, str]) -> dict[str, str]:
    timeout = options.get("timeout", "").partition(".")[0]
    proxy = options.get("proxy", "")
    kept = {
        "UV_DEFAULT_INDEX": " ".join(_reachable(options.get("index-url", ""))),
        "UV_INDEX": " ".join(_reachable(options.get("extra-index-url", ""))),
        "UV_FIND_LINKS": ",".join(_reachable(options.get("find-links", ""))),
        "UV_INSECURE_HOST": " ".join(options.get("trusted-host", "").split()),
        "UV_HTTP_TIMEOUT": timeout if timeout.isdecimal() else "",
        "UV_INDEX_STRATEGY": "unsafe-best-match",  # pip's way: all indexes are one pool
        "http_proxy": proxy,
        "https_proxy": proxy,
    }
    return {name: value for name, value in kept.items() if value}


def _passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    """Proxies and uv's own settings win over what was made of pip's."""
    proxies = {name: environ.get(name) or environ.get(name.upper()) or "" for name in PROXY_VARIABLES}
    urls = {name: " ".join(_reachable(environ.get(name, ""))) for name in UV_URL_VARIABLES}
    plain = {name: environ.get(name, "") for name in ("UV_HTTP_TIMEOUT", "UV_INSECURE_HOST", "UV_INDEX_STRATEGY")}
    return {name: value for name, value in (proxies | urls | plain).items() if value}


def _reachable(urls: str) -> list[str]:
    return [url for url in re.split(r"[\s,]+", urls) if re.match(r"(\w+=)?https?://", url)]


def _bundle(environ: Mapping[str, str], options: Mapping[str, str]) -> Path | None:
    """The bundle that pip trusts here, else the system's; None where the host has none."""
    named = [options.get("cert", ""), *(environ.get(name, "") for name in CA_VARIABLES), *CA_PLACES]
    return next((Path(name) for name in named if name and Path(name).is_file()), None)


def certificates(bundle: Path) -> str:
    """What of a bundle is certificates: whatever else somebody keeps in the file stays here."""
    return "\n".join(CERTIFICATE.findall(bundle.read_text(encoding="utf-8", errors="replace"))) + "\n"


def _no_longer_than_a_secret(bundle: Path, text: str) -> str:
    if len(text) > SECRET_LIMIT_BYTES:
        raise UserError(
            f"{bundle} holds {len(text)} bytes of certificates; an image build takes {SECRET_LIMIT_BYTES} at most. "
            "Name a smaller bundle: PIP_CERT=/path/to/bundle.pem make image"
        )
    return text
