"""Finding and starting the server: one is there, whoever asks, however the last one ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from studio.client import connect, ensure_server, find_server
from studio.client.endpoint import Endpoint, read_endpoint
from studio.core.spec import DagSpec, TaskSpec
from studio.errors import Forbidden, InvalidInput, NotFound, ServerUnavailable
from studio.settings import Settings

from .conftest import wait_until_gone

CONNECT = "from studio.client import connect; client = connect(); print(client.server_info().pid, client.url)"


def test_callers_at_the_same_time_get_one_server(settings: Settings) -> None:
    callers = [
        subprocess.Popen(
            [sys.executable, "-c", CONNECT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    answers = [caller.communicate(timeout=90) for caller in callers]
    assert [error for _, error in answers] == ["", "", ""]
    assert len({answer for answer, _ in answers}) == 1

    endpoint = ensure_server(settings)
    assert settings.runtime_file.stat().st_mode & 0o777 == 0o600
    assert f"{endpoint.pid} {endpoint.url}\n" == answers[0][0]
    assert os.getsid(endpoint.pid) != os.getsid(0)
    assert endpoint.token not in str(endpoint) and endpoint.token not in settings.log_file.read_text()
    listening = [
        c.laddr.ip for c in psutil.Process(endpoint.pid).net_connections("inet") if c.status == "LISTEN"
    ]
    assert listening == ["127.0.0.1"]
    assert not [
        path for path in settings.home.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o077
    ]

    # A second one on the same home is refused and says who is there.
    second = subprocess.run(
        [sys.executable, "-m", "studio.server"], capture_output=True, text=True, timeout=60
    )
    assert second.returncode == 1
    assert str(endpoint.pid) in second.stderr and "Traceback" not in second.stderr

    # Killed: its file is stale. The client that it had finds the next one by itself.
    client = connect()
    assert client.list_dags().dags == []
    os.kill(endpoint.pid, signal.SIGKILL)
    wait_until_gone(endpoint.pid)
    assert settings.runtime_file.exists()
    assert find_server(settings) is None
    with pytest.raises(ServerUnavailable):
        connect(start=False)
    assert client.list_dags().dags == []
    assert client.server_info().pid != endpoint.pid
    client.close()

    # Stopped in order: the file is gone.
    after = ensure_server(settings)
    os.kill(after.pid, signal.SIGTERM)
    wait_until_gone(after.pid)
    assert not settings.runtime_file.exists()


def test_client_calls_what_the_server_does(settings: Settings, tmp_path: Path) -> None:
    def task(name: str, *upstream: str) -> TaskSpec:
        return TaskSpec(
            id=name,
            kind="function",
            upstream=upstream,
            config={"function": f"steps:{name}", "args": {}, "path": [str(tmp_path)]},
        )

    with connect() as client:
        spec = DagSpec(id="two", tasks=(task("quick"), task("fail", "quick")))
        assert client.publish_dag(spec).dag.task_count == 2
        run_id = client.trigger_run("two").run.run_id
        seen: list[str] = []
        over = client.wait_for_run(
            "two", run_id, lambda detail: seen.append(detail.run.state.value), timeout=60
        )
        assert over.run.state.value == seen[-1] == "failed"
        assert {found.task_id: found.state.value for found in over.tasks} == {
            "quick": "success",
            "fail": "failed",
        }
        assert client.get_run("two", run_id) == over
        attempt = client.get_task("two", run_id, "fail").attempts[-1]
        assert "as asked" in (attempt.error or "")
        assert client.get_task("two", run_id, "quick").attempts[-1].value == 1
        assert [run.run_id for run in client.list_runs("two", state=["failed"]).runs] == [run_id]
        assert client.get_output("two", run_id, "quick").cells == []
        assert client.get_log("two", run_id, "quick").try_number == 1

        client.publish_dag(DagSpec(id="long", tasks=(task("wait"),)))
        long = client.trigger_run("long").run.run_id
        for message in client.follow(dag_ids=["long"]):
            state = client.get_run("long", long).tasks[0].state.value
            if state == "running":
                break
            assert message.__struct_config__.tag in ("hello", "run", "dag")
        client.cancel_run("long", long)
        assert client.wait_for_run("long", long, timeout=60).run.state.value == "cancelled"

        with pytest.raises(NotFound, match="Did you mean 'two'"):
            client.get_dag("tow")
        with pytest.raises(InvalidInput, match="no param"):
            client.trigger_run("two", params={"x": 1})
        with pytest.raises(InvalidInput):
            client.get_dag("..")
        with pytest.raises(Forbidden), connect(client.url, "wrong") as stranger:
            stranger.list_dags()


def test_failure_to_start_shows_the_end_of_the_log(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_DATABASE", "nonsense://")
    with pytest.raises(ServerUnavailable) as caught:
        connect()
    assert "status 1" in str(caught.value) and "Error:" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_runtime_file_that_others_could_have_written_is_not_trusted(
    settings: Settings, tmp_path: Path
) -> None:
    settings.runtime_file.parent.mkdir(parents=True)
    content = {"url": "http://127.0.0.1:1", "token": "t", "pid": os.getpid(), "version": "0"}
    settings.runtime_file.write_text(json.dumps(content))
    settings.runtime_file.chmod(0o644)
    assert read_endpoint(settings) is None
    settings.runtime_file.chmod(0o600)
    assert read_endpoint(settings) == Endpoint("http://127.0.0.1:1", "t", os.getpid(), "0")
    (tmp_path / "copy").write_text(json.dumps(content))
    (tmp_path / "copy").chmod(0o600)
    settings.runtime_file.unlink()
    settings.runtime_file.symlink_to(tmp_path / "copy")
    assert read_endpoint(settings) is None
    for odd in ("", "[]", "{}", '{"url": 1, "token": 2, "pid": "x", "version": 1}'):
        settings.runtime_file.unlink()
        settings.runtime_file.write_text(odd)
        settings.runtime_file.chmod(0o600)
        assert read_endpoint(settings) is None


def test_url_needs_a_token() -> None:
    with pytest.raises(InvalidInput, match="token"):
        connect("http://127.0.0.1:1")


def test_nobody_there() -> None:
    client = connect("http://127.0.0.1:1", "t")
    with pytest.raises(ServerUnavailable, match="studio server"):
        client.list_dags()


@pytest.mark.parametrize("statement", ["import studio", "from studio import connect"])
def test_import_loads_nothing_heavy(statement: str) -> None:
    code = f"import sys; {statement}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {
        "httpx",
        "websockets",
        "tornado",
        "sqlalchemy",
        "asyncio",
        "rich",
        "click",
        "jupyter_core",
        "nbformat",
    }
    assert heavy.isdisjoint(loaded)
