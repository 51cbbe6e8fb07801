from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from studio.core.model import Variable
from studio.core.turn import Launch
from studio.scheduler import delivering
from studio.scheduler.delivering import Delivery
from studio.secrets.backends import DirectoryBackend, EnvironmentBackend, SecretBackend
from studio.secrets.vault import Vault
from studio.testing import MemoryStore


def _launch(*variables: str) -> Launch:
    return Launch(1, "d", "r", "t", -1, 1, "function", {}, {}, "d", None, variables=variables)


class _Raising(SecretBackend):
    def variable(self, name: str) -> Any:
        raise RuntimeError("hunter2-hunter2")


class _Hanging(SecretBackend):
    def __init__(self) -> None:
        self.end = threading.Event()
        self.calls = 0

    def variable(self, name: str) -> Any:
        self.calls += 1
        self.end.wait()


async def test_first_place_that_has_it_counts(tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "a").write_text("from a file\n")
    (tmp_path / "variables" / "b").write_text("[1]")
    store = MemoryStore()
    await store.set_variable(Variable("c", '"from the database"'))
    environment = EnvironmentBackend({"STUDIO_VAR_A": "from the environment"})
    backends = {"e": environment, "f": DirectoryBackend(tmp_path)}
    (launch,) = await Delivery(store, Vault(tmp_path, {}), backends)([_launch("a", "b", "c")])
    assert launch.secrets.variables == {"a": "from the environment", "b": [1], "c": "from the database"}
    assert launch.secrets.hidden == ("from the environment",)


async def test_backend_that_raises_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    backends = {"broken": _Raising(), "e": EnvironmentBackend({"STUDIO_VAR_A": "1"})}
    (launch,) = await Delivery(MemoryStore(), Vault(tmp_path, {}), backends)([_launch("a")])
    assert launch.secrets.variables == {"a": 1}
    assert "broken failed for the variable 'a': RuntimeError" in caplog.text
    assert "hunter2" not in caplog.text


async def test_backend_that_hangs_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "PATIENCE", 0.05)
    hanging = _Hanging()
    delivery = Delivery(
        MemoryStore(), Vault(tmp_path, {}), {"slow": hanging, "e": EnvironmentBackend({"STUDIO_VAR_A": "1"})}
    )
    try:
        for _ in range(2):
            (launch,) = await delivery([_launch("a")])
            assert launch.secrets.variables == {"a": 1}
        assert hanging.calls == 1
    finally:
        hanging.end.set()
