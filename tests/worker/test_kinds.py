from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from studio.worker.kinds import (
    MAX_LABEL,
    CellChanged,
    CellSource,
    Event,
    KernelStarted,
    Log,
    NotebookStarted,
    Rendered,
)
from studio.worker.task import MAX_ERROR, cut_error, without_ansi


def test_an_unknown_kind_is_a_failed_result(attempt: Any) -> None:
    attempt.run("notbook", {})
    assert attempt.result.error == "Unknown kind of task 'notbook'. Did you mean 'notebook'?"


def test_events_survive_the_wire() -> None:
    events: list[Event] = [
        Rendered(parameters={"n": 1}),
        NotebookStarted(cells_total=1, cells=[CellSource(index=0, id="a", cell_type="code", source="1")]),
        KernelStarted(pid=1, kernel_name="python3"),
        CellChanged(
            index=0, state="running", outputs=[{"output_type": "stream", "name": "stdout", "text": "x"}]
        ),
        Log(text="x"),
    ]
    assert msgspec.json.decode(msgspec.json.encode(events), type=list[Event]) == events


def test_errors_are_plain_and_short() -> None:
    assert without_ansi("\x1b[0;31mred\x1b[0m \x1b]8;;x\x07link\x1b]8;;\x07") == "red link"
    cut = cut_error("Head: it\n" + "line\n" * 5000 + "tail \ud800")
    assert cut.startswith("Head: it\n…\n") and cut.endswith("tail ?")
    assert len(cut.encode()) <= MAX_ERROR


def test_functions_run_without_the_notebook_stack(repository: Path) -> None:
    script = (
        "import sys\n"
        "from studio.worker.kinds import TaskRequest, run_task\n"
        "request = TaskRequest(attempt_id=1, dag_id='d', run_id='r', task_id='t', try_number=1, kind='function',"
        " config={'function': 'os:getpid'}, context={}, directory='/nowhere')\n"
        "assert run_task(request, print).state == 'success'\n"
        "print(sorted({'papermill', 'nbformat', 'zmq', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=repository, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_params_are_checked_again_before_the_task(call: Any) -> None:
    context = {"params": {"n": 5}, "param_schemas": {"n": {"type": "string"}}}
    result = call("def f(): return 1", context=context).result
    assert result.state == "failed"
    assert result.error.startswith("InvalidParameter: Param 'n' is 5, but it must be of type string.")
    assert result.signal.errors[0] == "studio.errors.InvalidParameter"


def test_a_label_is_rendered_after_the_task(call: Any) -> None:
    context = {
        "map_index_template": "{{ args.day }}: {{ return_value.rows }}\n of {{ outputs.extract }}",
        "outputs": {"extract": 9},
    }
    source = "def f(day): return {'rows': 7}"
    assert call(source, args={"day": "{{ ds }}"}, context=context).result.signal.label == "2013-01-01: 7 of 9"
    context["map_index_template"] = "{{ 'x' * 1000 }}"
    assert len(call(source, args={"day": 1}, context=context).result.signal.label) == MAX_LABEL


def test_a_label_that_cannot_be_rendered_is_a_line_in_the_log(call: Any) -> None:
    ran = call("def f(): print('ran')", context={"map_index_template": "{{ gone }}"})
    assert (ran.result.state, ran.result.signal.label) == ("success", "")
    assert ran.log.startswith("ran\nThe template '{{ gone }}' of map_index_template cannot be rendered")


def test_a_failed_task_has_its_label_too(call: Any) -> None:
    result = call("def f(): 1 / 0", context={"map_index_template": "{{ ds }}"}).result
    assert (result.state, result.signal.label) == ("failed", "2013-01-01")
    assert result.signal.errors[0] == "builtins.ZeroDivisionError"


def test_a_callback_is_called_with_the_context(call: Any) -> None:
    source = "def f(context, to):\n    print(context['event'], to)\n    return object()"
    ran = call(
        source, kind="callback", args={"to": "{{ dag_id }}"}, context={"event": "failure", "dag_id": "d"}
    )
    assert (ran.result.state, ran.result.value) == ("success", None)
    assert ran.log == "failure d\n"


def test_a_callback_fails_for_itself(call: Any) -> None:
    head = "from studio.outcomes import *\ndef f(context): raise "
    assert call(f"{head}ValueError('x')", kind="callback").result.error.startswith("ValueError: x\n")
    assert call(f"{head}Skip('nobody to tell')", kind="callback").result.state == "success"
    assert "put off" in call(f"{head}Reschedule()", kind="callback").result.error
    broken = {"param_schemas": {"n": {"type": "string"}}}
    assert call("def f(context): pass", kind="callback", context=broken).result.state == "success"
