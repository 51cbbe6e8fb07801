from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from studio.artifacts.local import LocalArtifacts
from studio.core.turn import Launch
from studio.errors import InvalidInput, NotFound
from studio.executors.jobs import request_for


@pytest.fixture
def artifacts(tmp_path: Path) -> LocalArtifacts:
    return LocalArtifacts(tmp_path / "sources", tmp_path / "artifacts")


def launch_of(config: dict[str, Any]) -> Launch:
    return Launch(1, "d", "r", "t", -1, 1, "notebook", config, {}, "d/r/t/1", None)


def test_a_published_notebook_comes_with_the_path_of_its_content(artifacts: LocalArtifacts) -> None:
    digest = hashlib.sha256(b"{}").hexdigest()
    artifacts.put_source(digest, b"{}")
    config = {"path": "/x.ipynb", "digest": digest}
    request = request_for(launch_of(config), artifacts)
    assert request.config == {**config, "content": str(artifacts.source_path(digest))}


@pytest.mark.parametrize("config", [{"source": "latest"}, {"source": "git", "revision": "main"}])
def test_a_notebook_that_is_read_when_it_runs_needs_nothing_stored(
    artifacts: LocalArtifacts, config: dict[str, Any]
) -> None:
    config = {"path": "/x.ipynb", **config}
    assert request_for(launch_of(config), artifacts).config == config


def test_a_notebook_that_was_never_published_is_refused(artifacts: LocalArtifacts) -> None:
    with pytest.raises(InvalidInput, match="names no published notebook"):
        request_for(launch_of({"path": "/x.ipynb"}), artifacts)
    with pytest.raises(NotFound, match="Publish the DAG again"):
        request_for(launch_of({"digest": "0" * 64}), artifacts)
