"""Run a command in a terminal of its own and draw what it shows: `python docs/terminal_picture.py OUT.svg COMMAND…`."""

from __future__ import annotations

import os
import pty
import re
import shlex
import sys
from pathlib import Path

COLUMNS, LINES = 132, 50
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def main(out: Path, command: list[str]) -> int:
    """Record the command's screen; return its exit code."""
    from rich.console import Console
    from rich.text import Text

    chunks: list[bytes] = []

    def keep(descriptor: int) -> bytes:
        chunk = os.read(descriptor, 65536)
        chunks.append(chunk)
        return chunk

    os.environ |= {"COLUMNS": str(COLUMNS), "LINES": str(LINES), "TERM": "xterm-256color"}
    sized = ["sh", "-c", f'stty cols {COLUMNS} rows {LINES}; exec "$@"', "sh", *command]
    status = pty.spawn(sized, keep)
    screen = b"".join(chunks).decode("utf-8", "replace")
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text(f"$ {shlex.join(command)}", style="bold"))
        for line in screen.replace("\r\n", "\n").rstrip("\n").split("\n"):
            # A progress bar is drawn again and again on one line: the last drawing is what stays.
            drawn = [part for part in line.split("\r") if CONTROL.sub("", part).strip()]
            console.print(Text.from_ansi(drawn[-1] if drawn else ""), soft_wrap=True)
        drawing = console.export_svg(title="podium")
    # The reader's own monospace font will do; a picture must not fetch one.
    out.write_text(re.sub(r"@font-face \{.*?\}", "", drawing, flags=re.DOTALL), encoding="utf-8")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
