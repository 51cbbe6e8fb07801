"""Functions in another Python: its environment is made once, whatever happens; nothing of ours leaks in."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from studio.worker.processes import started_at
from studio.worker.task_log import TaskLog
from studio.worker.virtual_environments import python_for

from .conftest import Attempt


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the one distribution that these tests install."""
    folder = tmp_path_factory.mktemp("wheels")
    info = "studio_test_greeting-1.0.dist-info"
    with zipfile.ZipFile(folder / "studio_test_greeting-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("studio_test_greeting.py", "GREETING = 'hello'\n")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: studio-test-greeting\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return folder


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(autouse=True)
def only_these_wheels(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))


Run = Callable[..., Attempt]
GREETING = ["studio-test-greeting"]


@pytest.fixture
def run(attempt: Attempt, environments: Path) -> Run:
    """Run the function `f` of a source in an environment."""

    def run(source: str, args: dict[str, Any] | None = None, context: Any = None, **config: Any) -> Attempt:
        code = {"source": source} if source else {}
        given = {"function": "__main__:f", **code, "path": [], "args": args or {}, **config}
        if not config:
            given["python"] = sys.executable
        attempt.run("function", {**given, "environments": str(environments)}, context=context)
        return attempt

    return run


def test_a_function_runs_where_its_requirements_are(run: Run, environments: Path) -> None:
    source = "import studio_test_greeting as g\ndef f(name): return [g.GREETING, name]"
    ran = run(source, {"name": "{{ ds }}"}, requirements=GREETING)
    assert (ran.result.state, ran.result.value) == ("success", ["hello", "2013-01-01"])
    assert "Successfully installed studio-test-greeting-1.0" in ran.log
    assert len(list(environments.glob("*/studio.json"))) == 1


def test_it_is_made_once_and_then_needs_no_network(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_FIND_LINKS")
    ran = run("def f(): return 1", requirements=GREETING)
    assert (ran.result.value, ran.log) == (1, "")


def test_packages_of_the_worker_are_not_there(run: Run) -> None:
    source = """
import sys
def f():
    import studio, studio.outcomes
    found = []
    for name in ("msgspec", "pandas", "tornado", "studio_kernels"):
        try:
            __import__(name)
            found.append(name)
        except ModuleNotFoundError:
            pass
    return [found, sys.prefix != sys.base_prefix]
"""
    assert run(source, requirements=GREETING).result.value == [[], True]


def test_pip_says_what_is_wrong(run: Run, environments: Path) -> None:
    before = set(environments.glob("*/studio.json"))
    ran = run("def f(): pass", requirements=["studio-test-absent>=2"])
    assert ran.result.state == "failed"
    assert str(ran.result.error).startswith(
        "EnvironmentFailed: The environment of the task could not be made: pip ended"
    )
    assert "No matching distribution found for studio-test-absent>=2" in str(ran.result.error)
    assert set(environments.glob("*/studio.json")) == before


def test_what_a_killed_attempt_left_is_made_anew(wheels: Path, tmp_path: Path) -> None:
    root = tmp_path / "environments"
    code = f"""
from studio.worker.task_log import TaskLog
from studio.worker.processes import started_at
from studio.worker.task_log import TaskLog
from studio.worker.virtual_environments import python_for
python_for({{"environments": {str(root)!r}, "requirements": {GREETING!r}}}, TaskLog({str(tmp_path / "a.jsonl")!r}))
"""
    killed = subprocess.Popen(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], start_new_session=True
    )
    while not list(root.glob("*/bin/python")):
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    log = Log()
    python = python_for({"environments": str(root), "requirements": GREETING}, log)
    assert subprocess.run([python, "-c", "import studio_test_greeting"]).returncode == 0
    assert any("is not finished: it is made anew" in text for text in log.texts)


