from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from studio.worker.kinds import CellChanged, CellSource, Event, KernelStarted, Log, NotebookStarted, Rendered
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
