"""The DAG folder of a server: a file that appears there is a DAG that can run."""

from __future__ import annotations

import asyncio
import json
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


def _cells(*sources: str) -> str:
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{n}",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for n, source in enumerate(sources)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


async def _version(studio: Running, dag_id: str, other_than: str = "") -> str:
    while True:
        answer = await studio.http.get(f"/api/dags/{dag_id}")
        if answer.status_code == 200 and answer.json()["dag"]["version"] != other_than:
            return str(answer.json()["dag"]["version"])
        await asyncio.sleep(0.02)


async def test_a_notebook_of_marked_cells_is_a_dag_and_a_changed_cell_a_new_version(studio: Running) -> None:
    path = studio.server.settings.dag_folder / "flights.ipynb"
    path.write_text(_cells("%dag flights", "%%task extract\nx = 1", "%%task report\nprint(x)"))
    await _listed(studio, "flights.ipynb", ["flights"])
    first = await _version(studio, "flights")
    detail = (await studio.http.get("/api/dags/flights")).json()
    assert [(task["id"], task["upstream"], task["label"]) for task in detail["tasks"]] == [
        ("extract", [], "cell"),
        ("report", ["extract"], "cell"),
    ]
    path.write_text(_cells("%dag flights", "%%task extract\nx = 2", "%%task report\nprint(x)"))
    second = await _version(studio, "flights", other_than=first)
    path.write_text(_cells("%dag flights", "%%task extract\nx = 2", "%%task report\n\nprint(y)"))
    answer = await _listed(studio, "flights.ipynb", ["flights"], has_error=True)
    assert answer["file"]["error"].startswith("cell 3, line 3: 'report' reads 'y', which nobody gives.")
    assert await _version(studio, "flights") == second
