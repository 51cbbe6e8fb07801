"""Forked kernels as tasks have them: what is theirs alone. `test_conformance` has what they share with all kernels."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest
from studio_kernels.requester import Refused

from tests.kernels.conftest import PIPE, Kernel, started
from tests.kernels.pipe_kernels import Servers, ask, wait_until

pytestmark = pytest.mark.parametrize("kernel_name", [PIPE], indirect=True, scope="class")


def is_text(message: dict[str, object]) -> bool:
    return message["msg_type"] == "stream"


class TestOutputs:
    def test_displays_in_great_number_arrive_in_order(self, kernel: Kernel) -> None:
        ran = kernel.run("for i in range(3000):\n    display(i)")
        assert [int(c["data"]["text/plain"]) for c in ran.content("display_data")] == list(range(3000))

    def test_a_large_output_arrives_whole(self, kernel: Kernel) -> None:
        ran = kernel.run("from IPython.display import HTML, display\ndisplay(HTML('x' * 50_000_000))")
        [shown] = ran.content("display_data")
        assert shown["data"]["text/html"] == "x" * 50_000_000
        assert len(kernel.run("print('y' * 20_000_000)").text) == 20_000_001

    def test_buffers_stay_bytes(self, kernel: Kernel) -> None:
        ran = kernel.run(
            "import comm, array\nc = comm.create_comm(target_name='t')\n"
            "c.send({'a': 1}, buffers=[bytes(range(256)), memoryview(array.array('d', [1.5])), b''])"
        )
        sent = [m for m in ran.outputs if m["msg_type"] == "comm_msg"][-1]
        assert bytes(sent["buffers"][0]) == bytes(range(256))
        assert [len(b) for b in sent["buffers"]] == [256, 8, 0]

    def test_threads_and_the_main_thread_print_whole_lines(self, kernel: Kernel) -> None:
        code = """
import sys, threading
def speak(name):
    for i in range(2000):
        print(f"{name} {i}\\n", end="", flush=i % 10 == 0)
threads = [threading.Thread(target=speak, args=(name,)) for name in "abc"]
[t.start() for t in threads]
speak("d")
[t.join() for t in threads]
"""
        lines = kernel.run(code).text.splitlines()
        assert len(lines) == 8000
        for name in "abcd":
            own = [int(line.split()[1]) for line in lines if line[0] == name]
            assert own == list(range(2000))

    def test_the_last_words_of_a_cell_are_the_cells(self, kernel: Kernel) -> None:
        """Two threads send what was printed: the one that was begun a moment ago, and the cell at its end."""
        for _ in range(30):
            ran = kernel.run(
                "import time\nend = time.monotonic() + 0.2005\nn = 0\n"
                "while time.monotonic() < end:\n    print(n); n += 1"
            )
            assert [int(line) for line in ran.text.split()] == list(range(int(kernel.value("n"))))

    @pytest.mark.parametrize("first", ["parent", "child"])
    def test_children_are_heard_and_garble_nothing(self, kernel: Kernel, first: str) -> None:
        code = f"""
import os, sys, time
print("before", end=" ")  # not sent yet: the child shall not send it once more
pid = os.fork()
who = "child" if pid == 0 else "parent"
if who != {first!r}:
    time.sleep(0.05)
for i in range(300):
    print(f"<{{who}} {{i}} " + "x" * 5000 + ">", flush=True)
if pid == 0:
    os._exit(0)
_ = os.waitpid(pid, 0)
"""
        ran = kernel.run(code)
        assert ran.status == "ok", ran.error
        assert ran.text.count("before") == 1
        for who in ("parent", "child"):
            assert [ran.text.count(f"<{who} {i} " + "x" * 5000 + ">") for i in range(300)] == [1] * 300

    def test_processes_of_a_pool_print(self, kernel: Kernel) -> None:
        code = """
import multiprocessing
def speak(n):
    print(f"<{n}>" * 500, flush=True)
    return n
with multiprocessing.get_context("fork").Pool(3) as pool:
    assert pool.map(speak, range(60)) == list(range(60))
"""
        ran = kernel.run(code)
        assert ran.status == "ok", ran.error
        assert [ran.text.count(f"<{n}>") for n in range(60)] == [500] * 60

    def test_a_fork_amid_threads_that_print_can_print(self, kernel: Kernel) -> None:
        code = """
import os, threading
stop = threading.Event()
def chatter():
    while not stop.is_set():
        print("chatter " * 50, flush=True)
threads = [threading.Thread(target=chatter) for _ in range(3)]
[t.start() for t in threads]
codes = []
for n in range(60):
    if (pid := os.fork()) == 0:
        print(f"<child {n}>")
        os._exit(0)
    codes.append(os.waitpid(pid, 0)[1])
