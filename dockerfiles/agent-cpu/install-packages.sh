#!/bin/sh
# install-packages.sh ENVIRONMENT PACKAGES LOCK: make or extend a virtual environment of exactly these versions.
#
# Runs inside the image build. /run/secrets/network holds the host's package indexes, proxies and time limits as shell
# assignments, /run/secrets/ca its certificate authorities: both are mounted, so neither stays in a layer. Wheels only:
# nothing that is downloaded runs here. Everything is byte-compiled, because the root filesystem is read-only later and
# imports would take more than twice as long without.
set -eu
environment=$1 packages=$2 lock=$3

set -a
. /run/secrets/network
set +a
export UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_CACHE_DIR=/mnt/cache PYC_INVALIDATION_MODE=UNCHECKED_HASH
uv=/mnt/uv/bin/uv

[ -x "$environment/bin/python" ] || "$uv" venv -q --python "$(command -v python3.11)" "$environment"
"$uv" pip install --python "$environment/bin/python" --only-binary :all: --compile-bytecode \
    --requirement "$packages" --constraint "$lock"
# uv's lock file is everybody's to write.
rm -f "$environment/.lock"
