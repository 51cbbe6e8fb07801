"""Kernels that are no Python, as far as the language matters to us: a kernel of its own is started for real."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

KERNEL = """
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

class Words(Kernel):
    implementation, implementation_version, banner = "words", "1.0", "words"
    language_info = {"name": "words", "version": "0.7", "mimetype": "text/plain", "file_extension": ".txt"}
    told = TOLD

    def do_execute(self, code, silent, store_history=True, user_expressions=None, allow_stdin=False, **more):
        if not silent:
            self.send_response(self.iopub_socket, "stream", {"name": "stdout", "text": code})
        told = {}
        for key, text in (user_expressions or {}).items() if self.told else ():
            if text == "oops":
                told[key] = {"status": "error", "ename": "WordError", "evalue": text, "traceback": []}
            else:
                told[key] = {"status": "ok", "data": {"text/plain": text}, "metadata": {}}
        return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": told}

IPKernelApp.launch_instance(kernel_class=Words)
"""


@pytest.fixture
def words(attempt: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a notebook in a language in which everything means itself; `told`: whether its kernel evaluates that."""

    def run(*cells: Any, told: bool = True, **config: Any) -> Any:
        folder = tmp_path / "kernels" / "words"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "words.py").write_text(KERNEL.replace("TOLD", str(told)))
        argv = [sys.executable, str(folder / "words.py"), "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Words", "language": "words"}
        (folder / "kernel.json").write_text(json.dumps(spec))
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
        metadata = {"kernelspec": {"name": "words", "display_name": "Words", "language": "words"}}
        path = tmp_path / "source.ipynb"
        nbformat.write(new_notebook(cells=list(cells), metadata=metadata), path)
        attempt.run("notebook", {"content": str(path), "path": str(path), "cwd": str(tmp_path), **config})
        return attempt

    return run


def conditional(only_if: str) -> Any:
    return new_code_cell("said", metadata={"studio": {"only_if": only_if}})


def test_conditions_are_those_of_the_language(words: Any) -> None:
    ran = words(
        conditional("[1] TRUE"),
        conditional("[1] FALSE"),
        conditional("nothing"),
        new_code_cell("said", metadata={"tags": ["only-if=!false"]}),
    )
    assert ran.result.state == "success", ran.result.error
    states = [ran.changes(index)[-1].state for index in range(4)]
    assert states == ["success", "skipped", "skipped", "success"]


def test_a_condition_that_fails_says_what_the_language_says(words: Any) -> None:
    assert "'oops' raised WordError: oops" in words(conditional("oops")).result.error


def test_a_kernel_that_evaluates_nothing_is_told_of(words: Any) -> None:
    ran = words(new_code_cell("hello"), conditional("true"), told=False)
    assert (ran.result.failed_cell, ran.result.details["reason"]) == (1, "condition_failed")
    assert "the kernel 'words' cannot tell what 'true' is" in ran.result.error
    assert ran.output.cells[0].outputs[0].text == "hello"


def test_what_is_pythons_is_passed_over(words: Any) -> None:
    ran = words(new_code_cell("hello"), strict=True)
    assert ran.result.state == "success", ran.result.error
    assert "`strict` has no effect in this kernel: it is no Python kernel." in ran.log
    environment = ran.result.details["environment"]
    assert environment["language"] == {"name": "words", "version": "0.7"}
    assert environment["kernel"] == {"name": "words", "display_name": "Words"}
    assert (environment["python"], environment["packages"]) == (None, None)
    assert ran.result.details["resources"]["cpu"] > 0
