"""What becomes of the keywords that only a notebook task takes (`NotebookOptions`): a part of its config."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from studio.authoring.arguments import flag, seconds, size, text, texts, whole
from studio.authoring.options import DEFAULTS
from studio.core.names import shown
from studio.core.notebook_config import check_notebook_config
from studio.core.revisions import check_revision
from studio.errors import InvalidInput

_MAKE: Final[dict[str, Callable[[Any, str], Any]]] = {
    "kernel_name": text,
    "source": text,
    "revision": check_revision,
    "cell_timeout": seconds,
    "max_cell_output": whole,
    "max_output": whole,
    "strict": flag,
    "outputs": texts,
    "export": texts,
    "copy_to": text,
    "memory_limit": size,
    "max_processes": whole,
    "attachable": flag,
}
#: The keywords, in the order in which they stand in the config.
NOTEBOOK_KEYWORDS: Final = tuple(_MAKE)


def notebook_settings(options: Mapping[str, Any], default: Callable[[str], Any]) -> dict[str, Any]:
    """The options of one `notebook(...)` as they stand in its config; `default(name)` is what `default_args` say.

    Raises `InvalidInput` naming the option.
    """
    given = {name: options[name] for name in NOTEBOOK_KEYWORDS if options.get(name) is not None}
    says_source = "source" in given or "revision" in given
    for name in DEFAULTS.intersection(NOTEBOOK_KEYWORDS) - given.keys():
        if not (says_source and name in ("source", "revision")):
            given[name] = default(name)
    made = {name: make(given[name], name) for name, make in _MAKE.items() if given.get(name) is not None}
    for name in ("outputs", "export"):
        made[name] = list(dict.fromkeys(made.get(name, ())))
    settings = {name: value for name, value in made.items() if value is not False and value != []}
    _settle_source(settings)
    check_notebook_config({"path": "/", **settings}, "notebook(...)")
    return settings


def _settle_source(settings: dict[str, Any]) -> None:
    """A revision implies git; "snapshot" is not written, so that the version of a DAG does not depend on it."""
    source = settings.pop("source", None)
    if "revision" in settings and source in (None, "git"):
        settings["source"] = "git"
    elif source == "git":
        raise InvalidInput(
            "source='git' needs the revision to read the notebook from.",
            hint="For example notebook('x.ipynb', revision='main').",
            field="revision",
        )
    elif "revision" in settings:
        raise InvalidInput(
            f"revision is {shown(settings['revision'])}, but source is {shown(source)}.",
            hint="Leave `source` out: a revision implies source='git'.",
            field="source",
        )
    elif source not in (None, "snapshot"):
        settings["source"] = source
