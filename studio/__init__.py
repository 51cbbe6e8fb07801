"""Pipeline Studio: Airflow's power inside JupyterLab, with nothing to operate.

The public names are few and load when they are first used, so that `import studio` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from studio._version import __version__

if TYPE_CHECKING:
    from studio.authoring.dag import DAG
    from studio.authoring.operators import function, notebook
    from studio.client import Client, connect

__all__ = ["DAG", "Client", "__version__", "connect", "function", "notebook"]

_HOMES = {
    "DAG": "studio.authoring.dag",
    "notebook": "studio.authoring.operators",
    "function": "studio.authoring.operators",
    "Client": "studio.client",
    "connect": "studio.client",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'studio' has no attribute {name!r}; public names: {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
