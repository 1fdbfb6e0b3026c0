"""What is done before a script comes leaves nothing that the script could meet, and never keeps it waiting for long."""

from __future__ import annotations

import subprocess
import sys
import textwrap

BEGIN = """
import os, sys, warnings
from agent.supervisor import preload, rehearsal
os.environ.update(preload.SERVER_ENVIRONMENT, OMP_NUM_THREADS="1")
"""


def in_a_process(code: str) -> str:
    """A rehearsal fills this process's caches, so it happens elsewhere."""
    command = [sys.executable, "-c", BEGIN + textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_every_piece_works_with_the_libraries_that_scripts_have() -> None:
    """An error in a piece would only make the rest be left out, and nobody would notice."""
    code = "warnings.simplefilter('ignore')\nprint(len(list(rehearsal._pieces())) > 10)"
    assert in_a_process(code) == "True\n"


def test_it_goes_on_until_an_order_is_there() -> None:
    code = """
        asked = []
        def wanted():
            asked.append("sklearn.ensemble" in sys.modules)
            return len(asked) == 3
        rehearsal.rehearse(whole=True, wanted=wanted)
        print(asked)
    """
    assert in_a_process(code) == "[False, False, False]\n"


def test_without_an_idle_cpu_only_the_first_piece_is_done() -> None:
    code = "rehearsal.rehearse(whole=False, wanted=lambda: 1 / 0)\nprint('sklearn.ensemble' in sys.modules)"
    assert in_a_process(code) == "False\n"


def test_it_leaves_no_thread_and_says_nothing() -> None:
    code = "rehearsal.rehearse(whole=True, wanted=lambda: False)\nprint(len(preload.threads()))"
    assert in_a_process(code) == "1\n"


def test_warnings_are_as_they_were_and_will_still_be_shown() -> None:
    code = """
        import sklearn.linear_model, pandas
        before = list(warnings.filters)
        rehearsal.rehearse(whole=True, wanted=lambda: False)
        shown = [name for name, module in sys.modules.items() if name.startswith(("sklearn", "pandas", "numpy"))
                 and any(key != "version" for key in getattr(module, "__warningregistry__", ()))]
        print(warnings.filters == before, shown)
    """
    assert in_a_process(code) == "True []\n"


def test_a_script_may_still_choose_how_processes_start() -> None:
    """joblib settles it in a forest's fit, and once is all that Python allows."""
    code = """
        import multiprocessing
        rehearsal.rehearse(whole=True, wanted=lambda: False)
        settled = multiprocessing.get_start_method(allow_none=True)
        preload.freshen(1, [])
        multiprocessing.set_start_method("spawn")
        print(settled, multiprocessing.active_children())
    """
    assert in_a_process(code) == "fork []\n"


def test_what_is_missing_is_left_out() -> None:
    code = "sys.modules['pandas'] = None\nrehearsal.rehearse(whole=True, wanted=lambda: False)\nprint('on')"
    assert in_a_process(code) == "on\n"


def test_a_spare_that_started_a_thread_is_not_used_and_none_rehearses_after_it() -> None:
    """Its confinement would hold for one thread alone."""
    code = """
        import socket, threading, time
        from pathlib import Path
        from agent.supervisor import confine, forkserver, rehearsal
        from agent.supervisor.places import Ground
        rehearsed = []
        def rehearse(whole, wanted):
            if whole:
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        rehearsal.rehearse = rehearse
        confine.stand_apart = lambda: None
        _, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        server = forkserver.ForkServer(control, Ground(home=Path("/"), slots=1))
        server._cpus = 2
        server._fork_spare()
        print(server._ready(20_000) == server._spare.pidfd)
        server._handle(server._spare.pidfd)
        print(server._spare, server._rehearses)
        server._fork_spare()
        print(server._ready(300), server._spare is not None)
        os.kill(server._spare.pid, 9)
    """
    said = "fork server: a rehearsal started threads; there are none from now on"
    assert in_a_process(code).splitlines() == ["True", "None False", "None True", said]
