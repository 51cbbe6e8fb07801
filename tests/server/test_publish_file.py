"""A DAG file that is published by its path: read in a process of its own, as one of the DAG folder is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx
import nbformat
import pytest

from studio.settings import Settings

from .conftest import Running
from .test_actions import error_of


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    root = tmp_path / "notebooks"
    root.mkdir()
    return replace(settings, notebook_root=root)


def write(settings: Settings, name: str, *sources: str) -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), settings.notebook_root / name)


async def test_the_cells_of_a_notebook_are_published_and_some_of_them_run(
    studio: Running, settings: Settings
) -> None:
    write(
        settings, "flights.ipynb", "%dag flights", "%%task a\nx = 1", "%%task b\ny = x", "%%task c\nprint(x)"
    )
    answer = await studio.http.post("/api/dag-files/publish", json={"path": "flights.ipynb"})
    assert answer.status_code == 201, answer.text
    assert [dag["dag_id"] for dag in answer.json()["dags"]] == ["flights"]
    run = await studio.trigger("flights", subset=["a", "b"])
    assert {task["task_id"] for task in run["tasks"]} == {"a", "b"}
    # Again, changed: another version, and no second DAG.
    before = answer.json()["dags"][0]["version"]
    write(settings, "flights.ipynb", "%dag flights", "%%task a\nx = 2")
    answer = await studio.http.post("/api/dag-files/publish", json={"path": "flights.ipynb"})
    assert answer.json()["dags"][0]["version"] != before
    assert len((await studio.http.get("/api/dags")).json()["dags"]) == 1


async def test_what_is_wrong_is_told_with_its_place_and_nothing_is_published(
    studio: Running, settings: Settings
) -> None:
    write(settings, "broken.ipynb", "%dag flights", "%%task a\nx = unknown")
    write(settings, "plain.ipynb", "print(1)")
    (settings.notebook_root / "broken.py").write_text("import studio\n\nraise ValueError('not today')\n")
    for name, words in (
        ("broken.ipynb", "cell 2"),
        ("plain.ipynb", "defines no DAG"),
        ("broken.py", "line 3: "),
        ("missing.ipynb", "no such file"),
    ):
        answer = await studio.http.post("/api/dag-files/publish", json={"path": name})
        assert words in error_of(answer, 400)["message"], name
    answer = await studio.http.post("/api/dag-files/publish", json={"path": "/etc/passwd.ipynb"})
    error_of(answer, 403)
    assert (await studio.http.get("/api/dags")).json()["dags"] == []


async def test_who_has_the_token_says_where_paths_start(
    studio: Running, settings: Settings, tmp_path: Path
) -> None:
    """As Jupyter's proxy does: the server may have been started elsewhere."""
    elsewhere = tmp_path / "a folder, elsewhere"
    elsewhere.mkdir()
    write(replace(settings, notebook_root=elsewhere), "there.ipynb", "x = 1")
    body = {"path": "there.ipynb"}
    told = {"X-Studio-Notebooks": quote(str(elsewhere))}
    answer = await studio.http.post("/api/notebooks/inspect", json=body, headers=told)
    assert answer.json()["path"] == str(elsewhere / "there.ipynb"), answer.text
    outside = {"path": "../notebooks/x.ipynb"}
    error_of(await studio.http.post("/api/notebooks/inspect", json=outside, headers=told), 403)
    error_of(await studio.http.post("/api/notebooks/inspect", json=body), 400)
    for odd in ("relative", "", "%00/"):
        headers = {"X-Studio-Notebooks": odd}
        error_of(await studio.http.post("/api/notebooks/inspect", json=body, headers=headers), 400)
    # A page of the dashboard has a session only.
    async with httpx.AsyncClient(base_url=studio.url, trust_env=False) as page:
        path = (await studio.http.post("/api/logins")).json()["path"]
        answer = await page.post(
            path.split("?")[0], data={"ticket": path.partition("ticket=")[2]}, headers={"Origin": studio.url}
        )
        assert (await page.get("/api/server")).status_code == 200, answer.text
        headers = {**told, "Origin": studio.url}
        error_of(await page.post("/api/notebooks/inspect", json=body, headers=headers), 400)
