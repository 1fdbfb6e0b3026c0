"""Runs on one node don't get the same CPUs, whoever started them."""

import subprocess
import sys

from harness.nodes.lanes import lane

HOLD = "import sys; from pathlib import Path; from harness.nodes.lanes import lane\n" + (
    "with lane(Path(sys.argv[1])) as n: print(n, flush=True); sys.stdin.read()"
)


def test_each_holds_the_first_that_is_free_until_its_process_ends(tmp_path):
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline().strip() == "0"
        with lane(tmp_path) as second, lane(tmp_path) as third:
            assert (second, third) == (1, 2)
        other.kill()
        other.wait()
        with lane(tmp_path) as freed:
            assert freed == 0
    finally:
        other.kill()
        other.communicate()
