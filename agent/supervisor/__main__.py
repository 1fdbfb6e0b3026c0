"""`python -I -m agent.supervisor [--slots N] [--no-warm] [--threads N] [-- COMMAND…]`: the container's entry point.

COMMAND is the agent, `python -I -m agent` unless said otherwise, and runs as the agent's uid. Exit codes: the agent's
own; 70 if the box is not as it should be, and nothing was started; 75 if the agent was killed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from agent.supervisor import gates
from agent.supervisor.environment import given as for_scripts
from agent.supervisor.lifecycle import Settings, Supervisor
from agent.supervisor.places import MOST_SLOTS, Ground

UNFIT = 70


def _arguments(argv: Sequence[str]) -> Settings:
    parser = argparse.ArgumentParser(prog="agent.supervisor", allow_abbrev=False)
    parser.add_argument("--slots", type=int, default=1, choices=range(1, MOST_SLOTS + 1), metavar=f"1..{MOST_SLOTS}")
    parser.add_argument("--no-warm", dest="warm", action="store_false", help="start every candidate plainly")
    parser.add_argument("--threads", type=int, default=0, help="threads of a candidate, where it is not told otherwise")
    parser.add_argument("command", nargs="*", default=[sys.executable, "-I", "-m", "agent"])
    given = parser.parse_args(argv)
    threads = given.threads or max(1, len(os.sched_getaffinity(0)) // given.slots)
    return Settings(Ground(slots=given.slots, given=for_scripts(os.environ)), tuple(given.command), given.warm, threads)


def _unfit(settings: Settings) -> str | None:
    """Why nothing can be started here, if so."""
    if os.geteuid() != 0:
        return f"the supervisor runs as uid {os.geteuid()}; it needs root with SETUID and SETGID"
    if not os.access(settings.ground.python, os.X_OK):
        return f"{settings.ground.python} is missing. Rebuild the image: make image"
    try:
        gates.check(settings.ground)
    except gates.OpenGate as error:
        return str(error)
    return None


def main(argv: Sequence[str]) -> int:
    """Run the box; see the module's docstring."""
    settings = _arguments(argv)
    if (reason := _unfit(settings)) is not None:
        print(f"supervisor: {reason}", file=sys.stderr)  # noqa: T201 - the container's log
        return UNFIT
    return Supervisor(settings, os.environ).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
