"""What templates may use, made of the JSON context that travels with an attempt: Airflow's names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from studio.core.macros import MACROS
from studio.core.moments import Moment
from studio.core.names import nearest, shown
from studio.core.secret_names import Connections, Variables
from studio.errors import InvalidInput, NotFound

#: Names of the context that are dates: ISO text in it, `Moment`s in templates.
DATES: Final = (
    "logical_date", "data_interval_start", "data_interval_end", "run_after",
    "prev_data_interval_start_success", "prev_data_interval_end_success",
    "prev_start_date_success", "prev_end_date_success", "run_started_at",
)  # fmt: skip
#: Words of the machine to the worker, not for templates.
_INTERNAL: Final = frozenset(
    {
        "param_schemas",
        "native",
        "interpret",
        "sensor",
        "mapped_args",
        "valueless",
        "measured",
        "saved",
        "connections",
        "variables",
    }
)
#: Names that are there at every launch, also where the machine has nothing to say.
_DEFAULTS: Final[dict[str, Any]] = {
    "resume": None,
    "inlets": [],
    "outlets": [],
    "triggering_asset_events": {},
}
_RETURN_VALUE: Final = "return_value"


class _Nothing:
    """That no default was given."""


_NOTHING: Final = _Nothing()


def names_of(context: Mapping[str, Any]) -> dict[str, Any]:
    """The names of a template. Those of dates are absent, as in `context`, if the run has no logical date."""
    names = {name: value for name, value in context.items() if name not in _INTERNAL}
    for name in DATES:
        if names.get(name) is not None:
            names[name] = Moment.of(names[name])
    for name, default in _DEFAULTS.items():
        names.setdefault(name, default)
    outputs = Outputs(context.get("outputs") or {})
    instance = InstanceView(
        **{name: context[name] for name in _OF_INSTANCE if name in context}, outputs=outputs
    )
    names |= {
        "outputs": outputs,
        "ti": instance,
        "task_instance": instance,
        "task": TaskView(**{name: context[name] for name in _OF_TASK if name in context}),
        "dag_run": RunView(
            **{name: names[name] for name in _OF_RUN if name in names},
            start_date=names.get("run_started_at"),
            conf=context.get("params") or {},
        ),
        "task_reschedule_count": (context.get("sensor") or {}).get("looks", 0),
        "test_mode": False,
        "macros": MACROS,
        "var": Variables(context.get("variables") or {}),
        "conn": Connections(context.get("connections") or {}),
    }
    return names


class Outputs:
    """`outputs.<task>`: what upstream tasks returned, of a mapped one the list; `outputs["group.task"]`, too."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: object) -> Any:
        if name in self._values:
            return self._values[name]  # type: ignore[index]
        prefix = f"{name}."
        inside = {key[len(prefix) :]: value for key, value in self._values.items() if key.startswith(prefix)}
        if inside:  # a group
            return Outputs(inside)
        raise NotFound(
            f"There is no value of a task {shown(name)} here.",
            hint=nearest(str(name), self._values)
            or "Values are there of upstream tasks whose name stands in the template, as text in quotes.",
        )

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceView:
    """`ti`: the task instance that the template is of."""

    task_id: str = ""
    dag_id: str = ""
    run_id: str = ""
    map_index: int = -1
    try_number: int = 1
    outputs: Outputs = field(default_factory=lambda: Outputs({}), repr=False)

    def xcom_pull(
        self,
        task_ids: str | Sequence[str] | None = None,
        key: str = _RETURN_VALUE,
        map_indexes: int | Sequence[int] | None = None,
        default: Any = _NOTHING,
    ) -> Any:
        """What a task returned; of several tasks a list. `key`: an entry of it, if it is a dict.

        `map_indexes` choose among the values of a mapped task, by their place in the list.
        """
        if task_ids is None:
            raise InvalidInput("xcom_pull() is told whose value to give: `ti.xcom_pull(task_ids='extract')`.")
        if isinstance(task_ids, str):
            return self._pulled(task_ids, key, map_indexes, default)
        return [self._pulled(task_id, key, map_indexes, default) for task_id in task_ids]

    def _pulled(self, task_id: str, key: str, map_indexes: int | Sequence[int] | None, default: Any) -> Any:
        try:
            value = self.outputs[task_id]
            if isinstance(map_indexes, int):
                return _entry(_item(value, map_indexes, task_id), key, task_id)
            if map_indexes is not None:
                return [_entry(_item(value, index, task_id), key, task_id) for index in map_indexes]
            return _entry(value, key, task_id)
        except NotFound:
            if default is _NOTHING:
                raise
            return default


def _item(value: Any, index: int, task_id: str) -> Any:
    if not isinstance(value, list) or not 0 <= index < len(value):
        count = f"it has {len(value)}" if isinstance(value, list) else "it is not mapped"
        raise NotFound(f"Task {shown(task_id)} has no value at map index {index}: {count}.")
    return value[index]


def _entry(value: Any, key: str, task_id: str) -> Any:
    if key == _RETURN_VALUE:
        return value
    if not isinstance(value, dict) or key not in value:
        known = nearest(key, map(str, value)) if isinstance(value, dict) else f"It returned {shown(value)}."
        raise NotFound(f"What task {shown(task_id)} returned has no entry {shown(key)}.", hint=known)
    return value[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """`task`."""

    task_id: str = ""
    dag_id: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    inlets: Any = ()
    outlets: Any = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """`dag_run`; `conf`: the params. Dates are None if the run has no logical date."""

    run_id: str = ""
    dag_id: str = ""
    run_type: str = ""
    logical_date: Moment | None = None
    data_interval_start: Moment | None = None
    data_interval_end: Moment | None = None
    run_after: Moment | None = None
    start_date: Moment | None = None
    triggered_by: str = ""
    note: str = ""
    backfill: Any = None
    conf: dict[str, Any] = field(default_factory=dict)


_OF_INSTANCE: Final = ("task_id", "dag_id", "run_id", "map_index", "try_number")
_OF_TASK: Final = ("task_id", "dag_id", "params", "inlets", "outlets")
_OF_RUN: Final = (
    "run_id", "dag_id", "run_type", "logical_date", "data_interval_start", "data_interval_end", "run_after",
    "triggered_by", "note", "backfill",
)  # fmt: skip
