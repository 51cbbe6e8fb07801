"""A real server in this process: real HTTP, real SQLite, real scheduler; attempts end as a script says."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from studio.artifacts.local import LocalArtifacts
from studio.core.spec import DagSpec, TaskSpec
from studio.server.app import StudioServer
from studio.server.outputs import LiveOutputs
from studio.settings import Settings
from studio.store import upgrade
from studio.testing.executor import ScriptedExecutor

NOTEBOOK = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
DIGEST = hashlib.sha256(NOTEBOOK).hexdigest()


@dataclass
class Running:
    """A server under test with an HTTP client that has its token."""

    server: StudioServer
    executor: ScriptedExecutor
    outputs: LiveOutputs
    http: httpx.AsyncClient
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.server.endpoint.url

    @property
    def token(self) -> str:
        return self.server.endpoint.token

    async def publish(self, spec: DagSpec) -> dict[str, Any]:
        import msgspec

        body = msgspec.to_builtins({"spec": spec})
        answer = await self.http.put(f"/api/dags/{spec.id}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def trigger(self, dag_id: str, **body: Any) -> dict[str, Any]:
        answer = await self.http.post(f"/api/dags/{dag_id}/runs", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


def function(task_id: str, *upstream: str, **more: Any) -> TaskSpec:
    return TaskSpec(
        id=task_id, kind="function", upstream=upstream, config={"function": f"steps:{task_id}"}, **more
    )


CHAIN = DagSpec(
    id="chain",
    tasks=(function("a"), function("b", "a")),
    params={"day": "2013-01-01"},
    timezone="America/New_York",
)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: migrations take longer than most tests here."""
    path = tmp_path_factory.mktemp("database") / "studio.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Path) -> Settings:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shutil.copy(empty_database, home / "studio.db")
    return Settings(home=home, database=f"sqlite:///{home}/studio.db", dag_folder=home / "dags", slots=2)


@pytest.fixture
def script() -> Callable[[Any], str | None]:
    """How attempts end; a test may override it."""
    return lambda launch: "success"


@pytest.fixture
async def studio(settings: Settings, script: Callable[[Any], str | None]) -> AsyncIterator[Running]:
    made: dict[str, Any] = {}

    def make(settings: Settings, outputs: LiveOutputs, artifacts: LocalArtifacts) -> ScriptedExecutor:
        made["outputs"] = outputs
        made["executor"] = ScriptedExecutor(script, slots=4)
        return made["executor"]

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(StudioServer(settings, executor=make))
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=server.endpoint.url,
                headers={"Authorization": f"token {server.endpoint.token}"},
                trust_env=False,
                timeout=30,
            )
        )
        yield Running(server, made["executor"], made["outputs"], http)
