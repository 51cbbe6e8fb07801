from __future__ import annotations

import asyncio
import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.core.spec import DagSpec, TaskSpec
from studio.settings import Settings

from .conftest import Running


def notebook_text(*sources: str, kernel: str = "python3") -> str:
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "source": source,
            "metadata": {"tags": ["parameters"] if index == 0 else []},
            "outputs": [],
            "execution_count": None,
        }
        for index, source in enumerate(sources)
    ]
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The directory of notebooks."""
    root = tmp_path / "work"
    root.mkdir()
    return root


@pytest.fixture
def settings(settings: Settings, root: Path) -> Settings:
    return replace(settings, notebook_root=root)


async def refused(studio: Running, path: str, status: int = 400) -> dict[str, Any]:
    answer = await asyncio.wait_for(studio.http.post("/api/notebooks/inspect", json={"path": path}), 30)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert len(error["message"]) < 1000
    return dict(error)


async def test_a_notebook_is_inspected(studio: Running, root: Path) -> None:
    path = root / "reports" / "daily.ipynb"
    path.parent.mkdir()
    path.write_text(notebook_text("n: int = 1  # how many\nday = '2013-01-01'", "print(n)"))
    for given in ("reports/daily.ipynb", str(path)):
        answer = await studio.http.post("/api/notebooks/inspect", json={"path": given})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found == {
            "path": str(path),
            "language": "python",
            "kernel_name": "python3",
            "parameters": {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "title": "daily.ipynb",
                "properties": {
                    "n": {"type": "integer", "title": "n", "description": "how many", "default": 1},
                    "day": {
                        "type": "string",
                        "x-studio-inferred": True,
                        "title": "day",
                        "default": "2013-01-01",
                    },
                },
                "required": [],
                "additionalProperties": False,
            },
            "cells": 2,
            "warnings": [],
            "digest": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        assert list(found["parameters"]["properties"]) == ["n", "day"]


async def test_a_kernel_that_is_not_installed_is_a_warning(studio: Running, root: Path) -> None:
    (root / "x.ipynb").write_text(notebook_text("n = 1", kernel="pyhton3"))
    (warning,) = (await studio.http.post("/api/notebooks/inspect", json={"path": "x.ipynb"})).json()[
        "warnings"
    ]
    assert warning.startswith("kernel_not_found: there is no kernel 'pyhton3' here. Installed: ")
    assert "python3" in warning


async def test_paths_out_of_the_directory_are_refused(studio: Running, root: Path) -> None:
    outside = root.parent / "outside.ipynb"
    outside.write_text(notebook_text("n = 1"))
    (root / "link.ipynb").symlink_to(outside)
    (root / "up").symlink_to(root.parent)
    paths = [
        "../outside.ipynb",
        str(outside),
        "link.ipynb",
        "up/outside.ipynb",
        "/etc/passwd",
        "~/x.ipynb",
        "a/../../x",
    ]
    for path in paths:
        error = await refused(studio, path, 403)
        assert (path, error["code"]) == (path, "outside_root")
        assert str(root) in error["message"]


async def test_the_dag_folder_is_allowed(studio: Running, settings: Settings) -> None:
    settings.dag_folder.mkdir(exist_ok=True)
    path = settings.dag_folder / "x.ipynb"
    path.write_text(notebook_text("n = 1"))
    answer = await studio.http.post("/api/notebooks/inspect", json={"path": str(path)})
    assert answer.status_code == 200


async def test_what_is_no_notebook_has_its_code(studio: Running, root: Path) -> None:
    os.mkfifo(root / "pipe.ipynb")
    (root / "folder.ipynb").mkdir()
    (root / "empty.ipynb").touch()
    (root / "cut.ipynb").write_text(notebook_text("n = 1")[:-20])
    (root / "shape.ipynb").write_text('{"cells": 5, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}')
    (root / "old.ipynb").write_text('{"nbformat": 3, "worksheets": []}')
    (root / "new.ipynb").write_text('{"nbformat": 5}')
    with (root / "large.ipynb").open("wb") as file:
        file.truncate(5 << 30)
    (root / "loop.ipynb").symlink_to(root / "loop.ipynb")
    expected = {
        "missing.ipynb": ("notebook_not_found", f"There is no notebook '{root}/missing.ipynb'"),
        "pipe.ipynb": ("not_a_regular_file", "is a pipe, not a file"),
        "folder.ipynb": ("not_a_regular_file", "is a directory, not a file"),
        "empty.ipynb": ("not_a_notebook", "the file is empty"),
        "cut.ipynb": ("not_a_notebook", "line 1 column"),
        "shape.ipynb": ("invalid_notebook", "its `cells` are not a list"),
        "old.ipynb": ("invalid_notebook", "old notebook format 3; open it in JupyterLab"),
        "new.ipynb": ("invalid_notebook", "its notebook format is 5, not 4"),
        "large.ipynb": ("too_large", "has more than 64 MB"),
        "loop.ipynb": ("invalid_input", ""),
        "": ("invalid_input", "it must be the path of an .ipynb file"),
        "a\0b": ("invalid_input", "it must be the path of an .ipynb file"),
        "x" * 5000: ("invalid_input", "it must be the path of an .ipynb file"),
        "x" * 300: ("invalid_input", "File name too long"),
    }
    for path, (code, said) in expected.items():
        error = await refused(studio, path)
        assert (path, error["code"], error["field"]) == (path, code, "path")
        assert said in error["message"]


async def test_odd_notebooks_are_inspected_with_warnings(studio: Running, root: Path) -> None:
    def cell(kind: str, tags: list[str], source: str = "", cell_id: str = "a") -> dict[str, Any]:
        return {"cell_type": kind, "source": source, "metadata": {"tags": tags}, "id": cell_id}

    odd: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
        "none": ([], ["no cells", "No cell is tagged"]),
        "text": ([cell("markdown", [])], ["no code cells", "No cell is tagged"]),
        "twice": (
            [cell("code", ["parameters"]), cell("code", ["parameters"])],
            ["Several cells have the id 'a'", "Several cells are tagged `parameters`: cell 0 counts"],
        ),
        "broken": ([cell("code", ["parameters"], "x = =")], ["not valid Python"]),
        "default": (
            [cell("code", ["parameters"], "n: int = 'x'")],
            ["The default of the parameter 'n' is 'x', but it must be of type integer"],
        ),
        "many": (
            [cell("code", [], "", f"c{i}") for i in range(10_000)],
            ["10000 cells", "No cell is tagged"],
        ),
    }
    for name, (cells, told) in odd.items():
        document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (root / f"{name}.ipynb").write_text(json.dumps(document))
        answer = await studio.http.post("/api/notebooks/inspect", json={"path": f"{name}.ipynb"})
        assert answer.status_code == 200, answer.text
        warnings = answer.json()["warnings"]
        assert len(warnings) == len(told), (name, warnings)
        assert all(part in warning for part, warning in zip(told, warnings, strict=True)), (name, warnings)


async def test_the_parameters_of_a_task_join_what_cell_and_dag_say(studio: Running, root: Path) -> None:
    source = "n: int = 1  # how many\nday: date\nkey = 'a'\nother = 5\nlate = ''"
    content = notebook_text(source).encode()
    digest = hashlib.sha256(content).hexdigest()
    await studio.http.put(
        f"/api/sources/{digest}", content=content, headers={"Content-Type": "application/octet-stream"}
    )
    parameters = {"n": "{{ params.count }}", "day": "{{ params['day'] }}", "key": "b", "late": "{{ ds }}-x"}
    config = {"path": str(root / "x.ipynb"), "digest": digest, "cwd": str(root), "parameters": parameters}
    spec = DagSpec(
        id="typed",
        tasks=(
            TaskSpec(id="x", kind="notebook", config=config),
            TaskSpec(id="f", kind="function", config={"function": "steps:f"}),
        ),
        params={"count": 3, "day": "2013-01-01"},
        param_schemas={"count": {"type": "integer", "minimum": 1, "title": "Count"}},
    )
    await studio.publish(spec)
    answer = await studio.http.get("/api/dags/typed/tasks/x/parameters")
    assert answer.status_code == 200, answer.text
    schema = answer.json()["parameters"]
    assert schema["required"] == []
    assert schema["properties"] == {
        "n": {
            "type": "integer",
            "title": "Count",
            "description": "how many",
            "minimum": 1,
            "default": 3,
            "x-studio-param": "count",
        },
        "day": {
            "type": "string",
            "format": "date",
            "title": "day",
            "default": "2013-01-01",
            "x-studio-param": "day",
        },
        "key": {"type": "string", "x-studio-inferred": True, "title": "key", "default": "b"},
        "other": {"type": "number", "x-studio-inferred": True, "title": "other", "default": 5},
        "late": {
            "type": "string",
            "x-studio-inferred": True,
            "title": "late",
            "readOnly": True,
            "x-studio-filled-in": "{{ ds }}-x",
        },
    }
    assert (await studio.http.get("/api/dags/typed/tasks/y/parameters")).status_code == 404
    assert (await studio.http.get("/api/dags/typed/tasks/f/parameters")).status_code == 400


async def test_a_task_tells_whether_its_notebook_has_changed(studio: Running, root: Path) -> None:
    path = root / "x.ipynb"
    path.write_text(notebook_text("n = 1"))
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    await studio.http.put(
        f"/api/sources/{digest}", content=content, headers={"Content-Type": "application/octet-stream"}
    )
    config = {"path": str(path), "digest": digest, "cwd": str(root)}
    await studio.publish(DagSpec(id="d", tasks=(TaskSpec(id="x", kind="notebook", config=config),)))
    run = await studio.trigger("d")
    url = f"/api/dags/d/runs/{run['run']['run_id']}/tasks/x"

    async def changed() -> Any:
        return (await studio.http.get(url)).json()["source_changed"]

    assert await changed() is False
    path.write_text(notebook_text("n = 2"))
    assert await changed() is True
    path.unlink()
    assert await changed() is None
