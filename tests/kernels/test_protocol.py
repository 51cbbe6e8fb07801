"""The suite of `jupyter_kernel_test`, over every kernel: its messages are as Jupyter's protocol has them."""

from __future__ import annotations

import unittest
from typing import Any

import jupyter_kernel_test  # type: ignore[import-untyped]
import pytest

from tests.kernels.conftest import KERNELS, warm


class PythonKernelSuite(jupyter_kernel_test.KernelTests):  # type: ignore[misc]
    """What of the suite makes sense for Python; the same samples as ipykernel's own tests use."""

    __test__ = False
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('oh', file=sys.stderr)"
    completion_samples = [  # noqa: RUF012 - the suite's interface
        {"text": "zi", "matches": {"zip"}},
        {"text": "import dateti", "matches": {"datetime"}},
    ]
    complete_code_samples = ["1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n"]  # noqa: RUF012
    incomplete_code_samples = ["print('''hello", "def f(x):\n  x*2"]  # noqa: RUF012
    invalid_code_samples = ["import = 7q"]  # noqa: RUF012
    code_page_something = "zip?"
    code_generate_error = "raise ValueError('no')"
    code_execute_result = [{"code": "6*7", "result": "42"}, {"code": "'a'*3", "result": "'aaa'"}]  # noqa: RUF012
    code_display_data = [  # noqa: RUF012
        {"code": "from IPython.display import HTML, display; display(HTML('<b>x</b>'))", "mime": "text/html"},
        {"code": "from IPython.display import Math, display; display(Math('x'))", "mime": "text/latex"},
    ]
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()
        cls.km.context.destroy(linger=0)


def suite_for(kernel: str) -> list[Any]:
    made = type(f"Suite_{kernel}", (PythonKernelSuite,), {"kernel_name": kernel})
    names = unittest.TestLoader().getTestCaseNames(made)
    return [pytest.param(made, name, id=f"{kernel}-{name}") for name in names if name != "test_history"]


@pytest.fixture(scope="module")
def running() -> Any:
    """The suites whose kernel was started, ended with the module."""
    started: list[type[PythonKernelSuite]] = []
    yield started
    for suite in started:
        suite.tearDownClass()


@pytest.mark.parametrize(("suite", "name"), [case for kernel in KERNELS for case in suite_for(kernel)])
def test_the_protocol_is_kept(suite: type[PythonKernelSuite], name: str, running: Any) -> None:
    """But for the history, which is off in the kernels of tasks."""
    if suite not in running:
        warm(suite.kernel_name)
        suite.setUpClass()
        running.append(suite)
    result = unittest.TestResult()
    suite(name).run(result)
    problems = [*result.failures, *result.errors]
    assert not problems, problems[0][1]
    assert not result.skipped, result.skipped
