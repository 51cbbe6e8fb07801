"""The config of a notebook task: what may stand in it and within which bounds. Made by authoring, read by the worker.

path            of the .ipynb, absolute; what a person sees, and where "latest" and "git" look
digest          SHA-256 of the published content, for the source "snapshot"
cwd             directory of the kernel
parameters      values by name; text may hold templates
kernel_name     a kernelspec; without it the notebook's own
timeout         seconds for the whole notebook, besides the task's own timeout
source          "snapshot", "latest" or "git"; `revision` goes with the last
cell_timeout    seconds for each cell
max_cell_output, max_output   characters of text kept of a cell, of the notebook
strict          a `!command` that fails fails its cell
outputs         files that must exist after success; templates, relative to `cwd`
export          "html", "pdf": made of the executed notebook
copy_to         a directory, relative to `cwd`, that gets copies of the executed notebook and its exports; a template
memory_limit    bytes; max_processes: how many processes and threads; of the kernel and all that it starts
attachable      the kernel has ports that other Jupyter clients can connect to
cell            the %%task cell of `path` that the published content was made of (`studio.authoring.cells`)
loads           `{"$output": task}` for each mapped task whose values the code of a mapped task loads
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, get_args

from studio.core.bounds import check_duration
from studio.core.names import nearest, shown
from studio.core.revisions import check_revision
from studio.errors import InvalidDag

SourceMode = Literal["snapshot", "latest", "git"]
SOURCES: Final[tuple[str, ...]] = get_args(SourceMode)
ExportFormat = Literal["html", "pdf"]
EXPORTS: Final[tuple[str, ...]] = get_args(ExportFormat)
MAX_OUTPUTS: Final = 1000  # declared files
MAX_PATH: Final = 4096  # characters
MIN_MEMORY: Final = 16 << 20  # bytes; a Python kernel alone takes more

_WHOLE: Final[dict[str, tuple[int, int]]] = {
    "max_cell_output": (0, 1_000_000_000),
    "max_output": (0, 1_000_000_000),
    "memory_limit": (MIN_MEMORY, 1 << 50),
    "max_processes": (1, 1_000_000),
}
_FLAGS: Final = ("strict", "attachable")
_TEXTS: Final = ("path", "cwd", "kernel_name", "digest", "cell", "copy_to")
_DURATIONS: Final = ("timeout", "cell_timeout")
_LISTS: Final = ("outputs", "export")
_KNOWN: Final = (*_TEXTS, "parameters", "loads", "source", "revision", *_DURATIONS, *_WHOLE, *_FLAGS, *_LISTS)


def check_notebook_config(config: Mapping[str, Any], where: str) -> None:
    """Raise `InvalidDag` or `InvalidInput` for what a notebook cannot be configured with; `where` names the task.

    `parameters` are judged where the config of any task is. Whether the notebook is there is known elsewhere.
    """
    for name in config:
        if name not in _KNOWN:
            raise InvalidDag(
                f"{where}: a notebook takes no {shown(name)}.",
                hint=nearest(str(name), _KNOWN),
                field="config",
            )
    for name, value in config.items():
        if value is not None and name in _RULES:
            _RULES[name](name, value, where)
    _check_source(config, where)


def _check_source(config: Mapping[str, Any], where: str) -> None:
    source, revision = config.get("source") or "snapshot", config.get("revision")
    if source not in SOURCES:
        raise InvalidDag(
            f"{where}: source is {shown(source)}; it must be one of {', '.join(map(shown, SOURCES))}.",
            hint=nearest(str(source), SOURCES),
            field="config.source",
        )
    if source == "git":
        check_revision(revision, f"{where}: revision")
    elif revision is not None:
        raise InvalidDag(
            f"{where} has the revision {shown(revision)}, but its source is {shown(source)}.",
            hint="A revision goes with the source 'git'.",
            field="config.revision",
        )
    path = config.get("path")
    if source != "snapshot" and not (isinstance(path, str) and path.startswith("/")):
        raise InvalidDag(
            f"{where}: path is {shown(path)}; it must be absolute, because the notebook is read when the task runs.",
            hint="For example '/home/ann/reports/daily.ipynb'.",
            field="config.path",
        )


def _text(name: str, value: Any, where: str) -> None:
    if not isinstance(value, str) or not value or "\0" in value or len(value) > MAX_PATH:
        raise _wrong(name, value, where, f"text of 1 to {MAX_PATH} characters")


def _duration(name: str, value: Any, where: str) -> None:
    check_duration(value, name, where)


def _whole(name: str, value: Any, where: str) -> None:
    least, most = _WHOLE[name]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        hint = "Bytes; in Python also '512MB', '2GB', '1GiB'." if name == "memory_limit" else None
        raise _wrong(name, value, where, f"a whole number from {least} to {most}", hint)


def _flag(name: str, value: Any, where: str) -> None:
    if not isinstance(value, bool):
        raise _wrong(name, value, where, "true or false")


def _outputs(name: str, value: Any, where: str) -> None:
    if not isinstance(value, (list, tuple)) or len(value) > MAX_OUTPUTS:
        raise _wrong(
            name, value, where, f"a list of up to {MAX_OUTPUTS} paths", "For example ['report.csv']."
        )
    for item in value:
        if not isinstance(item, str) or not item.strip() or "\0" in item or len(item) > MAX_PATH:
            raise _wrong(
                f"an entry of {name}", item, where, "the path of a file", "For example 'report.csv'."
            )


def _export(name: str, value: Any, where: str) -> None:
    if not isinstance(value, (list, tuple)):
        raise _wrong(name, value, where, "a list", "For example ['html'].")
    for item in value:
        if item not in EXPORTS:
            raise _wrong(f"an entry of {name}", item, where, " or ".join(map(shown, EXPORTS)))
    if len(set(value)) != len(value):
        raise _wrong(name, value, where, "a list that names each format once")


def _wrong(name: str, value: Any, where: str, rule: str, hint: str | None = None) -> InvalidDag:
    field = f"config.{name.removeprefix('an entry of ')}"
    return InvalidDag(f"{where}: {name} is {shown(value)}; it must be {rule}.", hint=hint, field=field)


_RULES: Final[dict[str, Callable[[str, Any, str], None]]] = {
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(_DURATIONS, _duration),
    **dict.fromkeys(_WHOLE, _whole),
    **dict.fromkeys(_FLAGS, _flag),
    "outputs": _outputs,
    "export": _export,
}
