"""What all tests share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Protocol

import pytest


class Require(Protocol):
    def __call__(self, condition: object, what: str) -> None: ...


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def require() -> Require:
    """Skip the test if something optional is not on this machine; under CI nothing is optional, so fail."""

    def check(condition: object, what: str) -> None:
        if condition:
            return
        if os.environ.get("CI"):
            pytest.fail(f"{what} is needed under CI; .ci/run should have installed it.", pytrace=False)
        pytest.skip(f"{what} is not installed.")

    return check


@pytest.fixture(scope="session")
def chromium(require: Require) -> str:
    """The path of a Chromium for Playwright, whose own download is not used."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    require(path, "Chromium")
    return str(path)
