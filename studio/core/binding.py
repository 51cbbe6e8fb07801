"""Completing a launch with what only the database knows: values of other tasks, asset events, earlier runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from studio.core.context import iso
from studio.core.map_spec import (
    Concatenated,
    ExpandSpec,
    FromParam,
    Items,
    Output,
    Source,
    Transformed,
    Zipped,
)
from studio.core.model import AssetEvent, Run, SavedValue
from studio.core.saved import is_returned, reference_to
from studio.core.turn import Launch, Wants


@dataclass(frozen=True, slots=True)
class Found:
    """What was read for some launches."""

    values: Mapping[int, Any] = field(default_factory=dict)  # Attempt.id → value
    saved: Mapping[int, Sequence[SavedValue]] = field(default_factory=dict)  # Attempt.id → what it left
    events: Mapping[int, AssetEvent] = field(default_factory=dict)
    previous: Mapping[tuple[str, float], Run | None] = field(default_factory=dict)


def bind(launch: Launch, found: Found) -> Launch:
    """The launch as a worker can use it."""
    wants = launch.wants
    if wants is None:
        return launch
    outputs = {name: _output(asked, found.values) for name, asked in wants.outputs.items()}
    context = {**launch.context}
    # A task without a value is left out: templates that name it, and who wants an entry of it, get an error in the
    # worker. As an argument the whole value is None then, as in Airflow: joins after branches take what there is.
    context["outputs"] = {name: outputs[name] for name, asked in wants.outputs.items() if asked is not None}
    if valueless := [name for name, asked in wants.outputs.items() if asked is None]:
        context["valueless"] = valueless
    saved = {name: _saved(asked, found.saved) for name, asked in wants.saved.items()}
    if saved := {name: names for name, names in saved.items() if names}:
        context["saved"] = saved
    group, own = _arguments(wants, outputs)
    if group:
        context["mapped"] = group
    if wants.own:
        context["mapped_args"] = own
    if wants.events:
        context["triggering_asset_events"] = _by_asset(
            [found.events[n] for n in wants.events if n in found.events]
        )
    if wants.previous is not None:
        context |= _previous(found.previous.get(wants.previous))
    return replace(launch, context=context, wants=None)


def _output(asked: int | tuple[int, ...] | None, values: Mapping[int, Any]) -> Any:
    if isinstance(asked, tuple):
        return [values.get(number) for number in asked]
    return None if asked is None else values.get(asked)


def _saved(
    asked: int | tuple[int, ...] | None, saved: Mapping[int, Sequence[SavedValue]]
) -> dict[str, Any] | list[dict[str, Any] | None] | None:
    """Name → reference; of a mapped task a list, None if nobody saved anything."""
    if isinstance(asked, tuple):
        found = [_saved(number, saved) for number in asked]
        return found if any(found) else None  # type: ignore[return-value]  # of one attempt it is no list
    values = saved.get(asked, ()) if asked is not None else ()
    return {value.name: reference_to(value) for value in values if not is_returned(value.name)} or None


def _arguments(wants: Wants, outputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments of the mapped groups around the task, and its own."""
    group: dict[str, Any] = {}
    own: dict[str, Any] = {}
    last = len(wants.mapped) - 1
    for n, (expand, index) in enumerate(wants.mapped):
        (own if wants.own and n == last else group).update(arguments(expand, index, outputs, wants.params))
    return group, own


def arguments(
    expand: ExpandSpec, index: int, outputs: Mapping[str, Any], params: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments of the instance with this index. Of a product the last argument varies fastest."""
    if expand.by == "kwargs":
        item = _item(next(iter(expand.over.values())), index, outputs, params)
        return item if isinstance(item, dict) else {"": item}
    found: dict[str, Any] = {}
    for name in reversed(expand.over):
        source = expand.over[name]
        length = _length(source, outputs, params)
        if length:
            found[name] = _item(source, index % length, outputs, params)
            index //= length
    return {name: found[name] for name in expand.over if name in found}


def _items(source: Source, outputs: Mapping[str, Any], params: Mapping[str, Any]) -> Sequence[Any]:
    match source:
        case Items(values):
            value: Any = values
        case Output(task):
            value = outputs.get(task)
        case FromParam(name):
            value = params.get(name)
        case _:
            raise TypeError(source)
    if isinstance(value, dict):
        return [[key, item] for key, item in value.items()]
    return value if isinstance(value, list) else []


def _length(source: Source, outputs: Mapping[str, Any], params: Mapping[str, Any]) -> int:
    match source:
        case Transformed(inner):
            return _length(inner, outputs, params)
        case Zipped(sources, longest):
            lengths = [_length(each, outputs, params) for each in sources]
            return (max if longest else min)(lengths, default=0)
        case Concatenated(sources):
            return sum(_length(each, outputs, params) for each in sources)
        case _:
            return len(_items(source, outputs, params))


def _item(source: Source, index: int, outputs: Mapping[str, Any], params: Mapping[str, Any]) -> Any:
    match source:
        case Transformed(inner, function, path):
            value = _item(inner, index, outputs, params)
            step = {"function": function, "path": list(path)}
            if isinstance(value, dict) and value.get("$apply"):  # one function after the other
                return {**value, "$apply": [*value["$apply"], step]}
            return {"$apply": [step], "value": value}
        case Zipped(sources, _, fill):
            lengths = [_length(each, outputs, params) for each in sources]
            return [
                _item(each, index, outputs, params) if index < length else fill
                for each, length in zip(sources, lengths, strict=True)
            ]
        case Concatenated(sources):
            for each in sources:
                length = _length(each, outputs, params)
                if index < length:
                    return _item(each, index, outputs, params)
                index -= length
            return None
        case _:
            items = _items(source, outputs, params)
            words = ("$apply",) if isinstance(source, Output) else ("$apply", "$value", "$plain")
            return _as_it_is(items[index], words) if index < len(items) else None


def _as_it_is(item: Any, words: tuple[str, ...]) -> Any:
    """Wrapped if it says one of `words` somewhere: data names no functions to call (see `studio.worker.arguments`), and
    what people give no values of tasks (see `studio.values.reference`)."""
    stack = [item]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            if any(word in part for word in words):
                return {"$apply": [], "value": item}
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)
    return item


def _by_asset(events: Sequence[AssetEvent]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        found.setdefault(event.asset, []).append(
            {
                "asset": event.asset,
                "at": iso(event.at),
                "extra": event.extra,
                "source_dag_id": event.dag_id,
                "source_run_id": event.run_id,
                "source_task_id": event.task_id,
                "source_map_index": event.map_index,
            }
        )
    return found


def _previous(run: Run | None) -> dict[str, Any]:
    times = {
        "prev_data_interval_start_success": None if run is None else run.interval_start,
        "prev_data_interval_end_success": None if run is None else run.interval_end,
        "prev_start_date_success": None if run is None else run.started_at,
        "prev_end_date_success": None if run is None else run.ended_at,
    }
    return {name: None if at is None else iso(at) for name, at in times.items()}
