"""The DAG folder of a server: a file that appears there is a DAG that can run."""

from __future__ import annotations

import asyncio
from typing import Any

from studio.artifacts.local import LocalArtifacts

from .conftest import DIGEST, NOTEBOOK, Running

FILE = 'from studio import DAG, notebook\nwith DAG("{}"):\n    notebook("_work.ipynb")\n'


async def _listed(studio: Running, file: str, dag_ids: list[str], has_error: bool = False) -> dict[str, Any]:
    while True:
        answer = dict((await studio.http.get("/api/dags")).json())
        for found in answer["files"]:
            if (found["path"], found["dag_ids"], bool(found.get("error"))) == (file, dag_ids, has_error):
                return answer | {"file": found}
        await asyncio.sleep(0.02)


async def test_file_is_published_with_its_notebooks(studio: Running) -> None:
    folder = studio.server.settings.dag_folder
    (folder / "_work.ipynb").write_bytes(NOTEBOOK)
    (folder / "daily.py").write_text(FILE.format("daily"))
    answer = await _listed(studio, "daily.py", ["daily"])
    assert [dag["dag_id"] for dag in answer["dags"]] == ["daily"]
    settings = studio.server.settings
    assert LocalArtifacts(settings.source_root, settings.artifact_root).has_source(DIGEST)
    run = await studio.trigger("daily")
    assert run["run"]["dag_id"] == "daily"


async def test_refusal_of_the_api_is_the_error_of_the_file(studio: Running) -> None:
    folder = studio.server.settings.dag_folder
    (folder / "_work.ipynb").write_bytes(NOTEBOOK)
    (folder / "a.py").write_text(FILE.format("daily"))
    await _listed(studio, "a.py", ["daily"])
    (folder / "b.py").write_text(FILE.format("DAILY"))
    answer = await _listed(studio, "b.py", [], has_error=True)
    assert "in case only" in answer["file"]["error"]
