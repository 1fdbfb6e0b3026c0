"""A warm start can't be told from `python solution.py`: each script here prints the same, started in both ways."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.interpreter import Execution
from tests.agent.interpreter_contract import limits
from tests.agent.supervisor.box import Box, BoxInterpreter
from tests.agent.supervisor.conftest import Run

pytestmark = pytest.mark.engine

SAME = {
    "the main module": """
import sys, inspect
main = sys.modules['__main__']
print(sorted(name for name in vars(main)), main.__spec__, main.__doc__, main.__package__, main.__cached__)
print(type(main.__loader__).__name__, inspect.getsource(main)[:12], main.__file__, main.__annotations__)
print(sys.argv, sys.orig_argv[1:], sys.path, sys.executable, sys.prefix, sys.flags)
""",
    "annotations and __future__ do not leak in": "x: int = 1\nprint(__annotations__)\n",
    "the environment": "import os\nprint(sorted(os.environ.items()), os.getcwd(), oct(os.umask(0)))\n",
    "limits and signals": """
import os, resource, signal
print([resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith('RLIMIT_')])
print([(n, str(signal.getsignal(n))) for n in range(1, 32)], signal.pthread_sigmask(signal.SIG_BLOCK, ()))
print(os.getpriority(os.PRIO_PROCESS, 0), os.sched_getaffinity(0), os.getsid(0) == os.getpid())
""",
    "the streams": """
import sys
for stream in (sys.stdin, sys.stdout, sys.stderr):
    print(stream.name, stream.mode, stream.encoding, stream.errors, stream.line_buffering, stream.fileno())
print(sys.stdout.write_through, type(sys.stdout.buffer).__name__, sys.stdout is sys.__stdout__)
""",
    "threads": """
import threading
print(threading.current_thread() is threading.main_thread(), threading.active_count())
""",
    "an exception chain": """
def inner(): raise ValueError('inner')
def outer():
    try: inner()
    except ValueError as error: raise KeyError('outer') from error
outer()
""",
    "an exception group": "raise ExceptionGroup('both', [ValueError(1), TypeError(2)])\n",
    "a hook for exceptions": """
import sys
sys.excepthook = lambda kind, error, traceback: print('hook', kind.__name__, traceback.tb_lineno, traceback.tb_next)
raise RuntimeError
""",
    "a failing hook for exceptions": "import sys\nsys.excepthook = None\nraise RuntimeError('x')\n",
    "an interrupt": "raise KeyboardInterrupt\n",
    "an indentation error": "if True:\nprint(1)\n",
    "another encoding": "# coding: latin-1\nprint('\u00e9')\n",
    "a byte order mark": "\ufeffprint('bom')\n",
    "a warning": "import warnings\nwarnings.warn('careful')\n",
    "warnings of libraries": """
import io, numpy, pandas, warnings
from sklearn.linear_model import LogisticRegression
x = numpy.random.default_rng(0).normal(size=(200, 5)); y = (x[:, 0] * x[:, 1] > 0).astype(int)
for round in range(2): LogisticRegression(max_iter=1).fit(1000 * x, y)
pandas.DataFrame({'a': ['1', '2']}).groupby(pandas.Categorical([1, 2]))['a'].sum()
print(pandas.read_csv(io.StringIO('a,b\\n1,x\\n')), warnings.filters)
print(numpy.geterr(), pandas.get_option('display.width'))
""",
    "exit functions, in order": """
import atexit, threading, time
atexit.register(print, 'first'); atexit.register(print, 'second')
class Noisy:
    def __del__(self): print('deleted')
noisy = Noisy()
threading.Thread(target=lambda: (time.sleep(0.2), print('thread'))).start()
print('end')
""",
    "an exit in an exit function": "import atexit, sys\natexit.register(lambda: sys.exit(3))\n",
    "an exception in a thread": "import threading\nthreading.Thread(target=lambda: 1 / 0, name='T').start()\n",
    "a temporary folder that is left open": """
import tempfile, os
folder = tempfile.TemporaryDirectory(); print(os.path.dirname(folder.name), tempfile.gettempdir())
""",
    "a pool of forks": """
import multiprocessing
def square(n): return n * n
if __name__ == '__main__':
    with multiprocessing.Pool(3) as pool: print(pool.map(square, range(10)))