def test_others_wait_for_the_one_that_makes_it(tmp_path: Path) -> None:
    root, logs = tmp_path / "environments", [Log(), Log(), Log()]
    found: list[str] = []
    config = {"environments": str(root), "requirements": GREETING}
    threads = [Thread(target=lambda log=log: found.append(python_for(config, log))) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert sorted(sum("Makes the environment" in text for text in log.texts) for log in logs) == [0, 0, 1]
    waiting = [
        log for log in logs if any("Another attempt makes the environment" in text for text in log.texts)
    ]
    assert len(waiting) == 2


class Log(TaskLog):
    """A log in memory."""

    def __init__(self) -> None:
        super().__init__(os.devnull)
        self.texts: list[str] = []

    def record(self, level: str, source: str, text: str, time: float | None = None) -> None:
        self.texts.append(text)


def test_what_it_prints_and_logs_goes_to_the_log(run: Run) -> None:
    ran = run(
        "import logging, sys\nlog = logging.getLogger('mine')\ndef f():\n    print('ä', end='')\n    print()\n"
        "    print('err', file=sys.stderr)\n    log.warning('told %s', 1)\n    log.debug('not')"
    )
    assert sorted((r["level"], r["source"], r["text"]) for r in ran.records) == [
        ("INFO", "stdout", "ä"),
        ("WARNING", "mine", "told 1"),
        ("WARNING", "stderr", "err"),
    ]


def test_an_error_has_its_traceback_and_its_classes(run: Run) -> None:
    ran = run("class Busy(OSError): pass\ndef f():\n    raise Busy('come later')")
    head, _, tail = str(ran.result.error).partition("\n")
    assert (ran.result.state, head) == ("failed", "Busy: come later")
    assert "line 3, in f\n    raise Busy('come later')" in tail and "python_child" not in tail
    assert ran.result.signal.errors[:2] == ("__main__.Busy", "builtins.OSError")


@pytest.mark.parametrize(
    ("source", "state", "error"),
    [
        ("import studio\ndef f(): raise studio.Skip('none')", "skipped", "none"),
        ("import studio\ndef f(): raise studio.Fail('bad')", "failed", "bad"),
        ("import studio\ndef f(): studio.exit('success', [1])", "success", None),
        ("import studio\ndef f(): raise studio.Defer(1e9, {'n': 1})", "rescheduled", None),
        ("import sys\ndef f(): sys.exit(3)", "failed", "SystemExit: 3"),
        (
            "import os\ndef f(): os._exit(3)",
            "failed",
            "The Python process of the function ended with status 3",
        ),
        ("import os\ndef f(): os.kill(os.getpid(), 9)", "failed", "was ended by SIGKILL"),
        ("def g(): pass", "failed", "does not define 'f'"),
        ("import sys\ndef f(): sys.stdout.close()", "success", None),
        (
            "import threading, time\ndef f(): threading.Thread(target=time.sleep, args=(600,)).start()",
            "success",
            None,
        ),
        ("import os\ndef f():\n    if not os.fork(): raise SystemExit(1)\n    os.wait()", "success", None),
    ],
)
def test_every_way_to_end(run: Run, source: str, state: str, error: str | None) -> None:
    result = run(source).result
    assert result.state == state
    assert result.error is None if error is None else error in str(result.error)


def test_asset_events_come_back(run: Run) -> None:
    ran = run("import studio\ndef f():\n    studio.asset_event('flights', rows=3)")
    assert [(each.asset, each.extra) for each in ran.result.signal.assets] == [("flights", {"rows": 3})]


def test_a_sensor_looks_there(run: Run, tmp_path: Path) -> None:
    source = f"import os\ndef f():\n    os.mkdir({str(tmp_path / 'x')!r} + str(len(os.listdir({str(tmp_path)!r}))))\n"
    source += f"    return len(os.listdir({str(tmp_path)!r})) > 3"
    sensor = {"interpret": "sensor", "sensor": {"poke_interval": 0.01}}
    assert (run(source, context=sensor).result.state, run(source, context=sensor).result.value) == (
        "success",
        True,
    )


def test_an_unknown_version_is_told(run: Run) -> None:
    error = run("def f(): pass", python="3.2").result.error
    assert error == (
        "EnvironmentFailed: There is no Python '3.2' where the worker runs. "
        "Install it there, or give the path of an interpreter that is."
    )


def test_a_cancel_ends_the_process_and_what_it_started(run: Run, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    source = (
        "import os, subprocess, time\ndef f():\n    child = subprocess.Popen(['sleep', '600'])\n"
        f"    open({str(mark)!r} + 'x', 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        f"    os.rename({str(mark)!r} + 'x', {str(mark)!r})\n    time.sleep(600)"
    )

    def interrupt() -> None:
        while not mark.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = Thread(target=interrupt)
    thread.start()
    ran = run(source)
    thread.join()
    assert (ran.result.state, str(ran.result.error).partition("\n")[0]) == ("failed", "KeyboardInterrupt")
    for pid in map(int, mark.read_text().split()):
        assert started_at(pid) is None


def test_a_pickled_function_runs_there(run: Run, tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.write_bytes(pickle.dumps(os.path.basename))
    config = {"python": sys.executable, "content": str(content)}
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    ran = run("", {"p": "/a/b"}, pickled=version, **config)
    assert ran.result.value == "b"


def test_values_go_there_and_come_back(run: Run, attempt: Attempt) -> None:
    ran = run("def f():\n    return {'n': {1, 2}, 'data': b'abc', 'x': 1}")
    value = ran.result.value
    assert value["x"] == 1 and value["data"]["type"] == "bytes" and value["n"]["format"] == "cloudpickle"
    source = "import studio\ndef f(v):\n    studio.save('more', [1])\n    return [sorted(v['n']), v['data'].decode()]"
    context = {"outputs": {"before": value}}
    ran = run(source, {"v": {"$output": "before"}}, context=context)
    assert ran.result.value == [[1, 2], "abc"]
    assert [each["name"] for each in ran.result.details["values"]][-1] == "more"


def test_a_table_for_a_python_without_pandas_is_told(run: Run) -> None:
    context = {
        "outputs": {"before": run("import pandas\ndef f(): return pandas.DataFrame({'a': [1]})").result.value}
    }
    ran = run("def f(v): pass", {"v": {"$output": "before"}}, context=context, requirements=GREETING)
    assert ran.result.state == "failed"
    assert "pandas" in str(ran.result.error) and "has to be installed in the environment" in str(
        ran.result.error
    )
