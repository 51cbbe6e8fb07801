"""Whether a view is also shown as a widget: where our JupyterLab extension is not, and an anywidget can be.

JupyterLab and Notebook draw our MIME types by themselves, with or without a kernel. VS Code and Colab do not know
them. `STUDIO_LIVE` says `on` or `off`; without it these two are recognised.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from studio.errors import InvalidInput

if TYPE_CHECKING:
    from studio.widgets.twin import Twin

WIDGET_MIME: Final = "application/vnd.jupyter.widget-view+json"
SWITCH: Final = "STUDIO_LIVE"
_HINT: Final = "To see it live here: pip install 'pipeline-studio[widgets]', then restart the kernel."

_hinted: list[bool] = []  # once in a process is enough


def with_twin(
    bundle: Mapping[str, Any], kind: Literal["graph", "view"], mime: str, former: Twin | None = None
) -> tuple[dict[str, Any], Twin | None]:
    """The MIME bundle of a view with a widget in it, where that is wanted; and the widget.

    `former`: the widget of what is shown now and will be replaced: it goes on.
    """
    if not is_wanted():
        return dict(bundle), None
    if find_spec("anywidget") is None:
        return _hinting(bundle), None
    twin = former
    if twin is None:
        twin = cast("Twin", import_module("studio.widgets.twin").Twin({kind: bundle[mime]}))
    else:
        twin.shown = {kind: bundle[mime]}
    view = {"version_major": 2, "version_minor": 0, "model_id": twin.model_id}
    return {**bundle, WIDGET_MIME: view}, twin


def formats(bundle: Mapping[str, Any], kind: Literal["graph", "view"], mime: str) -> Any:
    """What `_repr_mimebundle_` gives: the bundle, or the pair of it and its metadata where a widget needs some."""
    data, twin = with_twin(bundle, kind, mime)
    return (data, twin.metadata) if twin is not None and twin.metadata else data


def is_wanted() -> bool:
    """Whether this kernel's front end is known not to draw our MIME types. Raises `InvalidInput` for a bad switch."""
    switch = os.environ.get(SWITCH, "").lower()
    if switch not in ("", "auto", "on", "off"):
        raise InvalidInput(f"{SWITCH} is {switch!r}.", hint="It is on, off or auto.")
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or not hasattr(shell, "kernel") or "STUDIO_ATTEMPT" in os.environ:
        return False  # a terminal; or a task, whose notebook anybody may look at
    if switch in ("on", "off"):
        return switch == "on"
    # VS Code's Jupyter extension puts the notebook's path into the kernel; Jupyter's own servers name the session.
    is_code = "__vsc_ipynb_file__" in shell.user_ns or (
        "VSCODE_PID" in os.environ and "JPY_SESSION_NAME" not in os.environ
    )
    return is_code or "google.colab" in sys.modules


def _hinting(bundle: Mapping[str, Any]) -> dict[str, Any]:
    if _hinted:
        return dict(bundle)
    _hinted.append(True)
    return {
        **bundle,
        "text/html": f"{bundle['text/html']}<p><small>{_HINT}</small></p>",
        "text/plain": f"{bundle['text/plain']}\n{_HINT}",
    }
