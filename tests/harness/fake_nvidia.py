"""Stand-ins for NVIDIA's programs, put on a PATH: they answer in the forms that the real ones print.

`nvidia-smi` answers `--query-gpu`, `-L` and `--loop`, and refuses fields that it does not know, as old drivers do. The
hook, which an engine finds by its name on PATH, notes what a container would have been given.
"""

import json
import sys
from pathlib import Path

A100 = "GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f"
SECOND = "GPU-0f3e1a5b-7a0d-4b6e-9c1f-2d3c4b5a6978"
SLICE = "MIG-4d806f22-346a-5a1d-ba01-86b505cdf485"
OTHER_SLICE = "MIG-1b22ec23-45cc-5d9d-b3d0-7d6cd5e4d7a8"

# As an A100 machine prints them, with `nounits` where that was asked for.
PLAIN = [
    {
        "index": "0",
        "uuid": A100,
        "name": "NVIDIA A100-SXM4-80GB",
        "memory.total": "81920 MiB",
        "driver_version": "535.161.08",
        "mig.mode.current": "Disabled",
        "utilization.gpu": "37 %",
        "memory.used": "2048 MiB",
    },
    {
        "index": "1",
        "uuid": SECOND,
        "name": "NVIDIA A100-SXM4-80GB",
        "memory.total": "81920 MiB",
        "driver_version": "535.161.08",
        "mig.mode.current": "Disabled",
        "utilization.gpu": "0 %",
        "memory.used": "4 MiB",
    },
]
CUT = [PLAIN[0] | {"mig.mode.current": "Enabled", "utilization.gpu": "[N/A]"}, PLAIN[1]]
LISTED = f"""GPU 0: NVIDIA A100-SXM4-80GB (UUID: {A100})
  MIG 3g.40gb     Device  0: (UUID: {SLICE})
  MIG 1g.10gb     Device  1: (UUID: {OTHER_SLICE})
GPU 1: NVIDIA A100-SXM4-80GB (UUID: {SECOND})
"""
CARD_WITHOUT_MIG = [PLAIN[0] | {"name": "Tesla T4", "memory.total": "15360 MiB", "mig.mode.current": "[N/A]"}]
OLD_DRIVER = [{key: value for key, value in PLAIN[0].items() if key != "mig.mode.current"}]
CTK = "NVIDIA Container Toolkit CLI version {}\ncommit: 9b69590c7428470a72f2ae05f826412976af1395\n"
HOOK = "NVIDIA Container Runtime Hook version {}\ncommit: 9b69590c7428470a72f2ae05f826412976af1395\n"
CLI = "cli-version: {}\nlib-version: {}\nbuild date: 2025-07-16T12:00+00:00\nbuild revision: 6eda4d7\n"

_SMI = """#!{python}
import sys, time
rows, listed = {rows!r}, {listed!r}
words = dict(word.partition("=")[::2] for word in sys.argv[1:])
if "-L" in words:
    sys.stdout.write(listed)
    sys.exit()
fields = words["--query-gpu"].split(",")
for field in fields:
    if field not in rows[0]:
        print(f'Field "{{field}}" is not a valid field to query.\\n')
        sys.exit(2)
while True:
    for row in rows:
        cells = [row[field] for field in fields]
        if "nounits" in words["--format"]:
            cells = [cell.removesuffix(" MiB").removesuffix(" %") for cell in cells]
        print(", ".join(cells), flush=True)
    if "--loop" not in words:
        break
    time.sleep(0.05)
"""

_HOOK = """#!{python}
import json, pathlib, sys
state = json.load(sys.stdin)
process = json.loads((pathlib.Path(state["bundle"]) / "config.json").read_text())["process"]
seen = [line.partition("=")[::2] for line in process["env"] if line.startswith("NVIDIA_")]
with open({notes!r}, "a") as notes:
    notes.write(json.dumps({{"arguments": sys.argv[1:], "environment": seen}}) + "\\n")
"""


def nvidia_smi(folder, rows=None, listed=""):
    """Put an `nvidia-smi` into a folder; without rows, one of a machine whose driver is broken."""
    if rows is None:
        broken = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."
        return program(folder, "nvidia-smi", f'#!/bin/sh\necho "{broken}"\nexit 9\n')
    return program(folder, "nvidia-smi", _SMI.format(python=sys.executable, rows=rows, listed=listed))


def says(folder, name, text):
    """Put a program into a folder that prints a text, whatever it is asked."""
    return program(folder, name, f"#!/bin/sh\ncat <<'END'\n{text}END\n")


def runtime_hook(folder, notes):
    """Put the runtime's hook into a folder; it adds a line to `notes` for each container that has GPUs."""
    return program(folder, "nvidia-container-runtime-hook", _HOOK.format(python=sys.executable, notes=str(notes)))


def noted(notes):
    """What the hook wrote."""
    return [json.loads(line) for line in Path(notes).read_text().splitlines()] if Path(notes).exists() else []


def program(folder, name, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}
