"""Kernels that cannot be started (row 52): the attempt fails within its limit, with what to do about it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.conftest import Faults, install_kernelspec

pytestmark = pytest.mark.acceptance


def test_unknown_kernel_names_those_that_are_installed(faults: Faults) -> None:
    running = faults.run("1", kernel="pyhton3")
    assert running.states == ["failed"]
    assert "There is no kernel 'pyhton3' here" in running.error
    assert "python3" in running.error


def test_kernel_that_never_answers_fails_within_the_limit(faults: Faults, jupyter_path: Path) -> None:
    install_kernelspec(jupyter_path, "mute", ["sleep", "1000"])
    running = faults.run("1", kernel="mute", timeout=4)
    assert running.states == ["failed"]
    assert "did not answer within 4 s" in running.error


def test_kernel_whose_program_is_missing(faults: Faults, jupyter_path: Path) -> None:
    install_kernelspec(jupyter_path, "absent", ["/nowhere/bin/python", "-m", "ipykernel_launcher"])
    running = faults.run("1", kernel="absent")
    assert running.states == ["failed"]
    assert "'absent' cannot be started" in running.error
    assert "/nowhere/bin/python" in running.error


def test_environment_without_ipykernel(faults: Faults, jupyter_path: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    argv = [str(tmp_path / "bare/bin/python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    install_kernelspec(jupyter_path, "bare", argv)
    running = faults.run("1", kernel="bare")
    assert running.states == ["failed"]
    assert "died while starting" in running.error
    assert "bin/python -m pip install ipykernel" in running.error


def test_kernel_that_dies_at_once(faults: Faults, jupyter_path: Path) -> None:
    install_kernelspec(jupyter_path, "stillborn", ["sh", "-c", "echo no licence >&2; exit 7"])
    running = faults.run("1", kernel="stillborn")
    assert running.states == ["failed"]
    assert "code 7" in running.error and "no licence" in running.error


def test_directory_that_does_not_exist(faults: Faults) -> None:
    running = faults.run("1", cwd="/nowhere/at/all")
    assert running.states == ["failed"]
    assert "/nowhere/at/all" in running.error and "does not exist" in running.error


def test_after_all_that_a_good_kernel_starts(faults: Faults) -> None:
    assert faults.run("1").states == ["success"]
