"""A kernel under test is a Python kernel as ipykernel is one, in what people use."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.worker.task import without_ansi
from tests.kernels.behaviours import BEHAVIOURS
from tests.kernels.conftest import KERNELS, Kernel, started
from tests.kernels.pipe_kernels import GENEROUS

BUSY = "while True:\n    pass"
SLEEPING = "import time\ntime.sleep(1000)"
WAITING = "import subprocess\nsubprocess.run(['sleep', '1000'])"
SHELL = "!sleep 1000"
AWAITING = "import asyncio\nawait asyncio.sleep(1000)"

#: What forked kernels of tasks do not have to do: they have one client, which asks for one thing at a time.
INTERACTIVE = pytest.mark.parametrize("kernel_name", KERNELS, indirect=True, scope="class")


def is_text(message: dict[str, Any]) -> bool:
    return bool(message["msg_type"] == "stream")


class TestCells:
    @pytest.mark.parametrize("behaviour", BEHAVIOURS)
    def test_code_can_rely_on(self, kernel: Kernel, behaviour: str) -> None:
        ran = kernel.run(BEHAVIOURS[behaviour])
        assert ran.status == "ok", ran.error


class TestInterrupt:
    @pytest.mark.parametrize("code", [BUSY, SLEEPING, WAITING, SHELL, AWAITING])
    def test_an_interrupt_ends_the_cell_and_the_kernel_goes_on(self, kernel: Kernel, code: str) -> None:
        kernel.run("kept = 'kept'")
        request = kernel.begin(f"print('begun', flush=True)\n{code}")
        kernel.heard(request, is_text)
        time.sleep(0.3)  # into the call
        kernel.manager.interrupt_kernel()
        if code == AWAITING:  # ipykernel 7 cancels it, but its event loop sleeps on until something comes in
            kernel.client.kernel_info()
        ran = kernel.finish(request)
        assert ran.status == "error" or code == SHELL  # IPython's `!` takes the interrupt for its command
        if ran.status == "error":
            assert ran.reply["ename"] in ("KeyboardInterrupt", "CancelledError")
        assert kernel.value("kept") == "'kept'"

    def test_an_interrupt_between_cells_does_nothing(self, kernel: Kernel) -> None:
        kernel.run("kept = 1")
        kernel.manager.interrupt_kernel()
        time.sleep(0.2)
        assert kernel.value("kept + 1") == "2"

    def test_a_cell_that_was_interrupted_may_clean_up(self, kernel: Kernel) -> None:
        code = "try:\n    print('begun', flush=True)\n    import time; time.sleep(1000)\n"
        request = kernel.begin(code + "except KeyboardInterrupt:\n    print('cleaned up')")
        kernel.heard(request, is_text)
        time.sleep(0.2)
        kernel.manager.interrupt_kernel()
        ran = kernel.finish(request)
        assert (ran.status, ran.text) == ("ok", "cleaned up\n")


class TestQuestions:
    def test_completion_knows_variables_and_attributes(self, kernel: Kernel) -> None:
        kernel.run("import pathlib\na_long_name = pathlib.Path('.')")
        assert "a_long_name" in kernel.ask(kernel.client.complete("a_lo"))["matches"]
        matches = kernel.ask(kernel.client.complete("a_long_name.exi"))["matches"]
        assert any(match.endswith("exists") for match in matches)

    def test_inspection_shows_signature_and_docstring(self, kernel: Kernel) -> None:
        kernel.run("def area(width, height=2):\n    'The area of a rectangle.'")
        told = kernel.ask(kernel.client.inspect("area"))
        assert told["found"]
        text = without_ansi(told["data"]["text/plain"])
        assert "area(width, height=2)" in text and "The area of a rectangle." in text

    def test_it_tells_what_it_is(self, kernel: Kernel) -> None:
        info = kernel.ask(kernel.client.kernel_info())
        assert info["implementation"] == "ipython"
        assert info["language_info"]["name"] == "python"

    def test_expressions_are_evaluated_after_a_cell(self, kernel: Kernel) -> None:
        request = kernel.client.execute("x = 20", user_expressions={"twice": "2 * x", "bad": "1 / 0"})
        told = kernel.finish(request).reply["user_expressions"]
        assert told["twice"]["data"]["text/plain"] == "40"
        assert told["bad"]["ename"] == "ZeroDivisionError"


class TestOutputs:
    def test_results_and_displays_are_rich(self, kernel: Kernel) -> None:
        code = "from IPython.display import HTML, Image, JSON, Markdown, display\n"
        ran = kernel.run(
            code + "display(HTML('<b>x</b>'), metadata={'a': 1})\ndisplay(JSON({'k': [1]}))\nMarkdown('*m*')"
        )
        html, json = ran.content("display_data")
        assert html["data"]["text/html"] == "<b>x</b>" and html["metadata"] == {"a": 1}
        assert json["data"]["application/json"] == {"k": [1]}
        [result] = ran.content("execute_result")
        assert result["data"]["text/markdown"] == "*m*"

    def test_a_display_is_updated_from_a_later_cell(self, kernel: Kernel) -> None:
        first = kernel.run("shown = display('first', display_id=True)")
        [shown] = first.content("display_data")
        later = kernel.run("shown.update('second')")
        [updated] = later.content("update_display_data")
        assert updated["transient"]["display_id"] == shown["transient"]["display_id"]
        assert updated["data"]["text/plain"] == "'second'"

    def test_outputs_keep_their_order(self, kernel: Kernel) -> None:
        code = "import sys\nfor i in range(3):\n    print(i)\n    print(i, file=sys.stderr)\n    display(i)"
        kinds = [message["msg_type"] for message in kernel.run(code).outputs]
        assert kinds == ["stream", "stream", "display_data"] * 3

    def test_twenty_thousand_fast_lines_arrive(self, kernel: Kernel) -> None:
        lines = kernel.run("for i in range(20_000):\n    print(i)").text.split()
        assert lines == [str(i) for i in range(20_000)]

    def test_what_programs_and_native_code_write_arrives(self, kernel: Kernel) -> None:
        code = "import os, subprocess\nos.write(1, b'native\\n')\nsubprocess.run(['echo', 'program'])\n"
        ran = kernel.run(
            code + "os.system('echo error >&2')\nimport time; time.sleep(1)"
        )  # a thread reads it
        assert {"native", "program", "error"} <= set(ran.text.split())

    def test_a_thread_of_an_earlier_cell_is_heard(self, kernel: Kernel) -> None:
        kernel.run(
            "import threading\nthen = threading.Timer(0.3, lambda: print('from a thread'))\nthen.start()"
        )
        first = kernel.client.get_iopub_msg(timeout=GENEROUS)
        while first["msg_type"] != "stream":
            first = kernel.client.get_iopub_msg(timeout=GENEROUS)
        assert first["content"]["text"] == "from a thread\n"

    def test_a_traceback_shows_the_line(self, kernel: Kernel) -> None:
        ran = kernel.run("def f(x):\n    return 1 / x\n\nf(0)")
        [error] = ran.content("error")
        assert (error["ename"], error["evalue"]) == ("ZeroDivisionError", "division by zero")
        assert "return" in "\n".join(error["traceback"])

    @INTERACTIVE
    def test_an_error_stops_what_stands_in_line(self, kernel: Kernel) -> None:
        first = kernel.begin("1 / 0")
        second = kernel.begin("never = True")
        assert kernel.finish(first).status == "error"
        assert kernel.ask(second)["status"] in ("aborted", "error")
        assert kernel.value("'never' in globals()") == "False"

    def test_matplotlib_draws_a_png(self, kernel: Kernel) -> None:
        ran = kernel.run("import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.title('t');")
        assert ran.status == "ok", ran.error
        [shown] = ran.content("display_data")
        assert base64.b64decode(shown["data"]["image/png"]).startswith(b"\x89PNG")
        again = kernel.run("%matplotlib inline\nfigure, axes = plt.subplots()\naxes.plot([3, 1]);")
        assert len(again.content("display_data")) == 1

    def test_a_bash_cell_is_run_and_fails_with_its_code(self, kernel: Kernel) -> None:
        assert kernel.run("%%bash\necho $((6 * 7))\n").text == "42\n"
        ran = kernel.run("%%bash\nexit 3\n")
        assert (ran.status, ran.reply["ename"]) == ("error", "CalledProcessError")
        assert kernel.run("!false").status == "ok"

    def test_time_magic_and_quiet_results(self, kernel: Kernel) -> None:
        ran = kernel.run("%time sum(range(10))\n7;")
        assert "Wall time" in ran.text
        assert ran.content("execute_result") == []


class TestBetweenCells:
    def test_a_background_task_goes_on(self, kernel: Kernel) -> None:
        code = "import asyncio\nticks = []\nasync def tick():\n    while True:\n        ticks.append(1)\n"
        kernel.run(code + "        await asyncio.sleep(0.01)\ntask = asyncio.ensure_future(tick())")
        before = int(kernel.value("len(ticks)"))
        time.sleep(0.3)
        assert int(kernel.value("len(ticks)")) > before + 3
        kernel.run("task.cancel()")

    def test_comms_go_both_ways(self, kernel: Kernel) -> None:
        code = "import comm\ngot = []\ndef opened(c, message):\n    got.append(message['content']['data'])\n"
        kernel.run(
            code + "    c.on_msg(lambda m: c.send({'echo': m['content']['data']}))\n"
            "get_ipython().kernel.comm_manager.register_target('studio.test', opened)"
        )
        session = kernel.client.session
        for kind, content in (
            ("comm_open", {"comm_id": "c1", "target_name": "studio.test", "data": {"hello": 1}}),
            ("comm_msg", {"comm_id": "c1", "data": "ping"}),
        ):
            message = session.msg(kind, content)
            kernel.client.shell_channel.send(message)
        messages = kernel.heard(message["header"]["msg_id"], lambda m: m["msg_type"] == "comm_msg")
        assert messages[-1]["content"] == {"comm_id": "c1", "data": {"echo": "ping"}}
        assert kernel.value("got") == "[{'hello': 1}]"
        opened = kernel.run(
            "ours = comm.create_comm(target_name='front', data={'a': 1})\nours.send(5)\nours.close()"
        )
        assert [m["msg_type"] for m in opened.outputs] == ["comm_open", "comm_msg", "comm_close"]


class TestInput:
    @pytest.mark.parametrize("code", ["input('name? ')", "import getpass\ngetpass.getpass('word? ')"])
    def test_input_is_refused_where_nobody_can_answer(self, kernel: Kernel, code: str) -> None:
        ran = kernel.run(code)
        assert (ran.status, ran.reply["ename"]) == ("error", "StdinNotImplementedError")

    @INTERACTIVE
    def test_input_is_asked_for_where_somebody_can(self, kernel: Kernel) -> None:
        request = kernel.begin("answer = input('name? ')", allow_stdin=True)
        question = kernel.client.get_stdin_msg(timeout=GENEROUS)
        assert question["content"] == {"prompt": "name? ", "password": False}
        kernel.client.input("Ada")
        assert kernel.finish(request).status == "ok"
        assert kernel.value("answer") == "'Ada'"


DIFFERENT = {
    "random": "__import__('random').random()",
    "numpy": "float(__import__('numpy').random.rand())",
    "numpy generator": "float(__import__('numpy').random.default_rng().random())",
    "uuid": "__import__('uuid').uuid4().hex",
    "secrets": "__import__('secrets').token_hex()",
    "temporary names": "__import__('tempfile').mktemp()",
    "pid": "__import__('os').getpid()",
}


class TestLife:
    def test_no_two_kernels_draw_the_same(self, kernel_name: str, tmp_path: Path) -> None:
        with started(kernel_name, tmp_path) as one, started(kernel_name, tmp_path) as other:
            drawn = [{name: k.value(code) for name, code in DIFFERENT.items()} for k in (one, other)]
        assert [name for name in DIFFERENT if drawn[0][name] == drawn[1][name]] == []

    def test_a_seed_gives_the_known_numbers(self, kernel: Kernel) -> None:
        assert (
            kernel.value("(lambda r: (r.seed(1), r.random())[1])(__import__('random'))")
            == "0.13436424411240122"
        )

    def test_what_is_to_be_done_at_exit_is_done(self, own_kernel: Kernel, tmp_path: Path) -> None:
        note = f"open({str(tmp_path / 'left')!r}, 'w').write('bye')"
        own_kernel.run(f"import atexit\natexit.register(lambda: {note})")
        pid = int(own_kernel.value("__import__('os').getpid()"))
        own_kernel.manager.shutdown_kernel()
        assert (tmp_path / "left").read_text() == "bye"
        assert not psutil.pid_exists(pid)

    @INTERACTIVE
    def test_a_restart_forgets_everything(self, own_kernel: Kernel, tmp_path: Path) -> None:
        own_kernel.run("forgotten = 1")
        before = own_kernel.value("__import__('os').getpid()")
        own_kernel.manager.restart_kernel()
        own_kernel.client.wait_for_ready(timeout=GENEROUS)
        assert own_kernel.value("'forgotten' in globals()") == "False"
        assert own_kernel.value("__import__('os').getpid()") != before
        assert own_kernel.value("__import__('os').getcwd()") == repr(str(tmp_path))

    @pytest.mark.parametrize(
        ("code", "exit_code"),
        [
            ("import os; os._exit(0)", 0),
            ("import os; os._exit(3)", 3),
            ("import os; os.abort()", -6),
            ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", -11),
            ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9),
        ],
    )
    def test_how_it_ended_is_known(self, own_kernel: Kernel, code: str, exit_code: int) -> None:
        own_kernel.begin(code)
        assert own_kernel.exit_code() == exit_code
        assert not own_kernel.manager.is_alive()

    def test_leaving_by_sys_exit_is_an_error_and_the_kernel_goes_on(self, kernel: Kernel) -> None:
        ran = kernel.run("import sys\nsys.exit(3)")
        assert (ran.status, ran.reply["ename"], ran.reply["evalue"]) == ("error", "SystemExit", "3")
        assert kernel.value("1") == "1"
