"""A real notebook on a real server: its output is followed while it grows, over a crash of the server."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from pathlib import Path
from typing import Any

from studio.api.models import CellOutput, OutputChanged
from studio.client import connect
from studio.core.spec import DagSpec, TaskSpec
from studio.settings import Settings

from .conftest import wait_until_gone


def _code(source: str, *tags: str) -> dict[str, Any]:
    metadata = {"tags": list(tags)} if tags else {}
    return {
        "cell_type": "code",
        "source": source,
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


def _notebook(gate: Path) -> bytes:
    cells = [
        {"cell_type": "markdown", "source": "# Flights", "metadata": {}},
        _code("day = '2013-01-01'", "parameters"),
        _code("print('day', day)"),
        _code(
            f"import os, time\nprint('waiting')\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.02)"
        ),
        _code("day.upper()"),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}).encode()


def _texts(cells: list[CellOutput]) -> str:
    return json.dumps([cell.outputs for cell in cells])


def test_output_grows_and_survives_the_server(settings: Settings, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    content = _notebook(gate)
    (tmp_path / "report.ipynb").write_bytes(content)
    config = {
        "path": str(tmp_path / "report.ipynb"),
        "digest": hashlib.sha256(content).hexdigest(),
        "cwd": str(tmp_path),
        "parameters": {"day": "{{ params.day }}"},
    }
    task = TaskSpec(id="report", kind="notebook", config=config)
    with connect() as client:
        client.publish_dag(DagSpec(id="nb", tasks=(task,), params={"day": "2013-01-01"}), [content])
        run_id = client.trigger_run("nb", params={"day": "2013-02-03"}).run.run_id
        topic = f"nb/{run_id}/report/-1"
        for _ in client.follow(outputs=[topic]):
            output = client.get_output("nb", run_id, "report")
            if "waiting" in _texts(output.cells):
                break
        assert "day 2013-02-03" in _texts(output.cells)
        assert output.cells[-1].state == "waiting" and output.cells[0].cell_type == "markdown"
        assert (output.cells_done, output.cells_total) == (3, 5)  # with the injected parameters

        # The server dies; the notebook goes on, and the next server shows the same.
        pid = client.server_info().pid
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)
        after = client.get_output("nb", run_id, "report")
        assert client.server_info().pid != pid
        assert [cell.source for cell in after.cells] == [cell.source for cell in output.cells]
        assert "day 2013-02-03" in _texts(after.cells)

        last: list[OutputChanged] = []
        for message in client.follow(outputs=[topic], dag_ids=["nb"]):
            gate.touch()
            if isinstance(message, OutputChanged):
                last.append(message)
                if message.reset and message.cells_done == message.cells_total:
                    break
        assert "2013-02-03'" in _texts(last[-1].cells)
        revs = [message.rev for message in last]
        assert revs == sorted(revs) and revs[0] > output.rev

        over = client.wait_for_run("nb", run_id, timeout=60)
        assert (over.run.state.value, over.tasks[0].try_number) == ("success", 1)
        file = client.get_output("nb", run_id, "report")
        assert (file.cells, file.path is not None) == (last[-1].cells, True)
        assert json.loads(client.get_notebook("nb", run_id, "report"))["nbformat"] == 4
