"""Run the tests that need an engine or a browser beside those that need neither: `python tests/side_by_side.py`.

Each half keeps its order. What the second says comes when the first is through; ends with 1 where either failed. Not by
a shell's `&`, which leaves what it starts deaf to Ctrl-C: some tests send that to processes of their own.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile

ENGINE = "engine or browser"


def main(options: list[str]) -> int:
    """Run both halves with these options of pytest."""
    command = [sys.executable, "-m", "pytest", *options, "-m"]
    signal.signal(signal.SIGINT, lambda number, frame: None)  # both halves have a Ctrl-C too, and are given time to end
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen([*command, f"not ({ENGINE})"], stdout=said, stderr=subprocess.STDOUT) as beside:
            with_engine = subprocess.run([*command, ENGINE], check=False).returncode
            without = beside.wait()
        said.seek(0)
        sys.stdout.buffer.write(said.read())
    return int(with_engine != 0 or without != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
