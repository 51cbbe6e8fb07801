"""The first part of a `trigger_dag` task: its arguments are rendered and checked; the scheduler does the rest.

config: `{"args": {"dag_id", "params", "logical_date", "run_id"}, …}`; what else there is, the scheduler reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from studio.core.dates import instant_of, zone_of
from studio.core.moments import Moment
from studio.core.names import check_name, check_run_id, nearest, shown
from studio.core.parameters import check_value
from studio.core.signals import Signal, TriggerSignal
from studio.errors import InvalidInput
from studio.worker.arguments import arguments_of, kept
from studio.worker.task import Emit, Rendered, TaskRequest, TaskResult
from studio.worker.task_log import log_of

ARGUMENTS: Final = ("dag_id", "params", "logical_date", "run_id")


def run_trigger(request: TaskRequest, emit: Emit) -> TaskResult:
    """Say what is to be triggered. Raises `StudioError` for what no run can have."""
    arguments = arguments_of(request.config.get("args") or {}, request.context, "argument")
    rendered = kept(arguments)
    emit(Rendered(parameters=rendered))
    wanted = _wanted(arguments, request)
    with log_of(request, emit) as log:
        log.record("INFO", "studio", f"Asks for a run of {wanted.dag_id}.")
    return TaskResult(state="success", details={"rendered": rendered}, signal=Signal(trigger=wanted))


def _wanted(arguments: Mapping[str, Any], request: TaskRequest) -> TriggerSignal:
    for name in arguments:
        if name not in ARGUMENTS:
            raise InvalidInput(
                f"trigger_dag(...) takes no {shown(name)}.", hint=nearest(name, ARGUMENTS), field=name
            )
    dag_id = check_name(arguments.get("dag_id"), "DAG")
    if dag_id == request.dag_id:
        raise InvalidInput(
            f"The DAG {shown(dag_id)} would trigger itself, again and again.",
            hint="Give it a schedule, '@continuous' for one, or let another DAG trigger it.",
            field="dag_id",
        )
    run_id = arguments.get("run_id")
    return TriggerSignal(
        dag_id=dag_id,
        params=_params(arguments.get("params")),
        logical_date=_instant(arguments.get("logical_date"), request.context),
        run_id=None if run_id in (None, "") else check_run_id(run_id),
    )


def _params(given: Any) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise InvalidInput(f"params is {shown(given)}; it must be names with values.", field="params")
    plain = check_value(given, "params")
    assert isinstance(plain, dict)
    return plain


def _instant(given: Any, context: Mapping[str, Any]) -> float | None:
    """A date without an offset is in the zone of the DAG that triggers."""
    if given is None or given == "":
        return None
    if isinstance(given, str):
        zone = zone_of((context.get("dag") or {}).get("timezone", "UTC"))
        return instant_of(str(given), zone, "logical_date")
    return Moment.of(given).timestamp()
