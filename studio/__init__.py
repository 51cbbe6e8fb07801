"""Pipeline Studio: Airflow's power inside JupyterLab, with nothing to operate.

The public names are few and load when they are first used, so that `import studio` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from studio._version import __version__

if TYPE_CHECKING:
    from studio.authoring.built_in import file_sensor as file_sensor
    from studio.authoring.built_in import http as http
    from studio.authoring.built_in import http_sensor as http_sensor
    from studio.authoring.built_in import shell as shell
    from studio.authoring.built_in import sql as sql
    from studio.authoring.built_in import sql_sensor as sql_sensor
    from studio.authoring.caching import Cache as Cache
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
    from studio.authoring.task_operators import operator as operator
    from studio.authoring.waiting_operators import asset_sensor as asset_sensor
    from studio.authoring.waiting_operators import dag_sensor as dag_sensor
    from studio.authoring.waiting_operators import trigger_dag as trigger_dag
    from studio.authoring.wiring import chain as chain
    from studio.authoring.wiring import cross_downstream as cross_downstream
    from studio.client import Client as Client
    from studio.client import connect as connect
    from studio.operators.base import Operator as Operator
    from studio.operators.base import Sensor as Sensor
    from studio.operators.base import Verbatim as Verbatim
    from studio.operators.showing import show as show
    from studio.outcomes import Defer as Defer
    from studio.outcomes import Fail as Fail
    from studio.outcomes import Reschedule as Reschedule
    from studio.outcomes import Skip as Skip
    from studio.outcomes import asset_event as asset_event
    from studio.outcomes import exit as exit
    from studio.secrets.access import connection as connection
    from studio.secrets.access import variable as variable
    from studio.values.attempt import load as load
    from studio.values.attempt import save as save

__all__ = [
    "DAG", "Asset", "AssetOrTime", "Cache", "Calendar", "Callback", "Client", "DataInterval", "Deadline", "Defer",
    "Fail", "Operator", "Param", "Reschedule", "RetryRule", "Sensor", "Skip", "TaskGroup", "Verbatim",
    "__version__", "approval", "asset_event", "asset_sensor", "branch", "chain", "connect", "connection",
    "cross_downstream", "dag_sensor", "empty", "exit", "file_sensor", "function", "http", "http_sensor", "latest_only",
    "load", "notebook", "operator", "save", "sensor", "shell", "short_circuit", "show", "sql", "sql_sensor", "task",
    "trigger_dag", "variable", "wait",
]  # fmt: skip

_HOMES = {
    name: home
    for home, names in {
        "studio.authoring.dag": ["DAG"],
        "studio.authoring.schedules": ["Asset", "AssetOrTime", "Calendar", "DataInterval"],
        "studio.authoring.caching": ["Cache"],
        "studio.authoring.callbacks": ["Callback", "Deadline", "RetryRule"],
        "studio.authoring.params": ["Param"],
        "studio.authoring.groups": ["TaskGroup"],
        "studio.authoring.operators": ["branch", "function", "notebook", "sensor", "short_circuit"],
        "studio.authoring.local_operators": ["approval", "empty", "latest_only", "wait"],
        "studio.authoring.waiting_operators": ["asset_sensor", "dag_sensor", "trigger_dag"],
        "studio.authoring.decorators": ["task"],
        "studio.authoring.built_in": ["file_sensor", "http", "http_sensor", "shell", "sql", "sql_sensor"],
        "studio.authoring.task_operators": ["operator"],
        "studio.operators.base": ["Operator", "Sensor", "Verbatim"],
        "studio.operators.showing": ["show"],
        "studio.authoring.wiring": ["chain", "cross_downstream"],
        "studio.client": ["Client", "connect"],
        "studio.outcomes": ["Defer", "Fail", "Reschedule", "Skip", "asset_event", "exit"],
        "studio.secrets.access": ["connection", "variable"],
        "studio.values.attempt": ["load", "save"],
    }.items()
    for name in names
}


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext studio`: the magics `%dag`, `%%setup`, `%%params`, `%%task`, `%publish`. Called by IPython."""
    import_module("studio.magics").load_ipython_extension(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext studio`. Called by IPython."""
    import_module("studio.magics").unload_ipython_extension(shell)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'studio' has no attribute {name!r}; public names: {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