""",
    "a pool of spawned processes that import main again": """
import multiprocessing
print(__name__)
def square(n): return n * n
if __name__ == '__main__':
    multiprocessing.set_start_method('spawn')
    with multiprocessing.Pool(1) as pool: print(pool.map(square, range(10)))
""",
    "a pool from a fork server of its own": """
import multiprocessing
def square(n): return n * n
if __name__ == '__main__':
    with multiprocessing.get_context('forkserver').Pool(2) as pool: print(pool.map(square, range(10)))
""",
    "a manager and a queue": """
import multiprocessing
def put(queue, shared): queue.put(sum(shared)); shared.append(9)
if __name__ == '__main__':
    with multiprocessing.Manager() as manager:
        queue, shared = multiprocessing.Queue(), manager.list([1, 2])
        child = multiprocessing.Process(target=put, args=(queue, shared))
        child.start(); print(queue.get()); child.join(); print(list(shared), child.exitcode)
""",
    "an executor": """
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
def square(n): return n * n
if __name__ == '__main__':
    for kind in (ProcessPoolExecutor, ThreadPoolExecutor):
        with kind(2) as pool: print(list(pool.map(square, range(5))))
""",
    "an executor that is never shut down": """
from concurrent.futures import ThreadPoolExecutor
import time
pool = ThreadPoolExecutor(2); pool.submit(lambda: (time.sleep(0.2), print('done')))
""",
    "joblib with loky": """
from joblib import Parallel, delayed
import numpy
def work(n): return float(numpy.arange(n).sum())
if __name__ == '__main__': print(Parallel(n_jobs=2)(delayed(work)(n) for n in range(8)))
""",
    "joblib with large arrays in shared memory": """
from joblib import Parallel, delayed
import numpy
big = numpy.arange(2_000_000.0)
look = lambda array, at: (type(array).__name__, float(array[at]))
print(Parallel(n_jobs=2, max_nbytes='1M')(delayed(look)(big, at) for at in range(4)))
""",
    "subprocesses": """
import subprocess, sys
print(subprocess.run([sys.executable, '-c', 'import sys, numpy; print(sys.path[0], sys.flags.isolated)'],
      capture_output=True, text=True).stdout, subprocess.getoutput('echo shell'))
""",
    "the numbers of threads": """
import os, numpy, scipy.linalg, sklearn.ensemble, lightgbm, xgboost
from threadpoolctl import threadpool_info
print(sorted((i['user_api'], i['prefix'], i['num_threads']) for i in threadpool_info()))
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
import joblib, threading
print(_openmp_effective_n_threads(), joblib.cpu_count(), os.environ['OMP_NUM_THREADS'])
""",
    "a seeded generator": """
import random, numpy
random.seed(1); numpy.random.seed(1)
print(random.random(), numpy.random.rand(), numpy.random.default_rng(1).random(), hash('text'))
""",
    "training": """
import numpy, pandas, lightgbm, xgboost, catboost
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
rng = numpy.random.default_rng(0)
x = pandas.DataFrame(rng.normal(size=(500, 6)), columns=list('abcdef')); y = (x.a + x.b * x.c > 0).astype(int)
for model in (HistGradientBoostingClassifier(max_iter=20), RandomForestClassifier(20, random_state=0, n_jobs=2),
              LogisticRegression(), lightgbm.LGBMClassifier(n_estimators=20, verbose=-1),
              xgboost.XGBClassifier(n_estimators=20), catboost.CatBoostClassifier(5, verbose=0)):
    print(type(model).__name__, model.fit(x, y).score(x, y))
print(cross_val_score(LogisticRegression(), x, y, cv=4, n_jobs=2).round(9))
""",
    "parquet and csv": """
import pandas
frame = pandas.read_csv('input/train.csv'); frame.to_parquet('working/x.parquet')
print(pandas.read_parquet('working/x.parquet').equals(frame), frame.dtypes.to_dict())
""",
    "C's own output": "import ctypes\nctypes.CDLL(None).printf(b'from C, unflushed')\n",
    "a crash of an extension": "import ctypes\nprint('before')\nctypes.string_at(0)\n",
    "an abort": "import os\nos.abort()\n",
    "too deep a recursion": "def f(): f()\ntry: f()\nexcept RecursionError as error: print(error)\n",
    "a module of the script's own": """
