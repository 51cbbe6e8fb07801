from __future__ import annotations

import datetime
from typing import Any

import msgspec
import pytest

from studio.api.models import TaskDetail
from studio.cli import main
from studio.cli.show_task import print_task


def test_what_a_notebook_needed_and_made_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    details: dict[str, Any] = {
        "kernel": "forked",
        "kernel_name": "python3",
        "resources": {"cpu": 0.94, "peak_memory": 102_072_320},
        "outputs": [{"path": "report.csv", "size": 1234, "digest": "2d711642b726b04401627ca9fbac32f5"}],
        "exports": {"html": "output.html"},
    }
    print_task(task_with(details))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-4:] == [
        "Needed   forked kernel python3, 0.9 s of CPU, 102 MB at most",
        "Output   report.csv  (bytes: 1,234, SHA-256 2d711642b726)",
        "Notebook /artifacts/try-1/output.ipynb",
        "Export   /artifacts/try-1/output.html",
    ]


def task_with(details: dict[str, Any]) -> TaskDetail:
    moment = datetime.datetime(2013, 1, 1, tzinfo=datetime.timezone.utc)
    attempt = {
        "id": 1,
        "try_number": 1,
        "state": "success",
        "queued_at": moment,
        "started_at": moment,
        "ended_at": moment,
        "worker": "w",
        "error": None,
        "value": None,
        "details": details,
        "directory": "try-1",
        "output_path": "/artifacts/try-1/output.ipynb",
    }
    task = {
        "task_id": "report",
        "map_index": -1,
        "state": "success",
        "try_number": 1,
        "max_tries": 1,
        "started_at": moment,
        "ended_at": moment,
        "retry_at": None,
        "rev": 3,
        "map_path": [],
    }
    node = {
        "id": "report",
        "kind": "notebook",
        "upstream": [],
        "trigger_rule": "all_success",
        "retries": 0,
        "label": "report.ipynb",
    }
    found = {"dag_id": "d", "run_id": "r", "task": task, "node": node, "attempts": [attempt], "why": []}
    return msgspec.convert(found, TaskDetail)


def test_an_export_with_another_ending_is_refused_before_a_server_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["tasks", "export", "d", "t", "--output", "report.docx"]) == 2
    assert ".docx is no format that there is: html or pdf, or say --format." in capsys.readouterr().err
