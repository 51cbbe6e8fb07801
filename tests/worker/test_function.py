"""Function tasks: the call, and that nothing of it stays in the process."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.worker.kinds import Rendered


def test_arguments_are_rendered_and_the_value_comes_back(call: Any) -> None:
    ran = call(
        "def f(day, n): return {'day': day, 'n': (n, n)}", args={"day": "{{ ds }}", "n": "{{ params.n }}"}
    )
    assert ran.result.state == "success"
    assert ran.result.value == {"day": "2013-01-01", "n": [5, 5]}
    assert ran.events == [Rendered(parameters={"day": "2013-01-01", "n": 5})]
    assert os.listdir(ran.directory) == []


def test_a_coroutine_function_is_awaited(call: Any) -> None:
    assert call("import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 1").result.value == 1


def test_what_is_printed_goes_to_the_log(call: Any) -> None:
    before = (sys.stdout, sys.stderr)
    ran = call("import sys\ndef f():\n    print('out')\n    print('err', file=sys.stderr)")
    assert ran.log == "out\nerr\n"
    assert (sys.stdout, sys.stderr) == before


def test_an_error_is_told_with_the_users_frames_only(call: Any) -> None:
    ran = call("def f():\n    g()\ndef g():\n    raise ValueError('no such flight')")
    assert ran.result.state == "failed"
    head, _, tail = ran.result.error.partition("\n")
    assert head == "ValueError: no such flight"
    assert "raise ValueError('no such flight')" in tail
    assert "studio/worker" not in tail
    assert ran.log.startswith("Traceback (most recent call last):\n")


@pytest.mark.parametrize("what", ["SystemExit(0)", "KeyboardInterrupt()", "GeneratorExit()"])
def test_what_ends_programs_only_fails_the_task(call: Any, what: str) -> None:
    ran = call(f"def f():\n    raise {what}")
    assert ran.result.state == "failed"
    assert ran.result.error.startswith(what.partition("(")[0])


def test_a_long_error_keeps_its_head_and_its_tail(call: Any) -> None:
    error = call("def f():\n    raise ValueError('\\x1b[31m' + 'ä' * 100_000 + ' the end')").result.error
    assert len(error.encode()) <= 4000
    assert error.startswith("ValueError: ää") and error.rstrip().endswith("the end")
    assert "\x1b" not in error


def test_a_value_that_cannot_be_passed_on_is_refused(call: Any) -> None:
    ran = call("import threading\ndef f(): return {'lock': threading.Lock()}")
    assert ran.result.state == "failed"
    assert ran.result.error.startswith("ValueNotKept: ") and "lock" in ran.result.error


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("nothing", "names `package.module:function`"),
        ("studio_test_jobs:claen", "has no 'claen'. Did you mean 'clean'?"),
        ("studio_test_absent:f", "There is no module 'studio_test_absent'"),
        ("studio_test_jobs:number", "which cannot be called"),
    ],
)
def test_a_function_that_is_not_there_is_named(
    attempt: Any, tmp_path: Path, function: str, said: str
) -> None:
    (tmp_path / "studio_test_jobs.py").write_text("number = 1\ndef clean(): pass")
    attempt.run("function", {"function": function, "path": [str(tmp_path)]})
    assert attempt.result.state == "failed"
    assert said in attempt.result.error


def test_a_missing_library_of_the_module_is_the_modules_error(call: Any) -> None:
    error = call("import studio_test_absent\ndef f(): pass").result.error
    assert error.startswith("ModuleNotFoundError: No module named 'studio_test_absent'")
    assert "import studio_test_absent" in error


def test_a_wrong_argument_is_a_plain_error(call: Any) -> None:
    assert call("def f(): pass", args={"x": 1}).result.error.startswith("TypeError: f() got an unexpected")


def test_nothing_of_the_process_is_changed(call: Any, tmp_path: Path) -> None:
    before = (os.getcwd(), dict(os.environ), list(sys.path))
    source = (
        "import os, sys\ndef f():\n    mark = os.environ['MARK']\n    os.environ['LEAK'] = '1'\n"
        "    os.environ.pop('PATH', None)\n    sys.path.append('/leak')\n    os.chdir('/')\n    return mark"
    )
    assert call(source, env={"MARK": "seen"}).result.value == "seen"
    assert (os.getcwd(), dict(os.environ), list(sys.path)) == before


def test_a_module_knows_that_it_is_only_read_while_it_is_imported(call: Any) -> None:
    source = "from studio.settings import is_parsing\nreading = is_parsing()\ndef f(): return [reading, is_parsing()]"
    assert call(source).result.value == [True, False]


def test_an_edited_module_is_imported_again(call: Any) -> None:
    helper = "def value(): return 'old'"
    call(helper, module="studio_test_helper", function="value")
    assert call("import studio_test_helper\ndef f(): return studio_test_helper.value()").result.value == "old"
    call("def value(): return 'newer'", module="studio_test_helper", function="value")
    assert (
        call("import studio_test_helper\ndef f(): return studio_test_helper.value()").result.value == "newer"
    )


def test_modules_of_one_folder_are_not_seen_from_another(attempt: Any, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "studio_test_tasks.py").write_text(f"def f(): return {name!r}")
    values = []
    for name in ("one", "two", "one"):
        attempt.run("function", {"function": "studio_test_tasks:f", "path": [str(tmp_path / name)]})
        values.append(attempt.result.value)
    assert values == ["one", "two", "one"]


def test_a_module_is_told_from_one_that_came_between_two_tasks(call: Any) -> None:
    call("def f(): return 'old'")
    sys.modules["studio_test_came_between"] = type(sys)("studio_test_came_between")
    try:
        assert call("def f(): return 'newer'").result.value == "newer"
        assert call("def f(): return 'newest'").result.value == "newest"
    finally:
        del sys.modules["studio_test_came_between"]
