"""Pipeline Studio: Airflow's power inside JupyterLab, with nothing to operate.

The public names are few and load when they are first used, so that `import studio` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from studio._version import __version__

if TYPE_CHECKING:
    from studio.authoring.callbacks import Callback as Callback
    from studio.authoring.callbacks import Deadline as Deadline
    from studio.authoring.callbacks import RetryRule as RetryRule
    from studio.authoring.dag import DAG as DAG
    from studio.authoring.decorators import task as task
    from studio.authoring.groups import TaskGroup as TaskGroup
    from studio.authoring.local_operators import approval as approval
    from studio.authoring.local_operators import empty as empty
    from studio.authoring.local_operators import latest_only as latest_only
    from studio.authoring.local_operators import wait as wait
    from studio.authoring.operators import branch as branch
    from studio.authoring.operators import function as function
    from studio.authoring.operators import notebook as notebook
    from studio.authoring.operators import sensor as sensor
    from studio.authoring.operators import short_circuit as short_circuit
    from studio.authoring.params import Param as Param
    from studio.authoring.schedules import Asset as Asset
    from studio.authoring.schedules import AssetOrTime as AssetOrTime
    from studio.authoring.schedules import Calendar as Calendar
    from studio.authoring.schedules import DataInterval as DataInterval
    from studio.authoring.wiring import chain as chain
    from studio.authoring.wiring import cross_downstream as cross_downstream
    from studio.client import Client as Client
    from studio.client import connect as connect
    from studio.outcomes import Defer as Defer
    from studio.outcomes import Fail as Fail
    from studio.outcomes import Reschedule as Reschedule
    from studio.outcomes import Skip as Skip
    from studio.outcomes import asset_event as asset_event
    from studio.outcomes import exit as exit

__all__ = [
    "DAG", "Asset", "AssetOrTime", "Calendar", "Callback", "Client", "DataInterval", "Deadline", "Defer", "Fail",
    "Param", "Reschedule", "RetryRule", "Skip", "TaskGroup", "__version__", "approval", "asset_event", "branch",
    "chain", "connect", "cross_downstream", "empty", "exit", "function", "latest_only", "notebook", "sensor",
    "short_circuit", "task", "wait",
]  # fmt: skip

_HOMES = {
    name: home
    for home, names in {
        "studio.authoring.dag": ["DAG"],
        "studio.authoring.schedules": ["Asset", "AssetOrTime", "Calendar", "DataInterval"],
        "studio.authoring.callbacks": ["Callback", "Deadline", "RetryRule"],
        "studio.authoring.params": ["Param"],
        "studio.authoring.groups": ["TaskGroup"],
        "studio.authoring.operators": ["branch", "function", "notebook", "sensor", "short_circuit"],
        "studio.authoring.local_operators": ["approval", "empty", "latest_only", "wait"],
        "studio.authoring.decorators": ["task"],
        "studio.authoring.wiring": ["chain", "cross_downstream"],
        "studio.client": ["Client", "connect"],
        "studio.outcomes": ["Defer", "Fail", "Reschedule", "Skip", "asset_event", "exit"],
    }.items()
    for name in names
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'studio' has no attribute {name!r}; public names: {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
