#!/bin/sh
# environment.sh FOLDER: make a virtual environment with this checkout and its development tools installed.
#
# Starts from a bare Python 3.11 or later. uv is used where it is there or can be installed, because it is several times
# faster; where it can't see the package index that pip is configured for, pip does the work.
set -eu
folder=$1

# uv knows one name for a private certificate authority, pip others: whichever is set serves both.
authorities=${SSL_CERT_FILE:-${PIP_CERT:-${REQUESTS_CA_BUNDLE:-}}}
if [ -n "$authorities" ]; then
    export SSL_CERT_FILE="${SSL_CERT_FILE:-$authorities}" REQUESTS_CA_BUNDLE="${REQUESTS_CA_BUNDLE:-$authorities}"
fi

say() { printf '%s\n' "$*" >&2; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for python in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if new_enough "$python"; then
            command -v "$python"
            return
        fi
    done
}

# Debian's python3 has no ensurepip until python3-venv is installed.
add_venv_package() {
    if "$1" -c 'import ensurepip, venv' 2>/dev/null; then
        return
    fi
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        say "$1 can't make virtual environments. Install that part: sudo apt-get install python3-venv, then: make setup"
        exit 2
    fi
    say "Installing python3-venv: $1 can't make virtual environments without it …"
    apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
}

# What was added to an environment by hand stays: one that works is extended, not made anew.
works() { [ -x "$folder/bin/python" ] && new_enough "$folder/bin/python"; }

with_uv() { "$1" pip install -q --python "$folder/bin/python" -e '.[dev]'; }

say "Installing Podium and its tools into $folder …"
if command -v uv >/dev/null && { works || uv venv -q --clear --python '>=3.11' "$folder" 2>/dev/null; } && with_uv uv; then
    exit
fi

python=$(find_python)
if [ -z "$python" ]; then
    say "Podium needs Python 3.11 or later; python3 here is $(python3 --version 2>&1 || true)." \
        "Install it, or name one: make setup PYTHON=/path/to/python3.11"
    exit 2
fi
add_venv_package "$python"
works || rm -rf "$folder"
"$python" -m venv "$folder"
if "$folder/bin/python" -m pip install -q uv && with_uv "$folder/bin/uv"; then
    exit
fi
say "uv can't install from here; trying with pip …"
exec "$folder/bin/python" -m pip install -q -e '.[dev]'
