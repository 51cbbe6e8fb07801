"""Views in a cell: our own MIME type for JupyterLab, and what is known at this moment for everything else.

Our front end draws a view from its name and the ids alone and asks the studio server for the rest, also in an
untrusted notebook and without a kernel. Where it is missing the still text shows. A graph has a MIME type of its own
(`studio.widgets.graph`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final, Literal

from studio.widgets.live import formats

MIME: Final = "application/vnd.pipeline-studio.view+json"

ViewName = Literal["backfill", "runs", "task", "output", "params"]


@dataclass(frozen=True, slots=True)
class Still:
    """What shows where our front end is not: `html` without scripts and styles, so that it passes sanitisers."""

    html: str
    text: str


@dataclass(frozen=True, repr=False)
class View:
    """Something to look at and to act in, live in JupyterLab. `call` is the plain Python that it stands for."""

    name: ViewName
    dag_id: str
    call: str
    still: Still
    run_id: str | None = None  # None: the newest
    task_id: str | None = None
    map_index: int = -1
    backfill_id: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)  # what the form begins with

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        return formats(self.bundle, "view", MIME)

    @property
    def bundle(self) -> dict[str, Any]:
        """By MIME type: what our front end draws, and what shows elsewhere."""
        return {
            MIME: self.data,
            "text/html": f"{self.still.html}<p>In Python: <code>{escape(self.call)}</code></p>",
            "text/plain": repr(self),
        }

    @property
    def data(self) -> dict[str, Any]:
        """What our front end draws."""
        return {
            "version": 1,
            "view": self.name,
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "task_id": self.task_id,
            "map_index": self.map_index,
            "backfill_id": self.backfill_id,
            "options": dict(self.options),
        }

    def __repr__(self) -> str:
        return f"{self.still.text}\nIn Python: {self.call}"


def call_text(name: str, *words: Any, **named: Any) -> str:
    """A call as one would write it: `dag.backfill("2013-01-01", only="failed")`. All values are JSON."""
    given = [python_text(word) for word in words]
    given += [f"{key}={python_text(value)}" for key, value in named.items()]
    return f"{name}({', '.join(given)})"


def python_text(value: Any) -> str:
    """A JSON value as Python writes it, texts in double quotes."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list() | tuple():
            return f"[{', '.join(map(python_text, value))}]"
        case Mapping():
            items = (f"{python_text(key)}: {python_text(item)}" for key, item in value.items())
            return f"{{{', '.join(items)}}}"
        case _:
            return repr(value)
