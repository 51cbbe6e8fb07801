"""`studio.show`: a value in the output of the task that runs, as a notebook shows it. Light: kernels import it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

from studio.attempt_scope import AttemptScope

#: What shows a value.
_shown: AttemptScope[Callable[[object], None]] = AttemptScope("studio_show")


def show(*values: object) -> None:
    """Show values in the task's output, one after another: tables, figures, JSON, whatever has a form of its own.

        studio.show(flights.head(), flights.groupby("origin").size().plot().figure)

    In a notebook they are displayed; where nothing displays, they are printed. What `print` writes in a function task
    is in its log.
    """
    inside = _shown.get()
    display = inside or _kernels_display() or print
    for value in values:
        display(value)


def showing(display: Callable[[object], None]) -> AbstractContextManager[object]:
    """Whoever runs a task: what is shown inside is given to `display`."""
    return _shown.entered(display)


def _kernels_display() -> Callable[[object], None] | None:
    """IPython's, if this is a session of it."""
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        return None
    display: Callable[[object], None] = ipython.display.display
    return display
