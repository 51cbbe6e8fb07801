"""A version of a DAG as text."""

from __future__ import annotations

import hashlib
import json

from studio.core.schedule_spec import CronSpec
from studio.core.spec import DagSpec, TaskSpec

from .conftest import Running, function
from .test_actions import error_of


def cell(kind: str, source: str) -> dict[str, object]:
    extra: dict[str, object] = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source, **extra}


NOTEBOOK = json.dumps(
    {
        "cells": [cell("markdown", "# Title\n\nText"), cell("code", "x = 1\nx")],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
).encode()
DIGEST = hashlib.sha256(NOTEBOOK).hexdigest()


async def test_code_of_tasks_and_settings_that_are_no_defaults(studio: Running) -> None:
    octets = {"Content-Type": "application/octet-stream"}
    await studio.http.put(f"/api/sources/{DIGEST}", content=NOTEBOOK, headers=octets)
    written = TaskSpec(
        id="written", kind="function", config={"function": "__main__:f", "source": "def f(): ..."}
    )
    notebook = TaskSpec(
        id="report",
        kind="notebook",
        upstream=("written",),
        retries=2,
        config={"path": "/n/report.ipynb", "digest": DIGEST, "source": "snapshot"},
    )
    spec = DagSpec(id="d", tasks=(written, notebook, function("named")), schedule=CronSpec("@daily"))
    version = (await studio.publish(spec))["dag"]["version"]
    code = (await studio.http.get(f"/api/dags/d/versions/{version}/code")).json()
    assert json.loads(code["settings"]) == {"id": "d", "schedule": {"type": "cron", "expression": "@daily"}}
    first, second, third = code["tasks"]
    assert (first["task_id"], first["code"], first["language"]) == ("written", "def f(): ...", "python")
    assert second["code"] == "# %% [markdown]\n# # Title\n#\n# Text\n\n# %%\nx = 1\nx\n"
    assert (second["where"], second["language"]) == ("/n/report.ipynb", "python")
    assert json.loads(second["settings"]) == {
        "kind": "notebook",
        "upstream": ["written"],
        "retries": 2,
        "config": {"path": "/n/report.ipynb", "source": "snapshot"},
    }
    assert third["code"].startswith("# steps:named is imported where the task runs")


async def test_code_of_a_notebook_that_is_gone_says_so(studio: Running) -> None:
    lost = TaskSpec(id="lost", kind="notebook", config={"path": "/nowhere/lost.ipynb", "source": "latest"})
    version = (await studio.publish(DagSpec(id="d", tasks=(lost,))))["dag"]["version"]
    code = (await studio.http.get(f"/api/dags/d/versions/{version}/code")).json()
    assert "cannot be read" in code["tasks"][0]["code"]


async def test_code_of_no_version(studio: Running) -> None:
    await studio.publish(DagSpec(id="d", tasks=(function("a"),)))
    assert (
        error_of(await studio.http.get(f"/api/dags/d/versions/{'0' * 64}/code"), 404)["code"] == "not_found"
    )
