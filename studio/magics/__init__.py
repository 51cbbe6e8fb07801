"""`%load_ext studio`: DAGs made of cells. `%dag`, `%%setup`, `%%params`, `%%task`, `%publish`."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell

from studio.magics.completion import complete
from studio.magics.magics import StudioMagics
from studio.magics.native import AsNative
from studio.magics.session import CellSession

_MAGICS = {"line": ("dag", "publish"), "cell": ("task", "setup", "params")}
_KEYS = ("%dag", "%%task", "%publish")


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Called by IPython. Loaded again, it forgets the cells that were run."""
    unload_ipython_extension(shell)
    session = CellSession(shell)
    shell.register_magics(StudioMagics(shell, session))
    shell.input_transformers_cleanup.append(AsNative(session))
    shell.events.register("pre_run_cell", session.before_cell)
    shell.events.register("post_run_cell", session.after_cell)
    for key in _KEYS:
        shell.set_hook("complete_command", complete(session), str_key=key)  # type: ignore[no-untyped-call]


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Called by IPython."""
    transformers = shell.input_transformers_cleanup
    for one in [each for each in transformers if isinstance(each, AsNative)]:
        transformers.remove(one)
        shell.events.unregister("pre_run_cell", one.session.before_cell)
        shell.events.unregister("post_run_cell", one.session.after_cell)
    for kind, names in _MAGICS.items():
        for name in names:
            shell.magics_manager.magics[kind].pop(name, None)