stop.set(); [t.join() for t in threads]
"""
        ran = kernel.run(code)
        assert ran.status == "ok", ran.error
        assert kernel.value("set(codes)") == "{0}"
        assert [ran.text.count(f"<child {n}>") for n in range(60)] == [1] * 60

    def test_a_child_that_comes_back_from_its_cell_ends_unheard(self, kernel: Kernel) -> None:
        request = kernel.begin("import os, time\npid = os.fork()\nif pid: time.sleep(0.5); print('parent')")
        ran = kernel.finish(request)
        assert ran.text == "parent\n"  # its "idle" would have ended the cell too early
        assert kernel.value("__import__('os').waitpid(pid, 0)[1]") == "0"
        assert kernel.value("1 + 1") == "2"


class TestInterrupt:
    def test_amid_large_outputs_no_frame_is_torn(self, kernel: Kernel) -> None:
        kernel.run(
            "import threading\nidle = threading.Event()\nthreading.Thread(target=idle.wait, daemon=True).start()"
        )
        for _ in range(15):
            request = kernel.begin(
                "from IPython.display import HTML, display\nwhile True:\n    display(HTML('x' * 3_000_000))"
            )
            kernel.heard(request, lambda m: m["msg_type"] == "display_data")
            kernel.manager.interrupt_kernel()
            assert kernel.finish(request).reply["ename"] == "KeyboardInterrupt"
        assert kernel.value("2 + 2") == "4"
        assert kernel.value("__import__('signal').pthread_sigmask(0, [])") == "set()"

    def test_at_any_moment_it_goes_on(self, kernel: Kernel) -> None:
        for n in range(300):
            request = kernel.begin(f"print({n})\nsum(range({100 * n}))")
            time.sleep((n % 30) * 0.0001)
            kernel.manager.interrupt_kernel()
            kernel.finish(request)
        time.sleep(0.5)  # the last interrupt may be on its way yet, and would be for this
        assert kernel.value("3 + 3") == "6"

    def test_what_awaits_is_interrupted(self, kernel: Kernel) -> None:
        """As ipykernel does it, but at once."""
        request = kernel.begin("import asyncio\nprint('begun', flush=True)\nawait asyncio.sleep(1000)")
        kernel.heard(request, is_text)
        time.sleep(0.1)
        kernel.manager.interrupt_kernel()
        assert kernel.finish(request).status == "error"
        assert kernel.value("4 + 4") == "8"


EXITS = {
    "an exit handler": "import atexit\natexit.register(lambda: open('left', 'w').write('done'))",
    "one that prints first": """
import atexit
def bye():
    print("bye" * 1000, flush=True)
    open("left", "w").write("done")
atexit.register(bye)""",
    "a thread": """
import threading, time
def work():
    for i in range(5):
        time.sleep(0.1); print(i, flush=True)
    open("left", "w").write("done")
threading.Thread(target=work).start()""",
    "an open file": "file = open('left', 'w')\n_ = file.write('done')",
    "an open file in a circle": """
class Holder: pass
holder = Holder(); holder.me = holder
holder.file = open("left", "w"); _ = holder.file.write("done")""",
    "an open file of a module": """
import types, sys
sys.modules["mine"] = mine = types.ModuleType("mine")
mine.file = open("left", "w"); _ = mine.file.write("done")""",
    "a log's file": """
