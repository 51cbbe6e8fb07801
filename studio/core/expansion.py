"""Dynamic mapping: how many task instances there are, once what they are mapped over is known.

Before that a task has one placeholder for each instance of the mappings around it: a TaskInstance whose `map_path` is
shorter than its task has mappings. A placeholder becomes index 0; the others are new. A mapping that was expanded
before (its producer ran again) grows, shrinks, or stays.
"""

from __future__ import annotations

import math

from studio.core.active import ActiveRun, Path
from studio.core.board import Board
from studio.core.layout import LENGTH, Edge, Level, producers
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
from studio.core.model import TaskInstance
from studio.core.moves import end, restart, settle
from studio.core.states import TaskState

MAX_MAP_LENGTH = 10_000  # task instances of one expansion

_T = TaskState


def expand(board: Board, active: ActiveRun, level: Level, path: Path) -> None:
    """Bring the mapping `level` below `path` to the length it should have by now, if that is known."""
    if _is_waiting(active, level, path):
        return
    dead = _dead(active, level, path)
    n = 0 if dead is not None else length_of(active, level.expand, level, path)
    for task_id in level.tasks:
        placeholder = active.instances[task_id].get(path)
        if placeholder is not None and len(path) < len(active.layout.levels[task_id]):
            if placeholder.state is not _T.NONE:
                if (
                    n and n <= MAX_MAP_LENGTH and level.is_group
                ):  # its group goes on without it, index by index
                    _multiply(board, active, level, placeholder, n)
            elif n is None or n > MAX_MAP_LENGTH:
                _refuse(board, active, placeholder)
            elif n == 0:
                settle(board, active, placeholder, dead or _T.SKIPPED)
                placeholder.ended_at = board.now
            else:
                _multiply(board, active, level, placeholder, n)
        elif n is not None and dead is None:
            _resize(board, active, level, task_id, path, min(n, MAX_MAP_LENGTH))


def length_of(active: ActiveRun, spec: ExpandSpec, level: Level, path: Path) -> int | None:
    """How many instances; None: what it is mapped over is no list and no dict."""
    lengths = [_length(active, source, level, path) for source in spec.over.values()]
    known = [length for length in lengths if length is not None]
    return math.prod(known) if len(known) == len(lengths) else None


def _length(active: ActiveRun, source: Source, level: Level, path: Path) -> int | None:
    match source:
        case Items(values):
            return len(values)
        case FromParam(name):
            value = active.run.params.get(name)
            return len(value) if isinstance(value, (list, dict)) else None
        case Transformed(inner):
            return _length(active, inner, level, path)
        case Output(task_id):
            found = upstream_of(active, task_id, level, path)
            if isinstance(found, TaskInstance):
                return found.length
            return sum(task.state is _T.SUCCESS for task in found)
        case Zipped(sources, longest):
            lengths = [_length(active, each, level, path) for each in sources]
            known = [length for length in lengths if length is not None]
            if len(known) < len(lengths):
                return None
            return max(known, default=0) if longest else min(known, default=0)
        case Concatenated(sources):
            lengths = [_length(active, each, level, path) for each in sources]
            known = [length for length in lengths if length is not None]
            return sum(known) if len(known) == len(lengths) else None


def upstream_of(
    active: ActiveRun, task_id: str, level: Level, path: Path
) -> TaskInstance | list[TaskInstance]:
    """What `task_id` is to an instance of `level.tasks` with this path: one task instance, or, of a task that is
    mapped itself, all of them in order."""
    shared = active.layout.shared(level.tasks[0], task_id)
    return instances_of(active, task_id, path[: min(shared, level.depth)])


def instances_of(active: ActiveRun, task_id: str, prefix: Path) -> TaskInstance | list[TaskInstance]:
    """The instances of a task below `prefix`: one, if it has no further mapping of its own; else a list in order."""
    found = active.within(task_id, prefix)
    if len(active.layout.levels[task_id]) <= len(prefix):
        return next(iter(found), [])
    return sorted((task for task in found if task.state is not _T.REMOVED), key=lambda task: task.map_path)


def _is_waiting(active: ActiveRun, level: Level, path: Path) -> bool:
    first = level.tasks[0]
    for task_id in producers(level.expand):
        shared = min(active.layout.shared(first, task_id), level.depth)
        if not active.is_complete(Edge(first, shared, LENGTH + level.depth), path):
            return True
    return False


def _dead(active: ActiveRun, level: Level, path: Path) -> TaskState | None:
    """What becomes of tasks that can never be expanded, because a task whose value is needed has none."""
    for task_id in producers(level.expand):
        found = upstream_of(active, task_id, level, path)
        if isinstance(found, TaskInstance) and found.state is not _T.SUCCESS:
            return _T.SKIPPED if found.state is _T.SKIPPED else _T.UPSTREAM_FAILED
    return None


def _refuse(board: Board, active: ActiveRun, placeholder: TaskInstance) -> None:
    board.touch_task(active, placeholder)
    placeholder.note = placeholder.note or (
        "It cannot be expanded: what it is mapped over is no list and no dict, or has more than "
        f"{MAX_MAP_LENGTH} items."
    )
    settle(board, active, placeholder, _T.UPSTREAM_FAILED)
    placeholder.ended_at = board.now


def _multiply(board: Board, active: ActiveRun, level: Level, placeholder: TaskInstance, n: int) -> None:
    board.touch_task(active, placeholder)
    path, index = placeholder.map_path, placeholder.map_index
    active.remove(placeholder)
    placeholder.map_path = (*path, 0)
    placeholder.map_index = 0 if index < 0 else index
    active.add(placeholder)
    board.agenda.append((active, placeholder))
    _grow(board, active, level, placeholder.task_id, path, range(1, n), placeholder.state)


def _grow(
    board: Board,
    active: ActiveRun,
    level: Level,
    task_id: str,
    path: Path,
    indexes: range,
    state: TaskState = _T.NONE,
) -> None:
    spec = active.layout.tasks[task_id]
    made = []
    for i in indexes:
        number = (
            i if level.depth == 0 and len(active.layout.levels[task_id]) == 1 else active.new_index(task_id)
        )
        task = TaskInstance(
            id=board.new_id(),
            run=active.run.id,
            task_id=task_id,
            map_index=number,
            map_path=(*path, i),
            state=state,
            max_tries=1 + spec.retries,
        )
        active.add(task)
        made.append(task)
    board.ledger.add_tasks(made)
    board.touched[active.run.id] = active
    board.agenda.extend((active, task) for task in made)


def _resize(board: Board, active: ActiveRun, level: Level, task_id: str, path: Path, n: int) -> None:
    """The mapping was expanded before: give it `n` indexes."""
    found: dict[int, list[TaskInstance]] = {}
    for task in list(active.within(task_id, path)):
        if len(task.map_path) > level.depth:
            found.setdefault(task.map_path[level.depth], []).append(task)
    if not found:
        return
    for index, tasks in found.items():
        for task in tasks:
            if index >= n and task.state is not _T.REMOVED:
                end(board, active, task, _T.REMOVED)
            elif index < n and _T.REMOVED in (task.state, task.stop_as):
                restart(board, active, task)
    _grow(board, active, level, task_id, path, range(max(found) + 1, n))
