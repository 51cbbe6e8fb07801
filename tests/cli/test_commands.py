"""The command as people and scripts use it: a process, its output, its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.cli import main
from studio.client import connect
from studio.core.spec import DagSpec, TaskSpec
from studio.settings import Settings


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`studio …` in a process of its own."""
    command = [sys.executable, "-m", "studio.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=90)


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """`studio …` in this process: exit code, stdout, stderr."""
    code = main(arguments)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code, out, err = called(capsys, *arguments, "--json")
    assert (code, err) == (0, ""), err
    return json.loads(out)


def _publish(tmp_path: Path) -> None:
    def task(name: str, *upstream: str, **more: Any) -> TaskSpec:
        config = {"function": f"steps:{name}", "args": {}, "path": [str(tmp_path)]}
        return TaskSpec(id=name, kind="function", upstream=upstream, config=config, **more)

    with connect() as client:
        client.publish_dag(
            DagSpec(id="good", description="[bold]x[/]", tasks=(task("quick"),), params={"day": "1"})
        )
        client.publish_dag(DagSpec(id="bad", tasks=(task("fail"), task("quick", "fail"))))
        client.publish_dag(DagSpec(id="long", tasks=(task("wait"), task("quick", "wait"))))


def test_commands_against_a_server(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = called(capsys, "status")
    assert (code, err.startswith("Error: No studio server runs on")) == (1, True)
    _publish(tmp_path)
    assert as_json(capsys, "status")["server"]["scheduling"] is True

    assert [dag["dag_id"] for dag in as_json(capsys, "dags", "list")["dags"]] == ["bad", "good", "long"]
    assert as_json(capsys, "dags", "pause", "good")["paused"] is True
    assert as_json(capsys, "dags", "unpause", "good")["paused"] is False
    code, out, _ = called(capsys, "dags", "show", "good")
    assert (code, "[bold]x[/]" in out, "quick" in out) == (0, True, True)  # markup of others stays text

    watched = as_json(capsys, "dags", "trigger", "good", "-p", "day=2", "--date", "2013-01-31", "--watch")
    assert (watched["run"]["state"], watched["run"]["params"]) == ("success", {"day": 2})
    code, out, _ = called(capsys, "dags", "trigger", "bad", "--watch")
    assert (code, "fail: failed" in out, "✗ failed" in out) == (1, True, True)
    assert "as asked" in out.splitlines()[-1]
    assert called(capsys, "runs", "watch", "bad")[0] == 1
    assert [found["dag_id"] for found in as_json(capsys, "runs", "list", "--state", "failed")["runs"]] == [
        "bad"
    ]
    assert as_json(capsys, "runs", "show", "bad")["tasks"][0]["state"] == "failed"
    assert "✗ failed" in called(capsys, "runs", "show", "bad")[1]
    assert as_json(capsys, "tasks", "why", "bad", "fail")["state"] == "failed"
    assert as_json(capsys, "tasks", "show", "bad", "fail")["attempts"][0]["source_changed"] is None
    code, out, _ = called(capsys, "tasks", "show", "bad", "fail")
    assert (code, "fail of" in out, "✗ failed" in out, "as asked" in out) == (0, True, True, True)
    assert "as asked" in called(capsys, "tasks", "why", "bad", "fail")[1]
    assert "Failed in this run: fail." in called(capsys, "tasks", "why", "bad", "quick")[1]
    assert as_json(capsys, "tasks", "output", "bad", "fail")["cells"] == []
    log = as_json(capsys, "tasks", "log", "bad", "fail")
    assert (log["try_number"], log["ended"]) == (1, True)
    assert log["records"][-1]["text"].endswith("ValueError: as asked")
    errors = called(capsys, "tasks", "log", "bad", "fail", "--level", "error")[1]
    assert "ERROR     studio  Traceback" in errors
    assert called(capsys, "tasks", "log", "bad", "fail", "--follow", "--level", "error")[1] == errors
    assert "as asked" in called(capsys, "tasks", "log", "bad", "fail", "--text")[1]
    assert "Nothing in the log fits" in called(capsys, "tasks", "log", "bad", "fail", "--search", "ducks")[2]
    assert as_json(capsys, "tasks", "clear", "bad", "fail", "--no-downstream")["run"]["dag_id"] == "bad"

    long = as_json(capsys, "dags", "trigger", "long")["run"]["run_id"]
    assert as_json(capsys, "tasks", "why", "long", "quick")["why"] != []
    watcher = subprocess.Popen(
        [sys.executable, "-m", "studio.cli", "runs", "watch", "long"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert watcher.stdout is not None
    assert watcher.stdout.readline().startswith(b"wait: ")
    watcher.send_signal(signal.SIGINT)
    assert (watcher.communicate(timeout=30)[1], watcher.returncode) == (b"\n", 130)
    assert as_json(capsys, "runs", "cancel", "long", long)["run"]["cancelling"] is True
    assert called(capsys, "runs", "watch", "long", long)[0] == 1

    assert called(capsys, "dags", "delete", "bad", "--yes") == (0, "bad and its runs are deleted.\n", "")
    assert called(capsys, "dags", "show", "bad")[0] == 1

    code, out, _ = called(capsys, "doctor")
    assert (code, "✗" in out) == (0, False), out
    assert as_json(capsys, "db", "check")["schema"]

    for arguments, expected, said in (
        (("dags", "show", "god"), 1, "Did you mean 'good'?"),
        (("dags", "trigger", "good", "-p", "dya=1"), 2, "day"),
        (("dags", "trigger", "good", "-p", "nonsense"), 2, "NAME=VALUE"),
        (("dags", "trigger", "good", "--date", "tomorrow"), 2, "2013-01-31"),
        (("runs", "show", "good", "none"), 1, "Known: manual__2013-01-31"),
        (("runs", "cancel", "good"), 1, "over"),
        (("runs", "list", "--state", "sucess"), 2, "'success'"),
        (("runs", "list", "--type", "manaul"), 2, "'manual'"),
        (("runs", "list", "--until", "2013-02-30"), 2, "until"),
        (("tasks", "log", "good", "quik"), 1, "'quick'"),
    ):
        code, out, err = called(capsys, *arguments)
        assert (arguments, code, out, said in err) == (arguments, expected, "", True), err
    code, out, err = called(capsys, "dags", "show", "god", "--json")
    assert (code, out, json.loads(err)["error"]["code"]) == (1, "", "not_found")

    # The reader goes away before all is written.
    reading, writing = os.pipe()
    os.close(reading)
    gone = subprocess.run(
        [sys.executable, "-m", "studio.cli", "openapi"], stdout=writing, stderr=subprocess.PIPE, timeout=60
    )
    os.close(writing)
    assert (gone.returncode, gone.stderr) == (0, b"")

    assert called(capsys, "stop") == (0, "Stopped.\n", "")
    assert called(capsys, "stop") == (0, "No server runs.\n", "")


def test_server_in_the_foreground_ends_on_ctrl_c(settings: Settings) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "studio.cli", "server", "--slots", "1"], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "Serving" in line:
                break
        with connect(start=False) as client:
            assert (client.server_info().pid, client.server_info().slots) == (process.pid, 1)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert (process.returncode, "Traceback" in rest) == (0, False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("statsu",), "Did you mean 'status'?"),
        (("dags", "list", "--jsn"), "--json"),
        (("dags", "show"), "DAG_ID"),
        (("runs", "list", "--limit", "0"), "range"),
        (("dags", "check", "missing.py"), "missing.py"),
    ],
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str) -> None:
    code, out, err = called(capsys, *arguments)
    assert (code, out, said in err) == (2, "", True), err


def test_bad_settings_say_which(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_SLOTS", "many")
    done = run("status", "--json")
    assert (done.returncode, json.loads(done.stderr)["error"]["field"]) == (2, "STUDIO_SLOTS")


def test_database_of_another_version_is_not_touched(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = called(capsys, "db", "check")
    assert (code, "studio db upgrade" in err) == (1, True)
    assert called(capsys, "db", "upgrade")[0] == 0
    assert called(capsys, "db", "check")[0] == 0


def test_doctor_finds_open_files_and_broken_runs(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(capsys, "db", "upgrade")[0] == 0
    assert called(capsys, "doctor")[0] == 0
    (settings.home / "studio.db").chmod(0o644)
    code, out, _ = called(capsys, "doctor")
    assert (code, "chmod 600" in out) == (1, True)


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; from studio.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "runs" in done.stdout
    assert {"httpx", "tornado", "sqlalchemy", "rich", "websockets"}.isdisjoint(done.stderr.split())


def test_nothing_waits_for_a_terminal() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "studio.cli"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode in (0, 2)
    assert "Commands:" in done.stdout + done.stderr
