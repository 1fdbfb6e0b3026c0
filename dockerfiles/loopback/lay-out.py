"""Users and folders of another agent's image. Docker copies /home with its owners into the fresh workspace volume."""

import os
import sys

AGENT = 10001
OLDEST = (3, 8)
FOLDERS = {  # folder → owner, mode
    "/home": (0, 0o755),
    "/home/data": (0, 0o755),
    "/home/agent": (AGENT, 0o700),
    "/home/submission": (AGENT, 0o755),
    "/run/agent": (0, 0o755),
    "/run/agent/door": (0, 0o755),
}

if sys.version_info < OLDEST:
    sys.exit("python3 of this image is {}.{}; the loopback address needs 3.8 or newer".format(*sys.version_info))
for folder, (owner, mode) in FOLDERS.items():
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - any image's Python
    os.chown(folder, owner, owner)
    os.chmod(folder, mode)  # noqa: PTH101
for file, line in (
    ("/etc/passwd", f"podium:x:{AGENT}:{AGENT}::/home/agent:/sbin/nologin\n"),
    ("/etc/group", f"podium:x:{AGENT}:\n"),
):
    with open(file, "a+", encoding="utf-8") as known:  # noqa: PTH123
        known.seek(0)
        if f":{AGENT}:" not in known.read():
            known.write(line)