open('agent.py', 'w').write('value = 1'); open('helper.py', 'w').write('value = 2')
import agent, helper
print(agent.value, helper.value, helper.__file__)
""",
    "pickling what main defines": """
import pickle
class Model: pass
print(type(pickle.loads(pickle.dumps(Model()))) is Model)
""",
    "logging": """
import logging
logging.basicConfig(level='INFO')
logging.info('a'); logging.getLogger('x').error('b')
""",
}


def ended(execution: Execution) -> tuple[object, ...]:
    output = re.sub(r"0x[0-9a-f]+", "0x…", execution.output)
    return execution.outcome, execution.exit_code, execution.signal, output


@pytest.mark.parametrize("name", SAME)
def test_same_as_plain(box: Box, cold_box: Box, tmp_path: Path, name: str) -> None:
    asked = limits(memory_bytes=1500 * 2**20, cpus=(0, 1), timeout_seconds=60)
    warm = BoxInterpreter(box).run(SAME[name], tmp_path / "warm", asked)
    plain = BoxInterpreter(cold_box).run(SAME[name], tmp_path / "plain", asked)
    assert (warm.warm_start, plain.warm_start) == (True, False)
    assert warm.output, "the script shows nothing, so it compares nothing"
    assert ended(warm) == ended(plain)


@pytest.mark.parametrize("threads", [1, 2])
def test_libraries_that_were_loaded_before_obey_the_number_of_threads(run: Run, threads: int) -> None:
    code = (
        "import os, numpy\nfrom sklearn.ensemble import HistGradientBoostingClassifier\n"
        "x = numpy.random.rand(2000, 1000); x @ x.T\n"
        "HistGradientBoostingClassifier(max_iter=2).fit(x[:, :4], x[:, 0] > 0.5)\n"
        "print(len(os.listdir('/proc/self/task')))\n"
    )
    execution = run(code, cpus=tuple(range(threads)), memory_bytes=2**33)
    assert execution.outcome == "ok", execution.output
    assert (int(execution.output) == 1) == (threads == 1)


def test_threads_that_wait_for_work_use_no_cpu(run: Run) -> None:
    """OpenBLAS's own wait busily, by its default as long as a small training takes."""
    code = (
        "import numpy, scipy.linalg, time\n"
        "before = time.process_time(); time.sleep(0.5); print(time.process_time() - before)\n"
    )
    used = [float(run(code, cpus=(0, 1), memory_bytes=2**33).output) for _ in range(3)]
    assert min(used) < 0.02, used


def test_unseeded_generators_differ_between_candidates(run: Run) -> None:
    code = (
        "import random, numpy, tempfile, uuid\n"
        "print(random.random(), numpy.random.rand(), tempfile.mktemp(), uuid.uuid4())"
    )
    first, second = run(code).output.split(), run(code).output.split()
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_keys_of_multiprocessing_differ_between_candidates(run: Run) -> None:
    code = "import multiprocessing; print(multiprocessing.current_process().authkey.hex())"
    assert run(code).output != run(code).output


def test_a_change_of_an_imported_module_is_gone_in_the_next_script(run: Run) -> None:
    run("import numpy, os, sys\nnumpy.pi = 3\nos.environ['X'] = 'y'\nsys.path.append('/x')\n")
    assert run("import numpy, os, sys\nprint(numpy.pi, 'X' in os.environ, sys.path[-1])").output.startswith("3.14159")


def test_trainings_in_a_row_never_hang(run: Run) -> None:
    code = (
        "import numpy, lightgbm, xgboost\nfrom sklearn.ensemble import HistGradientBoostingRegressor\n"
        "x = numpy.random.rand(300, 4); y = x.sum(axis=1)\n"
        "for model in (HistGradientBoostingRegressor(max_iter=5), lightgbm.LGBMRegressor(n_estimators=5, verbose=-1),\n"
        "              xgboost.XGBRegressor(n_estimators=5)): model.fit(x, y)\n"
    )
    for _ in range(15):
        execution = run(code, cpus=(0, 1), memory_bytes=2**33)
        assert (execution.outcome, execution.warm_start) == ("ok", True), execution.output
