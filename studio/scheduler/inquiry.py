"""What the machine must be told with a command, because it holds unfinished runs only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from studio.core.commands.backfills import FOREVER, existing_range
from studio.core.commands.by_task import wanted_run_id
from studio.core.commands.lookup import run_ids_of
from studio.core.commands.trigger import manual_run_id
from studio.core.events import CommandGiven, Facts
from studio.core.model import Backfill, Command, Run, RunWithTasks
from studio.core.states import RUN_TERMINAL
from studio.ports import Store

MAX_RUNS = 1000  # that one clear or mark may change
MAX_DATED = 200_000  # runs in the range of a backfill

_ABOUT_RUNS = frozenset({"cancel", "clear", "mark", "mark_run", "delete_run", "note", "respond"})


async def given(store: Store, command: Command, looks_back: Callable[[str], bool]) -> CommandGiven:
    """The command with the stored facts that decide on it."""
    payload = command.payload
    if command.kind == "trigger":
        taken = await _taken(store, command, payload.get("run_id"))
        dates = [payload["logical_date"]] if payload.get("logical_date") is not None else []
        before = await _before(store, command.dag_id, dates) if looks_back(command.dag_id) else ()
        return CommandGiven(command, Facts(taken=taken, before=before))
    if command.kind == "trigger_by_task":
        return CommandGiven(command, await _wanted_by_task(store, command, looks_back))
    if command.kind in _ABOUT_RUNS and (payload.get("run_ids") or payload.get("run_id")):
        return CommandGiven(command, await _about_runs(store, command, looks_back))
    if command.kind in ("backfill", "change_backfill"):
        return CommandGiven(command, await _about_backfill(store, command, looks_back))
    return CommandGiven(command)


async def _wanted_by_task(store: Store, command: Command, looks_back: Callable[[str], bool]) -> Facts:
    run_id, date = wanted_run_id(command.payload), command.payload.get("logical_date")
    runs = [] if run_id is None else await store.load_runs(command.dag_id, [run_id])
    dates = [date] if date is not None else [each.run.logical_date for each in runs if each.run.logical_date]
    before = await _before(store, command.dag_id, dates) if looks_back(command.dag_id) else ()
    return Facts(runs=tuple(runs), before=before)


async def _about_runs(store: Store, command: Command, looks_back: Callable[[str], bool]) -> Facts:
    dag_id, payload = command.dag_id, command.payload
    runs = await store.load_runs(dag_id, run_ids_of(payload))
    dates = [each.run.logical_date for each in runs if each.run.logical_date is not None]
    others: list[Run] = []
    if dates and payload.get("past"):
        others += await store.dated_runs(dag_id, -FOREVER, min(dates), limit=MAX_RUNS + 1)
    if dates and payload.get("future"):
        others += await store.dated_runs(dag_id, max(dates), FOREVER, limit=MAX_RUNS + 1)
    if len(others) > MAX_RUNS:
        return Facts(runs=tuple(runs), too_many=True)
    known = {each.run.run_id for each in runs}
    more = [run.run_id for run in others if run.run_id not in known]
    if more:
        runs += await store.load_runs(dag_id, more)
    before: tuple[RunWithTasks, ...] = ()
    if command.kind in ("clear", "mark", "delete_run") and looks_back(dag_id):
        before = await _before(
            store, dag_id, [each.run.logical_date for each in runs if each.run.logical_date is not None]
        )
    backfills = await _backfills_of(store, runs) if command.kind == "clear" else ()
    return Facts(runs=tuple(runs), before=before, backfills=backfills)


async def _backfills_of(store: Store, runs: Sequence[RunWithTasks]) -> tuple[Backfill, ...]:
    """Those that go on when a run of theirs is cleared."""
    ended = (each.run for each in runs if each.run.state in RUN_TERMINAL)
    numbers = dict.fromkeys(run.backfill for run in ended if run.backfill is not None)
    found = [await store.backfill(number) for number in numbers]
    return tuple(overview.backfill for overview in found if overview is not None)


async def _about_backfill(store: Store, command: Command, looks_back: Callable[[str], bool]) -> Facts:
    dag_id, payload = command.dag_id, command.payload
    asked: dict[str, Any] = payload
    changed: tuple[Backfill, ...] = ()
    if command.kind == "change_backfill":
        overview = await store.backfill(int(payload["id"]))
        if overview is None or payload.get("action") != "extend":
            return Facts(backfills=() if overview is None else (overview.backfill,))
        changed = (overview.backfill,)
        asked = {**overview.backfill.asked, **payload}
    since, until = existing_range(asked)
    dated = await store.dated_runs(dag_id, since, until, limit=MAX_DATED)
    again: list[RunWithTasks] = []
    if asked.get("reprocess", "missing") != "missing" and not payload.get("dry_run", False):
        again = await store.load_runs(dag_id, [run.run_id for run in dated if run.state in RUN_TERMINAL])
    before = await _before(store, dag_id, [since]) if looks_back(dag_id) else ()
    return Facts(runs=tuple(again), dated=tuple(dated), before=before, backfills=changed)


async def _before(store: Store, dag_id: str, dates: Sequence[float]) -> tuple[RunWithTasks, ...]:
    """The runs just before these dates, those that are over."""
    found = {}
    for date in dates:
        run = await store.run_before(dag_id, date)
        if run is not None and run.run.state in RUN_TERMINAL:
            found[run.run.run_id] = run
    return tuple(found.values())


async def _taken(store: Store, command: Command, wanted: str | None) -> frozenset[str]:
    if wanted is not None:
        return frozenset({wanted}) if await store.run(command.dag_id, wanted) else frozenset()
    logical_date = command.payload.get("logical_date")
    if logical_date is None:
        return frozenset()
    base = candidate = manual_run_id(logical_date)
    taken: set[str] = set()
    while await store.run(command.dag_id, candidate):
        taken.add(candidate)
        candidate = f"{base}~{len(taken) + 1}"
    return frozenset(taken)