import logging.handlers
target = logging.FileHandler("left")
logging.getLogger("x").addHandler(logging.handlers.MemoryHandler(100, target=target))
logging.getLogger("x").warning("done")""",
}


class TestEnd:
    @pytest.mark.parametrize("what", EXITS)
    def test_what_is_to_be_done_at_the_end_is_done(
        self, own_kernel: Kernel, tmp_path: Path, what: str
    ) -> None:
        ran = own_kernel.run(EXITS[what])
        assert ran.status == "ok", ran.error
        own_kernel.manager.shutdown_kernel()
        assert (tmp_path / "left").read_text().strip() == "done"
        assert own_kernel.manager.kernel.exit_code == 0

    def test_temporary_directories_are_removed(self, own_kernel: Kernel) -> None:
        own_kernel.run("import tempfile\nkept = tempfile.TemporaryDirectory()")
        name = own_kernel.value("kept.name").strip("'")
        assert os.path.isdir(name)
        own_kernel.manager.shutdown_kernel()
        assert not os.path.exists(name)

    @pytest.mark.parametrize("code", ["exit()", "quit()", "exit"])
    def test_a_cell_may_ask_to_end(self, own_kernel: Kernel, code: str) -> None:
        ran = own_kernel.run(code)
        if code != "exit":
            assert [p["source"] for p in ran.reply["payload"]] == ["ask_exit"]
        own_kernel.manager.shutdown_kernel()
        assert own_kernel.manager.kernel.exit_code == 0

    def test_what_left_its_session_ends_too(self, own_kernel: Kernel) -> None:
        own_kernel.run(
            "import subprocess\nx = subprocess.Popen('setsid sh -c \"setsid sleep 1000 & sleep 1000\"', shell=True)"
        )
        pid = int(own_kernel.value("__import__('os').getpid()"))
        wait_until(lambda: len(psutil.Process(pid).children(recursive=True)) >= 2)
        time.sleep(0.2)
        left = psutil.Process(pid).children(recursive=True)
        assert len(left) >= 2
        own_kernel.manager.shutdown_kernel()
        assert [p for p in left if p.is_running() and p.status() != "zombie"] == []

    def test_a_kernel_that_does_not_want_to_end_is_killed(self, own_kernel: Kernel) -> None:
        own_kernel.run(
            "import atexit, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "atexit.register(time.sleep, 1000)"
        )
        own_kernel.manager.shutdown_kernel()
        assert own_kernel.manager.kernel.exit_code == -9

    def test_it_dies_when_its_owner_is_gone(self, own_kernel: Kernel) -> None:
        own_kernel.run("import subprocess\nx = subprocess.Popen(['setsid', 'sleep', '1000'])")
        pid = int(own_kernel.value("__import__('os').getpid()"))
        processes = [psutil.Process(pid), *psutil.Process(pid).children()]
        own_kernel.manager.kernel._process.link.close()  # as the system does for a process that is killed
        wait_until(lambda: not any(p.is_running() and p.status() != "zombie" for p in processes))


class TestState:
    def test_it_starts_as_new(self, own_kernel: Kernel) -> None:
        ran = own_kernel.run("(len(In), dict(Out), _, __, ___, _i, get_ipython().execution_count)")
        assert ran.content("execute_result")[0]["execution_count"] == 1
        assert ran.content("execute_result")[0]["data"]["text/plain"] == "(2, {}, '', '', '', '', 2)"
        assert own_kernel.value("sorted(n for n in globals() if not n.startswith('_'))") == (
            "['In', 'Out', 'exit', 'get_ipython', 'open', 'quit']"
        )
        assert own_kernel.run("_ + (7,)").status == "ok"

    def test_what_it_has_at_the_start_is_what_others_have(self, kernel_name: str, tmp_path: Path) -> None:
        look = "print(sorted(globals()), In[1:-1], _dh, __spec__, __doc__, __loader__)"
        with started(kernel_name, tmp_path) as forked, started("python3", tmp_path) as spawned:
            assert forked.run(look).text == spawned.run(look).text

    def test_history_is_written_nowhere(self, kernel: Kernel) -> None:
        assert kernel.value("get_ipython().history_manager.enabled") == "False"
        assert (
            kernel.value("'sqlite' in str(__import__('os').popen('ls -l /proc/self/fd').read())") == "False"
        )

    def test_a_warning_is_shown_once(self, kernel: Kernel) -> None:
        code = "import warnings\nfor i in range(3):\n    warnings.warn('look out', UserWarning)"
        assert kernel.run(code).text.count("UserWarning: look out") == 1

    def test_a_debugger_can_be_imported(self, kernel: Kernel) -> None:
        assert kernel.value("__import__('importlib').util.find_spec('debugpy') is not None") == "True"
        assert kernel.run("import debugpy").status == "ok"

    def test_magics_and_help(self, kernel: Kernel) -> None:
        ran = kernel.run("%timeit -n 1 -r 1 pass")
        assert ran.status == "ok" and "per loop" in ran.text
        helped = kernel.run("zip?")
        assert "zip" in helped.reply["payload"][0]["data"]["text/plain"]

    def test_libraries_calculate_with_all_cores(self, kernel: Kernel) -> None:
        code = """
import ctypes, numpy, os
a = numpy.random.rand(500, 500)
a @ a; numpy.linalg.solve(a, a)
[path] = {line.split()[-1] for line in open("/proc/self/maps") if "openblas" in line}
threads = ctypes.CDLL(path).scipy_openblas_get_num_threads64_()
"""
        ran = kernel.run(code)
        assert ran.status == "ok", ran.error
        assert int(kernel.value("threads")) == len(os.sched_getaffinity(0))

    @pytest.mark.parametrize(("name", "value"), [("OPENBLAS_NUM_THREADS", "1"), ("OMP_NUM_THREADS", "4")])
    def test_what_libraries_read_when_they_are_loaded_is_not_forked_away(
        self, servers: Servers, tmp_path: Path, kernel_name: str, name: str, value: str
    ) -> None:
        with pytest.raises(Refused, match=name), ask(servers, tmp_path, **{name: value}):
            pass

    def test_the_request_env_is_the_kernels(self, servers: Servers, tmp_path: Path, kernel_name: str) -> None:
        with started(kernel_name, tmp_path, LOGNAME="somebody", STUDIO_X="1") as kernel:
            assert kernel.value("__import__('os').environ['LOGNAME']") == "'somebody'"
            assert kernel.run("%env STUDIO_X").status == "ok"
            assert kernel.value("'OPENBLAS_NUM_THREADS' in __import__('os').environ") == "False"


def test_an_answer_comes_though_nobody_hears_what_is_printed(kernel: Kernel) -> None:
    """Between cells, a task may ask for values only."""
    kernel.run(
        "import threading\nstop = threading.Event()\ndef flood():\n    while not stop.is_set():\n"
        "        print('x' * 50, flush=True)\nthread = threading.Thread(target=flood)\nthread.start()"
    )
    for _ in range(40):
        time.sleep(0.05)  # what is printed fills the pipe
        request = kernel.client.execute("", user_expressions={"sum": "1 + 1"})
        assert kernel.ask(request)["user_expressions"]["sum"]["data"]["text/plain"] == "2"
    kernel.run("stop.set(); thread.join()")
