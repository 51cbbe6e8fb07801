"""Handing ready task instances to the executor: the attempt, and everything that a worker needs to know."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from studio.core.active import ActiveRun, Path
from studio.core.board import Board, InFlight
from studio.core.callbacks import launch_of_callback
from studio.core.context import attempt_directory, context_of
from studio.core.layout import producers
from studio.core.model import Attempt, TaskInstance
from studio.core.secret_names import secrets_named
from studio.core.spec import TaskSpec
from studio.core.states import TaskState
from studio.core.timers import QueuedTooLong
from studio.core.turn import Launch, Wants

QUEUE_TIMEOUT = 86400.0  # seconds; see `TaskSpec.queue_timeout`
_LOADING = frozenset({"function", "notebook", "operator"})  # kinds whose code may load values of other tasks
_QUOTED = re.compile(r"""['"]([A-Za-z0-9_][A-Za-z0-9_.-]*)['"]|outputs\.([A-Za-z0-9_]+)""")


def dispatch(board: Board) -> None:
    """Launch callbacks, then ready tasks by priority, while the executor and every limit have room."""
    while board.callbacks and len(board.in_flight) < board.capacity:
        made = board.callbacks.popleft()
        board.in_flight[made.id] = made
        board.ledger.effects.append(launch_of_callback(made))
    while len(board.in_flight) < board.capacity:
        found = board.dispatcher.pop()
        if found is None:
            return
        _launch(board, *found)


def _launch(board: Board, active: ActiveRun, task: TaskInstance) -> None:
    board.move(active, task, TaskState.QUEUED)
    attempt_id = board.new_id()
    spec = active.spec_of(task)
    if task.looks and task.attempt is not None:
        board.ledger.replace_attempt(task.attempt)  # it goes on with the same try
    else:
        task.try_number += 1
        task.decision = task.length = None
        task.label = ""
        task.keeps = False
    task.attempt = attempt_id
    task.retry_at = task.started_at = task.ended_at = None
    attempt = Attempt(
        id=attempt_id,
        task_instance=task.id,
        try_number=task.try_number,
        queued_at=board.now,
        directory=attempt_directory(active.run, task, attempt_id),
    )
    board.ledger.add_attempt(attempt)
    flight = board.in_flight[attempt_id] = InFlight(active, task, attempt)
    board.ledger.effects.append(launch_of(flight))
    board.timers.set(board.now + queue_timeout_of(spec), QueuedTooLong(attempt_id))


def queue_timeout_of(spec: TaskSpec) -> float:
    """Seconds after which an attempt that no worker has begun is taken back."""
    return QUEUE_TIMEOUT if spec.queue_timeout is None else spec.queue_timeout


def launch_of(flight: InFlight) -> Launch:
    """What the executor needs to know of an attempt."""
    active, task, attempt = flight.active, flight.task, flight.attempt
    run, spec = active.run, active.spec_of(task)
    named = active.layout.secrets.get(task.task_id)
    if named is None:  # once for each version
        named = active.layout.secrets[task.task_id] = secrets_named(
            spec.config, spec.connections, spec.variables
        )
    return Launch(
        attempt_id=attempt.id,
        dag_id=run.dag_id,
        run_id=run.run_id,
        task_id=task.task_id,
        map_index=task.map_index,
        try_number=task.try_number,
        kind=spec.kind,
        config=spec.config,
        context=context_of(active, task),
        directory=attempt.directory,
        timeout=spec.timeout,
        priority=(
            float(run.backfill is not None),
            float(-active.layout.weights[task.task_id]),
            run.run_after,
        ),
        wants=_wants(active, task, spec),
        connections=named.connections,
        variables=named.variables,
        optional=named.optional,
        cache=spec.cache,
    )


def _wants(active: ActiveRun, task: TaskInstance, spec: TaskSpec) -> Wants | None:
    """What has to be read from the database for it; None for most."""
    levels = active.layout.levels[task.task_id]
    asked = active.layout.asked.get(task.task_id)
    if asked is None:  # once for each version
        asked = active.layout.asked[task.task_id] = _named_tasks(active, spec), "prev_" in _templates(spec)
    named = [*asked[0], *_kept_before(active, task, spec, asked[0])]
    asks_back = asked[1] and active.run.logical_date is not None
    if not (levels or named or active.run.events or asks_back):
        return None
    outputs: dict[str, int | tuple[int, ...] | None] = {
        name: _attempts(active, name, task.map_path[: active.layout.shared(task.task_id, name)])
        for name in named
    }
    saved = {name: outputs[name] for name in named if name in spec.upstream and name in active.keepers}
    for level in levels:
        for name in producers(level.expand):
            shared = min(active.layout.shared(task.task_id, name), level.depth)
            outputs.setdefault(name, _attempts(active, name, task.map_path[:shared]))
    return Wants(
        outputs=outputs,
        saved=saved,
        mapped=tuple((level.expand, index) for level, index in zip(levels, task.map_path, strict=True)),
        own=spec.expand is not None,
        events=active.run.events,
        previous=(active.run.dag_id, active.run.logical_date or 0.0) if asks_back else None,
        params=active.run.params,
    )


def _kept_before(active: ActiveRun, task: TaskInstance, spec: TaskSpec, named: Collection[str]) -> list[str]:
    """Tasks directly before it that left something its code may load. The values of a mapped task are a list: a mapped
    task has such a list only if it names that task, because each of its instances would get it."""
    if not active.keepers or spec.kind not in _LOADING:
        return []
    found = (name for name in spec.upstream if name in active.keepers and name not in named)
    layout = active.layout
    return [
        name
        for name in found
        if not task.map_path or len(layout.levels[name]) <= layout.shared(task.task_id, name)
    ]


def _attempts(active: ActiveRun, task_id: str, prefix: Path) -> int | tuple[int, ...] | None:
    if len(active.layout.levels[task_id]) > len(prefix):
        return active.attempts_of(task_id, prefix)
    found = next(iter(active.within(task_id, prefix)), None)
    return found.attempt if found is not None and found.state is TaskState.SUCCESS else None


def _named_tasks(active: ActiveRun, spec: TaskSpec) -> list[str]:
    """Tasks whose values the config refers to: by `$output`, or by name in a template that asks for values."""
    found: dict[str, None] = {}
    stack: list[Any] = [spec.config]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            name = value.get("$output")
            if isinstance(name, str):
                found[name] = None
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, str) and "{" in value and ("xcom_pull" in value or "outputs" in value):
            for quoted, attribute in _QUOTED.findall(value):
                found[quoted or attribute] = None
    return [name for name in found if name in active.layout.tasks and name != spec.id]


def _templates(spec: TaskSpec) -> str:
    text = json.dumps(spec.config) if spec.config else ""
    return text if "{{" in text or "{%" in text else ""
