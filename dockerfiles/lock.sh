#!/bin/sh
# lock.sh: write the *-lock.txt files anew from the package lists, for the images' Python and platform.
set -eu
cd "$(dirname "$0")"
uv=$(command -v uv || echo ../.venv/bin/uv)

lock() {
    "$uv" pip compile -q --upgrade --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
        --only-binary :all: --no-header --no-annotate "$@"
}

lock -o agent-cpu/agent-lock.txt agent-cpu/agent-packages.txt
lock -o agent-cpu/candidate-lock.txt agent-cpu/candidate-packages.txt
# The GPU image stands on the CPU image's packages, so its own may not ask for other versions of them.
grep -v '^xgboost' agent-cpu/candidate-lock.txt | lock -c - -o agent-gpu/gpu-lock.txt agent-gpu/gpu-packages.txt
lock -o aideml/lock.txt aideml/packages.txt
