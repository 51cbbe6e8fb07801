"""Notebook tasks with real kernels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from studio.core.signals import Signal
from studio.worker.kinds import CellChanged, KernelStarted, NotebookStarted, Rendered


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Every test ends without a process or a file of a kernel."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    children = set(psutil.Process().children(recursive=True))
    with tempfile.TemporaryDirectory() as folder:  # short enough for sockets, and of this test alone
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield
        assert set(psutil.Process().children(recursive=True)) - children == set()
        assert [name for name in os.listdir(folder) if name.startswith("studio-")] == []


def test_parameters_are_rendered_injected_and_told(run_notebook: Any, tmp_path: Path) -> None:
    ran = run_notebook(
        "#!md # Title",
        ("n = 1\nday = 'none'", "parameters"),
        "import os\nprint(n + 1, day, os.getcwd(), os.environ['COLOUR'])",
        parameters={"n": "{{ params.n }}", "day": "{{ ds }}"},
        env={"COLOUR": "green"},
    )
    assert ran.result.state == "success", ran.result.error
    assert ran.events[0] == Rendered(parameters={"n": 5, "day": "2013-01-01"})
    started = ran.events[1]
    assert isinstance(started, NotebookStarted)
    assert [cell.cell_type for cell in started.cells] == ["markdown", "code", "code", "code"]
    assert started.cells[2].source == '# Parameters\nn = 5\nday = "2013-01-01"\n'
    assert isinstance(ran.events[2], KernelStarted)
    outputs = ran.changes(3)[-1].outputs
    text = f"6 2013-01-01 {tmp_path} green\n"
    assert outputs == [{"output_type": "stream", "name": "stdout", "text": text}]
    assert [change.state for change in ran.changes(3)][:1] == ["running"]
    last = ran.changes(3)[-1]
    assert last.state == "success" and last.execution_count == 3 and last.duration is not None
    assert ran.output.cells[3].outputs == outputs
    assert ran.output.metadata.papermill.parameters == {"n": 5, "day": "2013-01-01"}
    assert ran.result.details["kernel_name"] == "python3"
    assert sorted(os.listdir(ran.directory)) == ["log.jsonl", "output.ipynb"]


def test_outputs_arrive_while_the_cell_runs(run_notebook: Any) -> None:
    ran = run_notebook("import time\nfor i in range(5):\n    print(i, flush=True)\n    time.sleep(0.3)")
    running = [c.outputs[0]["text"] for c in ran.changes(0) if c.state == "running" and c.outputs]
    assert len(set(running)) >= 3
    assert ran.changes(0)[-1].outputs[0]["text"] == "0\n1\n2\n3\n4\n"


def test_a_failure_keeps_the_notebook_with_its_traceback(run_notebook: Any) -> None:
    ran = run_notebook(
        ("n = 0", "parameters"), "print('before')\n1 / n", "print('never')", parameters={"n": 0}
    )
    assert ran.result.state == "failed"
    assert ran.result.error.startswith("ZeroDivisionError: division by zero\n")
    assert "\x1b" not in ran.result.error
    assert ran.result.failed_cell == 2
    assert ran.result.details["failed_cell_in_source"] == 1
    cells = ran.output.cells
    assert len(cells) == 4
    assert [output.output_type for output in cells[2].outputs] == ["stream", "error"]
    assert ran.changes(2)[-1].state == "failed"
    assert [change.state for change in ran.changes(3)] == ["skipped"]


@pytest.mark.parametrize(
    ("how", "said"), [("os._exit(3)", "exited with code 3"), ("os.kill(os.getpid(), 9)", "ended by SIGKILL")]
)
def test_a_kernel_that_dies_fails_the_task_and_leaves_what_it_did(
    run_notebook: Any, how: str, said: str
) -> None:
    last = f"print('last words', flush=True)\ntime.sleep(0.3)\n{how}"
    ran = run_notebook("import os, time\nprint('alive', flush=True)", last, "1")
    assert ran.result.state == "failed"
    assert ran.result.error.startswith("KernelDied: The kernel died while this cell ran: it")
    assert said in ran.result.error
    assert ran.result.failed_cell == 1
    assert ran.output.cells[0].outputs[0].text == "alive\n"
    assert [output.output_type for output in ran.output.cells[1].outputs] == ["stream", "error"]
    assert ran.output.cells[1].outputs[1].ename == "KernelDied"


def test_a_timeout_ends_the_kernel_and_shows_where_the_cell_stood(run_notebook: Any) -> None:
    ran = run_notebook("1", "import time\nwhile True:\n    time.sleep(0.01)", timeout=3)
    assert ran.result.state == "failed"
    assert ran.result.error.startswith("NotebookTimeout: The notebook took longer than the 3 s")
    assert [o.ename for o in ran.output.cells[1].outputs] == ["KeyboardInterrupt", "NotebookTimeout"]


def test_a_cell_that_ignores_the_interrupt_is_killed(run_notebook: Any) -> None:
    deaf = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    ran = run_notebook(deaf + "end = time.time() + 60\nwhile time.time() < end:\n    pass", timeout=3)
    assert ran.result.error.startswith("NotebookTimeout")


def test_processes_that_a_notebook_leaves_behind_end_with_it(run_notebook: Any) -> None:
    ran = run_notebook("import subprocess\nprint(subprocess.Popen(['sleep', '60']).pid)")
    assert ran.result.state == "success"
    pid = int(ran.output.cells[0].outputs[0].text)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_crafted_parameter_name_is_refused_and_not_executed(run_notebook: Any, tmp_path: Path) -> None:
    name = f"x = 1; open({str(tmp_path / 'pwned')!r}, 'w'); y"
    ran = run_notebook(("x = 1", "parameters"), "x", parameters={name: 1})
    assert ran.result.state == "failed"
    assert "cannot be a parameter" in ran.result.error
    assert not (tmp_path / "pwned").exists()
    assert not any(isinstance(event, KernelStarted) for event in ran.events)


def test_an_unknown_parameter_is_refused_with_the_nearest(run_notebook: Any) -> None:
    ran = run_notebook(("origin = 'EWR'", "parameters"), parameters={"orgin": "JFK"})
    assert ran.result.error == (
        "InvalidParameter: The notebook source.ipynb has no parameter 'orgin'. Did you mean 'origin'?"
    )


def test_a_template_that_fails_names_parameter_and_name(run_notebook: Any) -> None:
    ran = run_notebook(("day = ''", "parameters"), parameters={"day": "{{ dz }}"})
    assert "parameter 'day' cannot be rendered: 'dz' is undefined" in ran.result.error


def test_text_parameters_arrive_as_they_were(run_notebook: Any) -> None:
    text = "'\"\\\n{x} \u00e4\U0001f600 \x00 \\N{DIGIT ONE} {{"
    ran = run_notebook(("t = ''", "parameters"), "print(ascii(t))", parameters={"t": text.replace("{{", "")})
    assert ran.output.cells[2].outputs[0].text == ascii(text.replace("{{", "")) + "\n"


def test_a_flood_of_text_is_cut_and_the_rest_logged(run_notebook: Any) -> None:
    ran = run_notebook("for i in range(5000):\n    print('x' * 999)\nprint('the end')\n42")
    assert ran.result.state == "success", ran.result.error
    stream, notice, value = ran.output.cells[0].outputs
    assert len(stream.text) == 1_000_000
    assert "the rest is in the log" in notice.text
    assert value["data"]["text/plain"] == "42"
    assert ran.log.count("x") == 5000 * 999 - stream.text.count("x")
    assert "the end" in ran.log
    assert ran.result.details["truncated"] is True


def test_a_flood_of_messages_loses_none(run_notebook: Any) -> None:
    ran = run_notebook("for i in range(1500):\n    display(i)\n")
    assert [o["data"]["text/plain"] for o in ran.output.cells[0].outputs] == [str(i) for i in range(1500)]


def test_progress_bars_overwrite_their_line(run_notebook: Any) -> None:
    ran = run_notebook(
        "for i in range(500):\n    print(f'\\r{i} of 500', end='', flush=True)\nprint(' done')"
    )
    assert ran.output.cells[0].outputs[0].text == "499 of 500 done\n"


CLEARED = "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('here')"


def test_a_display_updates_in_the_cell_that_shows_it(run_notebook: Any) -> None:
    ran = run_notebook("h = display('old', display_id=True)", "h.update('new')", CLEARED)
    assert ran.output.cells[0].outputs[0]["data"]["text/plain"] == "'new'"
    assert ran.changes(0)[-1].outputs[0]["data"]["text/plain"] == "'new'"
    assert ran.changes(0)[-1].state == "success"
    assert [o.text for o in ran.output.cells[2].outputs] == ["here\n"]


def test_an_early_exit_and_allowed_errors_are_successes(run_notebook: Any) -> None:
    ran = run_notebook(
        ("1 / 0", "raises-exception"), ("never()", "skip-execution"), "import sys; sys.exit()", "2"
    )
    assert ran.result.state == "success", ran.result.error
    assert len(ran.output.cells) == 4
    states = [ran.changes(index)[-1].state for index in range(4)]
    assert states == ["success", "skipped", "success", "skipped"]


def test_input_is_refused(run_notebook: Any) -> None:
    assert "StdinNotImplementedError" in run_notebook("input('name? ')").result.error


def test_two_notebooks_one_after_another_do_not_see_each_other(run_notebook: Any) -> None:
    assert (
        run_notebook("import os, sys\nx = 1\nos.environ['LEAK'] = '1'\nos.chdir('/')").result.state
        == "success"
    )
    before = os.getcwd()
    ran = run_notebook("'x' in globals(), 'LEAK' in os.environ if 'os' in globals() else None")
    assert ran.output.cells[0].outputs[0]["data"]["text/plain"] == "(False, None)"
    assert os.getcwd() == before and "LEAK" not in os.environ


def test_an_exception_of_the_listener_leaves_no_kernel(run_notebook: Any) -> None:
    def stop(event: Any) -> None:
        if isinstance(event, CellChanged) and event.state == "running":
            raise SystemExit("the runner is told to end")

    assert run_notebook("1", emit=stop).result.error == "SystemExit: the runner is told to end"


def test_a_kernel_ends_when_its_runner_is_killed(tmp_path: Path, repository: Path) -> None:
    path = tmp_path / "source.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("import time; time.sleep(60)")]), path)
    script = (
        "from studio.worker.kinds import *\n"
        "def emit(event):\n"
        "    if isinstance(event, KernelStarted): print(event.pid, flush=True)\n"
        f"config = {{'content': {str(path)!r}}}\n"
        "run_task(TaskRequest(attempt_id=1, dag_id='d', run_id='r', task_id='t', try_number=1, kind='notebook',"
        f" config=config, context={{}}, directory={str(tmp_path)!r}), emit)"
    )
    env = {**os.environ, "TMPDIR": str(tmp_path), "XDG_RUNTIME_DIR": ""}
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=repository, env=env, stdout=subprocess.PIPE
    ) as runner:
        assert runner.stdout is not None
        kernel = psutil.Process(int(runner.stdout.readline()))
        runner.kill()
    psutil.wait_procs([kernel], timeout=10)
    assert not kernel.is_running() or kernel.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "it is not JSON"),
        ("[]", "it is not a JSON object"),
        ('{"cells": 5}', "its notebook format is None, not 4"),
        ('{"nbformat": 3, "worksheets": []}', "old notebook format 3"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 5}', "its `cells` are not a list"),
        (
            '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{}]}',
            "cell 0 has no known `cell_type`",
        ),
    ],
)
def test_what_is_no_notebook_is_refused_with_the_reason(
    attempt: Any, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "bad.ipynb"
    path.write_text(text)
    attempt.run("notebook", {"content": str(path)})
    assert attempt.result.state == "failed"
    assert said in attempt.result.error


def test_a_missing_notebook_and_directory_are_named(attempt: Any, run_notebook: Any, tmp_path: Path) -> None:
    attempt.run("notebook", {"content": str(tmp_path / "none.ipynb")})
    assert f"There is no notebook '{tmp_path}/none.ipynb'" in attempt.result.error
    ran = run_notebook("1", cwd=str(tmp_path / "gone"))
    assert f"The directory {tmp_path}/gone in which the notebook is to run does not exist" in ran.result.error


def test_an_unknown_kernel_lists_the_installed_ones(run_notebook: Any) -> None:
    error = run_notebook("1", kernel_name="pyhton3").result.error
    assert "There is no kernel 'pyhton3' here. Installed:" in error and "python3" in error


def test_a_kernel_that_cannot_start_tells_why(
    run_notebook: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tmp_path / "kernels" / "broken"
    spec.mkdir(parents=True)
    argv = ["python", "-c", "import sys; sys.exit('no such library')", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Broken", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    error = run_notebook("1", kernel_name="broken").result.error
    assert "died while starting: it exited with code 1\nno such library" in error


def test_an_old_minor_format_without_ids_and_braces_in_paths_work(attempt: Any, tmp_path: Path) -> None:
    path = tmp_path / "a {b} {0}.ipynb"
    cell = {"cell_type": "code", "source": ["x = ", "1"], "metadata": {"tags": ["parameters"]}, "outputs": []}
    second: dict[str, Any] = {
        "cell_type": "code",
        "source": "x / 0",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    notebook = {"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": [cell, second]}
    path.write_text(json.dumps(notebook))
    attempt.directory = tmp_path / "{attempt}"
    attempt.directory.mkdir()
    attempt.run("notebook", {"content": str(path), "parameters": {"x": 3}})
    assert attempt.result.failed_cell == 2 and attempt.result.details["failed_cell_in_source"] == 1
    assert attempt.output.metadata.papermill.input_path == str(path)


def test_a_skip_ends_the_notebook_as_skipped(run_notebook: Any) -> None:
    ran = run_notebook(
        "print('so far')", "import studio.outcomes\nraise studio.outcomes.Skip('no data')", "1"
    )
    assert (ran.result.state, ran.result.error, ran.result.failed_cell) == ("skipped", "no data", None)
    assert [ran.changes(index)[-1].state for index in range(3)] == ["success", "success", "skipped"]
    cells = ran.output.cells
    assert len(cells) == 3 and cells[0].outputs[0].text == "so far\n"
    (output,) = cells[1].outputs
    assert (output.ename, output.evalue) == ("Skip", "no data")
    assert len(output.traceback) == 1  # no frames: it is no error
    assert "exception" not in cells[1].metadata.papermill or not cells[1].metadata.papermill.exception


def test_a_fail_fails_the_notebook_and_is_not_tried_again(run_notebook: Any) -> None:
    source = "from studio.outcomes import Fail\nclass Broken(Fail): pass\nraise Broken('bad credentials')"
    ran = run_notebook("1", source, parameters={})
    assert (ran.result.state, ran.result.error, ran.result.failed_cell) == ("failed", "bad credentials", 1)
    assert ran.result.signal == Signal(retry=False, errors=("studio.outcomes.Fail",))
    assert ran.result.details["failed_cell_in_source"] == 1
    assert ran.changes(1)[-1].state == "failed"


def test_a_notebook_can_be_put_off(run_notebook: Any) -> None:
    ran = run_notebook("from studio.outcomes import *\nraise Defer(1359612000, {'page': 3})")
    assert ran.result.state == "rescheduled"
    assert ran.result.signal == Signal(until=1359612000.0, resume={"page": 3})


def test_a_class_of_the_same_name_is_an_error(run_notebook: Any) -> None:
    ran = run_notebook("class Skip(ValueError): pass\nraise Skip('x')")
    assert ran.result.state == "failed" and ran.result.error.startswith("Skip: x\n")
    assert ran.result.signal.errors == ("Skip",)


def test_errors_of_a_notebook_are_named(run_notebook: Any) -> None:
    assert run_notebook("1 / 0").result.signal.errors[:3] == (
        "ZeroDivisionError",
        "builtins.ZeroDivisionError",
        "builtins.ArithmeticError",
    )
    timed_out = run_notebook("import time\nwhile True: time.sleep(0.01)", timeout=3).result
    assert timed_out.signal.errors[0] == "builtins.TimeoutError"


def test_values_of_other_tasks_are_filled_in(run_notebook: Any) -> None:
    ran = run_notebook(
        ("rows = 0\nday = ''", "parameters"),
        "print(rows, day)",
        parameters={"rows": {"$output": "extract", "key": "rows"}},
        context={"outputs": {"extract": {"rows": 7}}, "mapped_args": {"day": "{{ ds }}"}},
    )
    assert ran.changes(2)[-1].outputs[0]["text"] == "7 {{ ds }}\n"
    assert ran.result.details["rendered"] == {"rows": 7, "day": "{{ ds }}"}


def test_a_notebook_is_no_sensor(run_notebook: Any) -> None:
    result = run_notebook("1", context={"interpret": "sensor"}).result
    assert (result.state, result.signal.retry) == ("failed", False)
    assert result.error.startswith("A notebook cannot be a sensor")


def test_a_function_on_a_mapped_argument_may_skip_the_notebook(run_notebook: Any, tmp_path: Path) -> None:
    (tmp_path / "studio_test_map.py").write_text(
        "from studio.outcomes import Skip\ndef f(n):\n    raise Skip('odd') if n % 2 else KeyError(n)"
    )
    step = {"function": "studio_test_map:f", "path": [str(tmp_path)]}
    results = []
    for n in (1, 2):
        context = {"mapped_args": {"n": {"$apply": [step], "value": n}}}
        results.append(run_notebook(("n = 0", "parameters"), context=context).result)
    assert [result.state for result in results] == ["skipped", "failed"]
    assert results[1].error.startswith("KeyError: 2\nTraceback")
    assert results[1].signal.errors[0] == "builtins.KeyError"


def test_people_are_told_how_to_connect_to_a_kernel_that_is_attachable(run_notebook: Any) -> None:
    connect = (
        "import os\n"
        "from ipykernel.connect import get_connection_file\n"
        "print(os.path.abspath(get_connection_file()))"
    )
    ran = run_notebook(connect, attachable=True)
    file = ran.output.cells[0].outputs[0].text.strip()
    assert f"jupyter console --existing {file}\n" in ran.log
