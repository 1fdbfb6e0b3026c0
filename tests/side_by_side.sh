#!/bin/sh
# Run the tests that need an engine or a browser beside those that need neither: PYTHON [pytest's options]
# Each half keeps its order; the second half's output comes when the first is through. Ends with 1 where either failed.
set -u
python=$1
shift
said=$(mktemp)
"$python" -m pytest -m "not engine and not browser" "$@" > "$said" 2>&1 &
beside=$!
trap 'kill -INT "$beside" 2>/dev/null; wait "$beside"; rm -f "$said"; exit 130' INT TERM
"$python" -m pytest -m "engine or browser" "$@"
with_engine=$?
wait "$beside"
without=$?
cat "$said"
rm -f "$said"
[ "$with_engine" -eq 0 ] && [ "$without" -eq 0 ]
