"""Exports of a real notebook on a real server: asked for, and made by the task itself."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from studio.cli import main
from studio.client import Client, connect
from studio.core.spec import DagSpec, TaskSpec
from studio.errors import InvalidInput
from studio.settings import Settings

HOSTILE = """
from IPython.display import HTML, SVG, Javascript, Markdown, display
display(HTML('<script>document.title = "taken"</script><svg onload="alert(1)"></svg>'))
display(SVG('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(2)"><script>alert(3)</script></svg>'))
display(Markdown('[here](javascript:alert(4)) ![pixel](https://evil.example/p.png)'))
display(Javascript('fetch("https://evil.example/")'))
print('the run of', day)
"""


def _publish(client: Client, folder: Path, name: str, *sources: str, **config: Any) -> None:
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "source": source, "outputs": [], "execution_count": None, "metadata": metadata}
        for source, metadata in zip(
            ("day = '2013-01-01'", *sources), ({"tags": ["parameters"]}, *({} for _ in sources)), strict=True
        )
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}).encode()
    path = folder / f"{name}.ipynb"
    path.write_bytes(content)
    given = {
        "path": str(path),
        "digest": hashlib.sha256(content).hexdigest(),
        "cwd": str(folder),
        "parameters": {"day": "{{ params.day }}"},
        **config,
    }
    spec = DagSpec(
        id=name,
        tasks=(TaskSpec(id="report", kind="notebook", config=given),),
        params={"day": "2013-01-01"},
    )
    client.publish_dag(spec, [content])


def _run(client: Client, dag_id: str) -> str:
    run_id = client.trigger_run(dag_id, params={"day": "2013-02-03"}).run.run_id
    client.wait_for_run(dag_id, run_id, timeout=120)
    return run_id


def test_a_hostile_notebook_is_a_sandboxed_page(settings: Settings, tmp_path: Path) -> None:
    with connect() as client:
        _publish(client, tmp_path, "hostile", HOSTILE)
        run_id = _run(client, "hostile")
        endpoint = client._transport.endpoint
        answer = httpx.get(
            f"{endpoint.url}/api/dags/hostile/runs/{run_id}/tasks/report/export",
            headers={"Authorization": f"token {endpoint.token}"},
            timeout=120,
        )
        assert client.export_task("hostile", run_id, "report") == answer.content
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith('inline; filename="hostile_report_')
    assert "Set-Cookie" not in answer.headers
    policy = dict(
        (rule.strip() + " ").split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy["sandbox"].split() == [
        "allow-scripts"
    ]  # so: another origin, no cookies, no forms, no windows
    assert policy["default-src"].strip() == "'none'"
    assert [rule for rule, given in policy.items() if "http" in given or "*" in given] == []
    assert "the run of 2013-02-03" in answer.text


def test_a_task_makes_its_exports_also_when_it_fails(settings: Settings, tmp_path: Path) -> None:
    with connect() as client:
        _publish(
            client, tmp_path, "exporting", "print('kept')\nraise ValueError('no flights')", export=["html"]
        )
        run_id = _run(client, "exporting")
        attempt = client.get_task("exporting", run_id, "report").attempts[-1]
        assert (attempt.state.value, attempt.details["exports"]) == ("failed", {"html": "output.html"})
        assert attempt.output_path is not None
        made = Path(attempt.output_path).with_name("output.html")
        before = made.stat()
        page = client.export_task("exporting", run_id, "report")
        assert page == made.read_bytes() and b"no flights" in page
        assert made.stat().st_ino == before.st_ino  # the one that the task has made


def test_an_export_that_fails_does_not_fail_its_task(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_CHROMIUM", "/nowhere/chromium")
    with connect() as client:
        _publish(client, tmp_path, "unprinted", "1 + 1", export=["html", "pdf"])
        _publish(client, tmp_path, "after", "print('after', day)")
        run_id = _run(client, "unprinted")
        attempt = client.get_task("unprinted", run_id, "report").attempts[-1]
        assert (attempt.state.value, attempt.details["exports"]["html"]) == ("success", "output.html")
        assert "/nowhere/chromium" in attempt.details["exports"]["pdf"]
        assert attempt.output_path is not None
        logs = Path(attempt.output_path).parent.glob("log*")
        assert "/nowhere/chromium" in "".join(log.read_text() for log in logs)
        endpoint = client._transport.endpoint
        answer = httpx.get(
            f"{endpoint.url}/api/dags/unprinted/runs/{run_id}/tasks/report/export?format=pdf",
            headers={"Authorization": f"token {endpoint.token}"},
            timeout=120,
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (501, "export_unavailable")
        with pytest.raises(InvalidInput, match="html or pdf"):
            client.export_task("unprinted", run_id, "report", "docx")  # type: ignore[arg-type]
        after = _run(client, "after")  # in the same worker
        assert b"after 2013-02-03" in client.export_task("after", after, "report")


def test_what_a_running_task_has_so_far(settings: Settings, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    wait = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.02)"
    with connect() as client:
        _publish(client, tmp_path, "slow", "print('first', day)", wait, "print('last', day)")
        run_id = client.trigger_run("slow", params={"day": "2013-02-03"}).run.run_id
        while not client.get_output("slow", run_id, "report").path:
            time.sleep(0.1)
        assert b"<html" in client.export_task("slow", run_id, "report")
        gate.touch()
        client.wait_for_run("slow", run_id, timeout=60)
        path = client.get_output("slow", run_id, "report").path
        assert path is not None and not Path(path).with_name("output.html").exists()
        assert b"last 2013-02-03" in client.export_task("slow", run_id, "report")


def test_the_command_writes_a_file(settings: Settings, tmp_path: Path, chromium: str) -> None:
    with connect() as client:
        _publish(client, tmp_path, "report", "print('day', day)")
        _run(client, "report")
    page, paper, none = tmp_path / "report.html", tmp_path / "report.pdf", tmp_path / "none.html"
    for file in (page, paper):
        assert main(["tasks", "export", "report", "report", "--output", str(file)]) == 0
    assert b"day 2013-02-03" in page.read_bytes()
    assert paper.read_bytes().startswith(b"%PDF-")
    assert main(["tasks", "export", "report", "nothing", "--output", str(none)]) != 0
    assert not none.exists()
