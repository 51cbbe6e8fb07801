"""What the machine must be told with a command, because it holds unfinished runs only."""

from __future__ import annotations

from studio.core.commands import manual_run_id
from studio.core.events import CommandGiven, Facts
from studio.core.model import Command
from studio.ports import Store


async def given(store: Store, command: Command) -> CommandGiven:
    """The command with the stored facts that decide on it."""
    run_id = command.payload.get("run_id")
    if command.kind == "trigger":
        return CommandGiven(command, Facts(taken=await _taken(store, command, run_id)))
    if command.kind in ("cancel", "clear") and run_id is not None:
        run = await store.load_run(command.dag_id, run_id)
        return CommandGiven(command, Facts(runs=() if run is None else (run,)))
    return CommandGiven(command)


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
