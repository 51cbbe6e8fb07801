from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pytest
from studio import DAG, function

def load():
    raise AssertionError("is not run")

def count(rows):
    return len(rows)

with DAG("flights") as dag:
    function(count, args={"rows": function(load).output})

def test_dag(run_dag):
    assert run_dag(dag, "2013-01-01", values={"load": [1, 2]}).check()["count"].value == 2

def test_task(run_task):
    assert run_task(dag["count"], values={"load": [1]}).value == 1

def test_report(run_dag):
    run_dag(dag).check()
"""


def test_fixtures_are_there_for_every_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_flights=TESTS)
    result = pytester.runpytest_subprocess("-p", "no:asyncio", "-W", "error")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*RunFailed*", "*load: failed*", "*AssertionError: is not run*"])


def test_plugin_costs_no_time() -> None:
    code = "import sys, studio.testing.plugin; print([n for n in sys.modules if n in {heavy}])"
    heavy = {"asyncio", "msgspec", "pandas", "papermill", "sqlalchemy", "tornado"}
    asked = [sys.executable, "-c", f"import pytest; {code}".replace("{heavy}", repr(heavy - {"asyncio"}))]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "[]\n"
