"""What one candidate leaves, the next in its slot does not find, and the agent does not run: each place is tried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.agent.interpreter_contract import limits
from tests.agent.supervisor.box import Box, BoxInterpreter

pytestmark = pytest.mark.engine

EVIL = "print('EVIL'); import os; os.environ['EVIL'] = '1'"
PLACES = """
import os, site, sys
home, here = os.path.expanduser("~"), os.getcwd()
user = os.path.join(home, ".local/lib/python3.11/site-packages")
installed = [path for path in sys.path if path.endswith("site-packages")]
modules = ("sitecustomize.py", "usercustomize.py", "evil.pth", "numpy.py", "pandas/__init__.py", "solution.py")
tops = [here, user, *installed, "/usr/lib/python3.11", "/usr/local/lib/python3.11"]
places = [os.path.join(top, name) for top in tops for name in modules]
places += [os.path.join(home, name) for name in (
    ".pythonrc.py", ".bashrc", ".profile", ".config/matplotlib/matplotlibrc", ".cache/x", ".joblib",
    ".ipython/profile_default/startup/x.py", "working/kept", "tmp/kept")]
places += [f"{top}/{name}" for name in ("kept", "d/kept", ".hidden") for top in (
    "/tmp", "/dev/shm", "/dev/mqueue", "/dev", "/run", "/run/lock", "/var/tmp", "/var/lib", "/home", "/home/slots",
    "/home/slots/0", "/home/slots/1", "/home/agent", "/home/submission", "/home/data", "/opt/podium",
    "/opt/candidate", "/opt/agent/lib/python3.11/site-packages", "/root", "/etc", "/proc/sys", "/sys")]
"""
PLANT = (
    PLACES
    + f"""
import builtins, json, numpy, socket
planted = []
for path in places:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file: file.write({EVIL!r})
        planted.append(path)
    except OSError: pass
os.environ["PYTHONSTARTUP"] = os.path.join(home, ".pythonrc.py"); os.environ["PYTHONPATH"] = here
sys.modules["evil"] = sys
numpy.evil = builtins.evil = 1
kept = socket.socket(socket.AF_UNIX); kept.bind("\\0evil"); kept.listen()
os.umask(0); os.nice(0); os.sched_setaffinity(0, {{0}})
print(json.dumps(planted))
"""
)
LOOK = (
    PLACES
    + """
import builtins, json, numpy, socket
found = [path for path in places if os.path.lexists(path) and path != os.path.join(here, "solution.py")]
found = [path for path in found if b"EVIL" in open(path, "rb").read(1000)] if found else []
left = [name for top in (".", "tmp", "working", "/tmp", "/dev/shm", "/dev/mqueue") for name in os.listdir(top)]
left = sorted(set(left) - {"input", "solution.py", "tmp", "working"})
modules = [name for name in ("evil", "usercustomize") if name in sys.modules]
variables = [name for name in os.environ if name in ("EVIL", "PYTHONSTARTUP", "PYTHONPATH")]
patched = hasattr(numpy, "evil") or hasattr(builtins, "evil")
try: socket.socket(socket.AF_UNIX).connect("\\0evil"); door = "reached"
except OSError: door = "refused"
print(json.dumps([found, left, modules, variables, patched, door]))
"""
)


@pytest.mark.parametrize("started", ["warm", "plain"])
def test_nothing_that_a_candidate_plants_is_there_for_the_next(
    box: Box, cold_box: Box, tmp_path: Path, started: str
) -> None:
    interpreter = BoxInterpreter(box if started == "warm" else cold_box)
    first = interpreter.run(PLANT, tmp_path, limits())
    planted = json.loads(first.output)
    folders = {str(Path(path).parent) for path in planted}
    assert {"/tmp", "/dev/shm", "/home/slots/0/run", "/home/slots/0/run/working"} <= folders  # else nothing was tried
    own = ("/tmp", "/dev/shm", "/home/slots/0/run")
    assert [path for path in planted if not path.startswith(own)] == []
    second = interpreter.run(LOOK, tmp_path, limits())
    assert (first.warm_start, second.warm_start) == ((True, True) if started == "warm" else (False, False))
    assert "EVIL" not in second.output
    assert json.loads(second.output) == [[], [], [], [], False, "refused"]


def test_what_a_candidate_leaves_in_message_queues_is_swept_where_landlock_does_not_forbid_it(box: Box) -> None:
    """The kernel's second layer forbids it here, so the first is tried alone: with the uid, without Landlock."""
    left = box.python(
        "import os\npid = os.fork()\nif pid == 0:\n"
        "    os.setgroups([]); os.setresgid(10100, 10100, 10100); os.setresuid(10100, 10100, 10100)\n"
        "    os.close(os.open('/dev/mqueue/kept', os.O_CREAT | os.O_WRONLY)); os._exit(0)\n"
        "os.waitpid(pid, 0); print(os.listdir('/dev/mqueue'))"
    )
    assert left == "['kept']\n"
    BoxInterpreter(box).run("pass", Path(box.scratch.name), limits())
    assert box.python("import os; print(os.listdir('/dev/mqueue'))") == "[]\n"


def test_no_limit_stands_that_breaks_torch_or_counts_over_containers(box: Box, tmp_path: Path) -> None:
    containers = box.agent("import resource; answer = resource.getrlimit(resource.RLIMIT_NPROC)")
    code = (
        "import json, mmap, resource\n"
        "mmap.mmap(-1, 1 << 40, flags=mmap.MAP_PRIVATE | 0x4000)\n"  # as torch reserves: a terabyte, none of it used
        "print(json.dumps([resource.getrlimit(getattr(resource, f'RLIMIT_{n}')) for n in ('NPROC', 'AS', 'DATA')]))\n"
    )
    execution = BoxInterpreter(box).run(code, tmp_path, limits())
    assert json.loads(execution.output) == [containers, [-1, -1], [-1, -1]]


def test_a_candidate_reads_neither_the_published_submission_nor_the_request(box: Box, tmp_path: Path) -> None:
    box.agent("open('/home/submission/submission.csv', 'w').write('id\\n'); answer = 1")
    code = (
        "import os\n"
        "for path in ('/home/submission/submission.csv', '/home/agent/nodes', '/run/agent/door/request.json'):\n"
        "    try: open(path) if not path.endswith('nodes') else os.listdir(path); print('reached', path)\n"
        "    except PermissionError: print('denied')\n"
    )
    assert BoxInterpreter(box).run(code, tmp_path, limits()).output == "denied\n" * 3
