"""What a version of a DAG consists of, as text for people: its settings and the code of its tasks.

Blocking: notebooks are read from files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from studio.api import models as m
from studio.artifacts.local import LocalArtifacts
from studio.core.notebook_format import parse_notebook
from studio.core.parameter_cell import language_of
from studio.core.spec import DagSpec, TaskSpec
from studio.errors import StudioError

#: What of a task's config is its code, and no setting.
_CODE: Final = frozenset({"source", "digest", "pickled"})
_NOTEBOOK_MODES: Final = frozenset({"snapshot", "latest", "git"})


def code_of(spec: DagSpec, artifacts: LocalArtifacts) -> m.VersionCode:
    """Settings that have their default are left out, so that what differs between two versions stands out."""
    return m.VersionCode(
        settings=_shown({**_parts(spec, "tasks")}),
        tasks=[_task_code(task, artifacts) for task in spec.tasks],
    )


def _task_code(task: TaskSpec, artifacts: LocalArtifacts) -> m.TaskCode:
    config = dict(task.config)
    code, language, where = "", "", ""
    if task.kind == "notebook":
        where = str(config.get("path", ""))
        code, language = _notebook(config, artifacts)
    elif isinstance(config.get("function"), str):
        where, language = config["function"], "python"
        if isinstance(config.get("source"), str):
            code = config["source"]
        elif "pickled" in config:
            code = "# A function that was published with what it holds, as bytes: its text is not known.\n"
        else:
            code = f"# {where} is imported where the task runs; a version does not hold its text.\n"
    else:
        code, language = _only_text(config)
    settings = _parts(task, "id", "config")
    left = {name: value for name, value in config.items() if name not in _CODE or value in _NOTEBOOK_MODES}
    return m.TaskCode(
        task_id=task.id,
        kind=task.kind,
        where=where,
        settings=_shown({**settings, "config": left} if left else settings),
        code=code,
        language=language,
    )


def _notebook(config: dict[str, Any], artifacts: LocalArtifacts) -> tuple[str, str]:
    """Its cells in the percent format, and its language."""
    try:
        path = artifacts.source_path(config["digest"]) if "digest" in config else Path(config["path"])
        notebook = parse_notebook(path.read_bytes(), path.name)
    except (StudioError, OSError, KeyError) as error:
        return f"# The notebook cannot be read: {error}\n", "python"
    return "\n\n".join(_cell(cell) for cell in notebook["cells"]) + "\n", language_of(notebook)


def _cell(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    text = source if isinstance(source, str) else "".join(source)
    if cell.get("cell_type") == "code":
        return f"# %%\n{text}"
    lines = "\n".join(f"# {line}".rstrip() for line in text.splitlines())
    return f"# %% [{cell.get('cell_type')}]\n{lines}"


def _only_text(config: dict[str, Any]) -> tuple[str, str]:
    """Commands and queries are code, too."""
    for name, language in (("command", "bash"), ("sql", "sql"), ("query", "sql")):
        if isinstance(config.get(name), str):
            return config[name] + "\n", language
    return "", ""


def _parts(struct: msgspec.Struct, *without: str) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(struct).items() if name not in without}


def _shown(parts: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(parts), indent=2).decode() + "\n"
