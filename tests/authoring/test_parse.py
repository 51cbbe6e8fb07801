"""DAG files of every kind, read by the real process."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from studio.authoring.parse import ParseFault, ParseResult, parse_file, parse_file_async
from studio.scheduler.parsing import environment
from studio.worker.processes import marked

ONE = 'from studio import DAG, function\nwith DAG("one") as dag:\n    function("steps:load")\n'


def parse(directory: Path, text: str, name: str = "dags.py", **limits: Any) -> ParseResult:
    path = directory / name
    path.write_text(dedent(text))
    return parse_file(path, **limits)


def parse_cells(directory: Path, *cells: str) -> ParseResult:
    listed: list[dict[str, Any]] = [{"cell_type": "markdown", "metadata": {}, "source": "# Not code"}]
    for cell in cells:
        source = dedent(cell).splitlines(keepends=True)
        listed.append({"cell_type": "code", "metadata": {}, "outputs": [], "source": source})
    text = json.dumps({"cells": listed, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    return parse(directory, text, "dags.ipynb")


def fault(result: ParseResult) -> tuple[str, int | None]:
    assert result.error is not None, result
    assert result.specs == ()
    assert Path(result.error.file).is_absolute()
    return result.error.message, result.error.line


def ids(result: ParseResult) -> list[str]:
    assert result.error is None, result.error
    return [spec.id for spec in result.specs]


# --- what works ----------------------------------------------------------------------------------------------


def test_example_notebook(repository: Path) -> None:
    path = repository / "notebooks" / "01_flights.ipynb"
    result = parse_file(path)
    assert ids(result) == ["flights"]
    (spec,) = result.specs
    assert [task.id for task in spec.tasks] == [
        "extract", "clean", "delays_ewr", "delays_jfk", "delays_lga", "report"
    ]  # fmt: skip
    assert spec.origin == str(path)
    assert {task.config["digest"] for task in spec.tasks} == set(result.sources)
    assert len(result.sources) == 4


def test_python_file(tmp_path: Path) -> None:
    (tmp_path / "names.py").write_text("from studio import DAG\nNAME = 'two'\nhidden = DAG('of_a_module')\n")
    (tmp_path / "json.py").write_text("raise RuntimeError('not the one of the standard library')")
    text = f"""
        {ONE.replace(chr(10), chr(10) + " " * 8)}
        import os, names
        assert __name__ == "dags" and os.getcwd() == os.path.dirname(__file__)
        second = DAG(names.NAME)
        function("steps:load", dag=second)
        print("said" * 10000)
    """
    result = parse(tmp_path, text)
    assert ids(result) == ["one", "two"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dags.py", "json.py", "names.py"]


def test_file_without_dag_is_no_error(tmp_path: Path) -> None:
    assert parse(tmp_path, "x = 1") == ParseResult()
    assert parse_cells(tmp_path, "raise RuntimeError") == ParseResult()
    assert parse_cells(tmp_path) == ParseResult()


def test_publishing_and_triggering_reach_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    calls = "dag.publish()\nrun = dag.trigger()\nrepr(run)\ndag._repr_mimebundle_()\n"
    assert ids(parse(tmp_path, ONE + calls)) == ["one"]
    assert [path.name for path in tmp_path.iterdir()] == ["dags.py"]


def test_notebook_with_magics(tmp_path: Path) -> None:
    result = parse_cells(
        tmp_path,
        "%load_ext studio\n%matplotlib inline\nfrom studio import DAG, function",
        "%%bash\nif [ 1 ]; then echo 'it; fi",
        "!echo it's \\\n  two lines (\nfiles = !ls\ntime?\nif True:\n    %cd ..\nNAME = 'a' if 5 % 2 else 'b'",
        "%%time\nwith DAG(NAME) as dag:\n    function('steps:load')\ndag",
        "raise RuntimeError",
    )
    assert ids(result) == ["a"]


def test_notebook_with_annotations_from_the_future(tmp_path: Path) -> None:
    later = "def name(x: Missing) -> str:\n    return 'a'"
    dag = "from studio import DAG, function\nwith DAG(name(1)):\n    function('steps:load')"
    assert ids(parse_cells(tmp_path, "from __future__ import annotations", later, dag)) == ["a"]


def test_environment_tells_no_secrets() -> None:
    given = {
        "PATH": "/bin",
        "STUDIO_DATABASE": "x",
        "GH_TOKEN": "x",
        "aws_secret_access_key": "x",
        "PGPASSWORD": "x",
    }
    seen = environment(given)
    assert seen["PATH"] == "/bin"
    assert seen["STUDIO_PARSING"] == "1"
    assert "x" not in seen.values()


# --- what is wrong in the file ---------------------------------------------------------------------------------


def test_syntax_error(tmp_path: Path) -> None:
    assert fault(parse(tmp_path, "x = 1\nif:\n")) == ("SyntaxError: invalid syntax", 2)
    assert fault(parse_cells(tmp_path, "x = 1", "\n\nif:\n")) == (
        "cell 2, line 3: SyntaxError: invalid syntax",
        None,
    )


def test_exception_points_to_the_innermost_line_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("def fail():\n    raise ValueError('no')\n")
    text = "import other\n\ndef f():\n    other.fail()\n\nf()\n"
    assert fault(parse(tmp_path, text)) == ("ValueError: no", 4)
    cells = ("from studio import DAG", "def f():\n    return 1 / 0", "DAG(f())")
    assert fault(parse_cells(tmp_path, *cells)) == (
        "cell 2, line 2: ZeroDivisionError: division by zero",
        None,
    )


def test_error_of_studio_is_shown_as_it_speaks(tmp_path: Path) -> None:
    message, line = fault(
        parse(tmp_path, 'from studio import DAG, notebook\nwith DAG("a"):\n    notebook("x.ipynb")')
    )
    assert line == 3
    assert message.startswith("There is no notebook 'x.ipynb': looked for ")
    message, line = fault(parse(tmp_path, "from studio import DAG\n\nDAG('empty')"))
    assert (message, line) == ("The DAG 'empty' has no tasks. Add one, for example notebook('x.ipynb').", 3)
    message, _ = fault(parse_cells(tmp_path, "from studio import DAG", "x = 1\nDAG('empty')"))
    assert message.startswith("cell 2, line 2: The DAG 'empty' has no tasks.")


def test_same_dag_twice(tmp_path: Path) -> None:
    message, line = fault(parse(tmp_path, ONE + ONE))
    assert message.startswith("The file defines the DAG 'one' twice.")
    assert line == 5


def test_system_exit(tmp_path: Path) -> None:
    assert fault(parse(tmp_path, ONE + "exit(0)")) == ("SystemExit: its code ended the process (0).", 4)


# --- what happens to the process ---------------------------------------------------------------------------------


def test_time_limit_ends_everything_that_was_started(tmp_path: Path) -> None:
    text = """
        import os, subprocess, sys
        print("working", os.environ["STUDIO_PARSE_PROCESS"])
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
        while True:
            pass
    """
    message, line = fault(parse(tmp_path, text, timeout=1.0))
    assert message.startswith("It did not finish within 1 s. It printed last: working ")
    assert line is None
    assert marked("STUDIO_PARSE_PROCESS", message.rpartition(" ")[2]) == []


def test_processes_and_threads_left_behind_hold_nothing_up(tmp_path: Path) -> None:
    text = ONE + (
        "import atexit, os, subprocess, sys, threading, time\n"
        "atexit.register(time.sleep, 1000)\n"
        "threading.Thread(target=time.sleep, args=(1000,)).start()\n"
        "if os.fork() == 0:\n"
        "    time.sleep(1000)\n"
    )
    assert ids(parse(tmp_path, text)) == ["one"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "import os\nprint('bye', flush=True)\nos._exit(3)",
            "Its code ended the process (exit status 3). It printed last: bye",
        ),
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
            "The process that read it was ended by SIGSEGV.",
        ),
    ],
)
def test_crash(tmp_path: Path, code: str, message: str) -> None:
    assert fault(parse(tmp_path, code)) == (message, None)


def test_memory_limit(tmp_path: Path) -> None:
    text = "x = []\nwhile True:\n    x.append(bytearray(1 << 24))\n"
    assert fault(parse(tmp_path, text, memory=256 << 20)) == ("MemoryError: it needed more than 256 MB.", 3)


async def test_cancelled_reading_ends_its_process(tmp_path: Path) -> None:
    path, started = tmp_path / "dags.py", tmp_path / "started"
    path.write_text(
        "import os, pathlib, time\n"
        "pathlib.Path('started').write_text(os.environ['STUDIO_PARSE_PROCESS'])\n"
        "time.sleep(1000)\n"
    )
    reading = asyncio.create_task(parse_file_async(path))
    while True:
        if started.exists() and (mark := started.read_text()):
            break
        await asyncio.sleep(0.01)
    assert marked("STUDIO_PARSE_PROCESS", mark) != []
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    while True:
        if marked("STUDIO_PARSE_PROCESS", mark) == []:
            break
        await asyncio.sleep(0.01)


# --- files that cannot be read -----------------------------------------------------------------------------------


def test_half_written_notebook(tmp_path: Path) -> None:
    message, line = fault(parse(tmp_path, '{"cells": [{"cell_type', "half.ipynb"))
    assert "half.ipynb is not a notebook: it is not JSON" in message
    assert line is None
    fault(parse(tmp_path, "", "empty.ipynb"))
    fault(parse(tmp_path, "[]", "list.ipynb"))


def test_files_that_are_not_even_tried(tmp_path: Path) -> None:
    missing = tmp_path / "missing.py"
    assert parse_file(missing) == ParseResult(error=ParseFault("There is no such file.", None, str(missing)))
    large = tmp_path / "large.ipynb"
    large.touch()
    os.truncate(large, 51 << 20)
    assert fault(parse_file(large))[0].startswith("The file has 51 MB;")
    assert fault(parse(tmp_path, "", "dags.txt"))[0].startswith("A DAG file is ")
    assert fault(parse(tmp_path, "x = '\0'"))[0].startswith(("SyntaxError: ", "ValueError: "))


@pytest.mark.parametrize("call", ["dag.runs()", "__import__('studio').connect()"])
def test_asking_the_server_is_an_error_that_says_where_to_put_it(tmp_path: Path, call: str) -> None:
    path = tmp_path / "asks.py"
    path.write_text(
        f"from studio import DAG, function\nwith DAG('d') as dag:\n    function('os:getcwd')\n{call}\n"
    )
    error = parse_file(path).error
    assert error is not None and error.line == 4
    assert "only read for its DAGs" in error.message and "Move the call" in error.message
