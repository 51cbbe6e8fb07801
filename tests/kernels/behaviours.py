"""What Python code in a notebook may rely on: cells that check themselves. Each needs nothing of the others.

Run in every kernel that claims to be a Python kernel: ipykernel's own, and those that are forked.
"""

from __future__ import annotations

from typing import Final

BEHAVIOURS: Final[dict[str, str]] = {
    "is the main module": """
import pickle, sys
assert __name__ == "__main__"
class Point:
    pass
assert sys.modules["__main__"].Point is Point
assert type(pickle.loads(pickle.dumps(Point()))) is Point
""",
    "knows its shell and its history": """
shell = get_ipython()
assert shell.kernel.shell is shell and shell.user_ns is globals()
assert In[-1].strip().startswith("shell = get_ipython()")
assert Out is shell.user_ns["Out"]
""",
    "awaits at top level": """
import asyncio
assert await asyncio.sleep(0.01, "slept") == "slept"
assert asyncio.get_running_loop().is_running()
""",
    "runs an event loop in a thread": """
import asyncio, threading
got = []
thread = threading.Thread(target=lambda: got.append(asyncio.run(asyncio.sleep(0.01, "there"))))
thread.start(); thread.join()
assert got == ["there"]
""",
    "runs threads": """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    assert list(pool.map(abs, range(-4, 0))) == [4, 3, 2, 1]
""",
    "forks processes": """
import multiprocessing
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(abs, [-1, -2]) == [1, 2]
""",
    "spawns processes": """
import math, multiprocessing
with multiprocessing.get_context("spawn").Pool(2) as pool:
    assert pool.map(math.sqrt, [1.0, 4.0]) == [1.0, 2.0]
""",
    "uses an executor of processes with its own functions": """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
def twice(x):
    return 2 * x
with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
    assert list(pool.map(twice, range(3))) == [0, 2, 4]
""",
    "waits for its children": """
import os
pid = os.fork()
if pid == 0:
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
""",
    "starts programs that get no input": """
import subprocess, sys
ran = subprocess.run([sys.executable, "-c", "import sys; print(repr(sys.stdin.read()))"], capture_output=True)
assert (ran.returncode, ran.stdout) == (0, b"''\\n"), ran
""",
    "starts programs with signals as usual": """
import signal, subprocess, sys
ask = "from signal import *\\nprint(*(getsignal(n) is SIG_IGN for n in (2, 15, 17)), pthread_sigmask(0, []))"
said = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True).stdout
assert said == "False False False set()\\n", said
""",
    "handles signals itself": """
import os, signal, time
got = []
before = signal.signal(signal.SIGUSR1, lambda *_: got.append(1))
os.kill(os.getpid(), signal.SIGUSR1)
time.sleep(0.05)
assert got == [1]
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
assert signal.getsignal(signal.SIGTERM) != signal.SIG_IGN
""",
    "has an alarm": """
import signal, time
class Rung(Exception):
    pass
def ring(*_):
    raise Rung
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    time.sleep(30)
    assert False
except Rung:
    pass
""",
    "leads its process group": """
import os
assert os.getpgid(0) == os.getpid()
""",
    "has the command line of a kernel": """
import sys
assert sys.argv[0].endswith("ipykernel_launcher.py"), sys.argv
""",
    "imports from its working directory": """
import os, sys
with open("beside_the_notebook.py", "w") as file:
    file.write("answer = 42")
import beside_the_notebook
assert beside_the_notebook.answer == 42
os.remove("beside_the_notebook.py")
""",
    "imports nothing of the studio by itself": """
import sys
assert not [name for name in sys.modules if name == "studio" or name.startswith("studio.")]
""",
    "collects garbage": """
import gc, weakref
assert gc.isenabled() and gc.get_threshold()[0] > 0
class Node:
    pass
node = Node(); node.me = node; dead = weakref.ref(node); del node
gc.collect()
assert dead() is None
""",
    "calculates with several threads": """
import numpy
a = numpy.random.default_rng(0).random((600, 600))
assert numpy.allclose(numpy.linalg.solve(a, a @ numpy.ones(600)), 1)
assert numpy.linalg.svd(a).S[0] > 0
""",
    "has data frames": """
import pandas
frame = pandas.DataFrame({"k": list("aab"), "v": [1, 2, 3]})
assert frame.groupby("k").v.sum().to_dict() == {"a": 3, "b": 3}
""",
    "keeps few files open": """
import os, stat
opened = {}
for number in os.listdir("/proc/self/fd"):
    try:
        opened[number] = os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        pass
assert len(opened) < 80, opened
""",
    "measures its own time and memory": """
import os, resource, time
assert time.process_time() < 60
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 1000
assert 0 <= time.time() - os.stat("/proc/self").st_ctime < 3600
""",
    "writes files by magic": """
get_ipython().run_cell_magic("writefile", "written.txt", "content")
assert open("written.txt").read() == "content\\n" or open("written.txt").read() == "content"
import os; os.remove("written.txt")
""",
    "sets variables of its environment": """
import os, subprocess
get_ipython().run_line_magic("env", "STUDIO_TEST_COLOUR=blue")
assert os.environ["STUDIO_TEST_COLOUR"] == "blue"
assert subprocess.check_output(["sh", "-c", "echo $STUDIO_TEST_COLOUR"]) == b"blue\\n"
""",
    "runs a shell": """
assert get_ipython().getoutput("echo one; echo two") == ["one", "two"]
""",
    "goes on after sys.exit is caught": """
import sys
try:
    sys.exit(3)
except SystemExit as error:
    assert error.code == 3
""",
    "recurses as deep as it may": """
import sys
def down(n):
    return 0 if n == 0 else 1 + down(n - 1)
assert down(500) == 500
try:
    down(10 * sys.getrecursionlimit())
    assert False
except RecursionError:
    pass
""",
    "warns": """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    warnings.warn("look out")
assert [str(each.message) for each in caught] == ["look out"]
""",
    "keeps the local time that it was given": """
import datetime, os, time
assert os.environ["TZ"] == "Asia/Tokyo"
assert time.tzname[0] == "JST"
assert datetime.datetime.now().astimezone().utcoffset() == datetime.timedelta(hours=9)
""",
    "has the environment that it was given": """
import os
assert os.environ["STUDIO_TEST_GIVEN"] == "ünï code=; x"
assert "STUDIO_TEST_ABSENT" not in os.environ and os.getenv("STUDIO_TEST_ABSENT") is None
""",
    "is where it was told to be": """
import os, pathlib
assert os.path.samefile(os.getcwd(), os.environ["STUDIO_TEST_CWD"])
assert pathlib.Path.cwd() == pathlib.Path(os.path.realpath(os.environ["STUDIO_TEST_CWD"]))
""",
}
