"""What is recorded of a notebook's execution: what it used, in what it ran, what it said. With real kernels."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_core.utils import ensure_event_loop
from nbformat.v4 import new_code_cell, new_notebook

from studio.worker import git_state
from studio.worker.cage import Cage
from studio.worker.cell_resources import ProcMeter, PsutilMeter, Usage, meter_of
from studio.worker.git_state import GitState
from studio.worker.installed_packages import packages_in
from studio.worker.kinds import TaskRequest, run_task

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")


@linux
def test_cells_tell_what_they_used(run_notebook: Any) -> None:
    ran = run_notebook(
        "data = bytearray(300_000_000)\nfor at in range(0, len(data), 4096):\n    data[at] = 1\ndel data",
        "1",
        "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end:\n    pass",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'sum(range(20_000_000))'], check=True)",
        "#!md # no code",
    )
    used = ran.result.details["cell_resources"]
    assert sorted(used) == ["0", "1", "2", "3"]
    assert used["0"]["peak_memory"] > 300_000_000 > used["1"]["peak_memory"] > 10_000_000
    assert used["2"]["cpu"] >= 0.45
    assert used["3"]["cpu"] > 0.1  # of a child that has ended
    whole = ran.result.details["resources"]
    assert whole["peak_memory"] >= used["0"]["peak_memory"]
    assert whole["cpu"] >= sum(each["cpu"] for each in used.values())
    last = ran.changes(2)[-1]
    assert (last.cpu, last.peak_memory) == (used["2"]["cpu"], used["2"]["peak_memory"])
    assert ran.changes(2)[0].cpu is None
    assert ran.output.cells[2].metadata.studio == used["2"]


@linux
def test_of_a_process_that_is_gone_nothing_is_known() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    meter = ProcMeter(process.pid)
    meter.begin()
    assert meter.used().peak_memory
    process.communicate(b"\n")
    assert meter.used() == Usage()
    meter.close()
    assert isinstance(meter_of(process.pid), PsutilMeter)
    assert meter_of(process.pid).total() == Usage()


def test_without_proc_there_is_psutil() -> None:
    meter = PsutilMeter(os.getpid())
    meter.begin()
    sum(range(10_000_000))
    used = meter.used()
    assert used.cpu is not None and 0 < used.cpu < 60
    total = meter.total()
    assert total.cpu is not None and total.cpu >= used.cpu


def test_the_environment_is_recorded(run_notebook: Any, tmp_path: Path) -> None:
    ran = run_notebook(
        ("n = 1", "parameters"), "import yaml, sqlite3\nlist = str = print = None", parameters={"n": 5}
    )
    found = ran.result.details["environment"]
    assert found["kernel"]["name"] == "python3" and found["kernel"]["display_name"]
    assert found["language"] == {"name": "python", "version": platform.python_version()}
    assert found["python"] == {
        "executable": sys.executable,
        "implementation": sys.implementation.name,
        "version": platform.python_version(),
    }
    imported = found["packages"]["imported"]
    assert imported["ipykernel"] == version("ipykernel")
    assert {name.lower() for name in imported} >= {"pyyaml", "ipython", "pyzmq", "python-dateutil"}
    assert "sqlalchemy" not in {name.lower() for name in imported}
    assert len(found["packages"]["digest"]) == 64
    assert found["platform"].startswith(platform.system())
    assert found["git"] is None
    assert found["parameters_digest"] == hashlib.sha256(b'{"n": 5}').hexdigest()
    assert found["source_digest"] == hashlib.sha256((tmp_path / "source.ipynb").read_bytes()).hexdigest()
    assert ran.output.metadata.studio.environment == found
    json.dumps(ran.result.details)


def test_a_failed_notebook_has_an_environment_too(run_notebook: Any) -> None:
    assert run_notebook("1 / 0").result.details["environment"]["packages"]["imported"]
    died = run_notebook("import os; os._exit(1)")
    assert died.result.details["environment"]["kernel"]["name"] == "python3"
    assert died.output.metadata.studio.environment == died.result.details["environment"]


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, "-C", folder, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_the_state_of_the_repository_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_state, "_FRESH", 0.0)
    folder = tmp_path / "notebooks"
    folder.mkdir()
    assert GitState(str(folder)).state() is None
    git(tmp_path, "init", "-q")
    assert GitState(str(folder)).state() is None  # no commit yet
    (folder / "a.py").write_text("a = 1")
    (tmp_path / "elsewhere.py").write_text("b = 1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    revision = git(tmp_path, "rev-parse", "HEAD")
    (folder / "output.csv").write_text("untracked")
    (tmp_path / "elsewhere.py").write_text("b = 2")
    assert GitState(str(folder)).state() == {"revision": revision, "dirty": False}
    (folder / "a.py").write_text("a = 2")
    assert GitState(str(folder)).state() == {"revision": revision, "dirty": True}


def test_the_state_of_the_repository_holds_for_a_while(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-qm", "first", "--allow-empty")
    state = GitState(str(tmp_path)).state()
    git(tmp_path, "commit", "-qm", "second", "--allow-empty")
    assert GitState(str(tmp_path)).state() == state


def test_packages_are_found_by_their_modules(tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    for name, files in {
        "plain-1.0.dist-info": {},
        "Two_Words-2.0.dist-info": {"top_level.txt": "words\nmore\n"},
        "hidden-3.0rc1.dist-info": {"RECORD": "found/__init__.py,,\nfound_not/x.py,,\n"},
        "old-4.0-py3.11.egg-info": {"top_level.txt": "aged\n"},
    }.items():
        (site / name).mkdir(parents=True)
        for file, content in files.items():
            (site / name / file).write_text(content)
    packages = packages_in([str(tmp_path), str(site), str(tmp_path / "gone" / "site-packages")])
    assert packages is not None
    found = packages.versions_of(["plain", "more", "found", "aged", "found_not", "nothing", "words"])
    assert found == {"hidden": "3.0rc1", "old": "4.0", "plain": "1.0", "Two-Words": "2.0"}
    digest = packages.digest
    (site / "plain-1.0.dist-info").rename(site / "plain-1.1.dist-info")
    again = packages_in([str(site)])
    assert again is not None and again.digest != digest
    assert packages_in([str(tmp_path)]) is None


def test_a_cap_of_the_notebook_counts_all_its_cells(run_notebook: Any) -> None:
    cells = [
        "import sys\nprint('a' * 6000)",
        "print('B' * 6000)",
        "print('C' * 6000, file=sys.stderr)",
        "'d' * 6000",
    ]
    ran = run_notebook(*cells, max_output=10_000, max_cell_output=100_000)
    assert ran.result.state == "success", ran.result.error
    assert ran.result.details["truncated"] is True
    texts = ["".join(each.get("text", "") for each in cell.outputs) for cell in ran.output.cells]
    assert [text.count(letter) for text, letter in zip(texts, "aBC", strict=False)] == [6000, 3999, 0]
    assert "more than 10,000 characters of output of this notebook: the rest is in the log" in texts[1]
    assert "is left out" in ran.output.cells[3].outputs[0]["data"]["text/plain"]
    assert ran.log.count("B") == 2001 and ran.log.count("C") == 6000
    assert "truncated" not in run_notebook("print(1)").result.details


def test_a_million_displays_are_no_million_outputs(run_notebook: Any) -> None:
    ran = run_notebook("for n in range(3000):\n    display(n)", max_output=100_000)
    assert ran.result.details["truncated"] is True
    assert 400 < len(ran.output.cells[0].outputs) < 600


def test_what_a_thread_prints_too_late_is_in_the_log(run_notebook: Any) -> None:
    ran = run_notebook(
        "import threading, time\ndef late():\n    time.sleep(1)\n    print('late words', flush=True)\n"
        "threading.Thread(target=late).start()",
        "time.sleep(2)",
    )
    told = "".join(each.get("text", "") for cell in ran.output.cells for each in cell.outputs)
    assert "late words" in ran.log + told


def test_records_of_logging_are_in_the_log_and_not_among_outputs(run_notebook: Any) -> None:
    ran = run_notebook(
        "import logging\nlogging.getLogger('flights').warning('delayed by %s', 5)",
        env={"STUDIO_ATTEMPT": "1"},
    )
    assert "delayed by 5" in ran.log
    assert ran.output.cells[0].outputs == []


def test_many_notebooks_in_one_process_do_not_interfere(tmp_path: Path) -> None:
    before = (os.getcwd(), sys.stdout, sys.stderr)
    results: dict[int, Any] = {}

    def attempt(number: int) -> None:
        folder = tmp_path / str(number)
        (folder / "attempt").mkdir(parents=True)
        cells = [
            new_code_cell("n = 0", metadata={"tags": ["parameters"]}),
            new_code_cell(
                "import os, time, studio\nprint(n, os.getcwd())\ntime.sleep(0.5)\nstudio.exit(value=[n, os.getcwd()])"
            ),
        ]
        path = str(folder / "source.ipynb")
        nbformat.write(new_notebook(cells=cells), path)
        config = {"content": path, "path": path, "cwd": str(folder), "parameters": {"n": number}}
        request = TaskRequest(
            attempt_id=number, dag_id="d", run_id="r", task_id="t", try_number=1, kind="notebook", config=config,
            context={}, directory=str(folder / "attempt"),
        )  # fmt: skip
        results[number] = run_task(request, lambda event: None)
        ensure_event_loop().close()  # nbclient's, one for each thread

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: results[n].value for n in results} == {n: [n, str(tmp_path / str(n))] for n in range(6)}
    assert (os.getcwd(), sys.stdout, sys.stderr) == before
    for number in range(6):
        output = nbformat.read(tmp_path / str(number) / "attempt" / "output.ipynb", as_version=4)
        assert output.cells[2].outputs[0].text == f"{number} {tmp_path / str(number)}\n"


@pytest.mark.skipif(not Cage.available(), reason="the system permits no control groups")
def test_a_cage_that_was_too_small_is_the_reason(run_notebook: Any) -> None:
    ran = run_notebook("1", "data = bytearray(2_000_000_000)\nlen(data)", memory_limit=400_000_000)
    assert (ran.result.state, ran.result.failed_cell) == ("failed", 1)
    assert ran.result.details["reason"] == "oom_killed"
    assert ran.result.error.startswith("The attempt needed more than the 400,000,000 bytes of memory")
    assert run_notebook("1", memory_limit=400_000_000, max_processes=100).result.state == "success"


def test_a_tasks_kernel_keeps_nothing_of_what_was_printed(run_notebook: Any) -> None:
    ran = run_notebook(
        "print('x' * 3_000_000)", "len(get_ipython().history_manager.outputs)", env={"STUDIO_ATTEMPT": "1"}
    )
    assert ran.output.cells[1].outputs[0]["data"]["text/plain"] == "0"
    assert "the rest is in the log" in ran.output.cells[0].outputs[-1].text
