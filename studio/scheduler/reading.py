"""What the scheduler reads: all that is unfinished when it takes over, and the values that launches ask for."""

from __future__ import annotations

from collections.abc import Sequence

from studio.core.binding import Found, bind
from studio.core.commands.backfills import FOREVER
from studio.core.machine import Stored
from studio.core.model import Attempt, CallbackRequest, Dag, RunWithTasks
from studio.core.past import looks_back
from studio.core.states import RUN_TERMINAL, RunState
from studio.core.turn import Launch
from studio.ports import Lease, RunFilter, Store


async def stored_of(store: Store, lease: Lease) -> Stored:
    """Everything that the holder of `lease` takes over, as of the DAGs that it owned first.

    These are several reads: DAGs that were taken over in between come whole with the next reading.
    """
    dags = await store.owned_dags(lease)
    owned = {dag.dag_id for dag in dags}
    everything, attempts = await store.unfinished_runs(lease)
    runs = [each for each in everything if each.run.dag_id in owned]
    if len(runs) < len(everything):
        tasks = {task.id for each in runs for task in each.tasks}
        attempts = [attempt for attempt in attempts if attempt.task_instance in tasks]
    callbacks = await store.unfinished_callbacks(lease)
    backfills = await store.unfinished_backfills(lease)
    return Stored(
        dags=dags,
        runs=runs,
        attempts=attempts,
        callbacks=[request for request in callbacks if request.dag_id in owned],
        pools=await store.pools(),
        backfills=[backfill for backfill in backfills if backfill.dag_id in owned],
        assets=await store.assets(),
        before=[run for dag in dags for run in await _before(store, dag, runs)],
        durations={dag.dag_id: found for dag in dags if (found := await _durations(store, dag))},
    )


async def _before(store: Store, dag: Dag, unfinished: Sequence[RunWithTasks]) -> list[RunWithTasks]:
    own = [each for each in unfinished if each.run.dag_id == dag.dag_id]
    if not looks_back(dag.spec) and not any(looks_back(each.spec) for each in own):
        return []
    dates = [FOREVER, *(each.run.logical_date for each in own)]
    found = {}
    for date in dates:
        run = None if date is None else await store.run_before(dag.dag_id, date)
        while run is not None and date == FOREVER and run.run.state not in RUN_TERMINAL:
            run = await store.run_before(dag.dag_id, run.run.logical_date or 0.0)
        if run is not None and run.run.state in RUN_TERMINAL:
            found[run.run.run_id] = run
    return list(found.values())


async def _durations(store: Store, dag: Dag) -> list[float]:
    """How long the last successful runs took, oldest first, if a deadline asks for it."""
    wanted = max((each.runs for each in dag.spec.deadlines if each.reference == "average_runtime"), default=0)
    if not wanted:
        return []
    runs = await store.runs(dag.dag_id, RunFilter(states=(RunState.SUCCESS,)), limit=wanted)
    times = [
        each.run.ended_at - each.run.started_at
        for each in runs
        if each.run.ended_at is not None and each.run.started_at is not None
    ]
    return times[::-1]


def as_attempts(callbacks: Sequence[CallbackRequest]) -> list[Attempt]:
    """Callbacks, as an executor knows them."""
    return [
        Attempt(
            id=request.id,
            task_instance=0,
            try_number=request.tries,
            state=request.state,
            queued_at=request.queued_at,
            directory=request.directory,
        )
        for request in callbacks
    ]


async def bound(store: Store, launches: Sequence[Launch]) -> list[Launch]:
    """The launches, with the values that they ask for: one read for all of them."""
    wants = [launch.wants for launch in launches if launch.wants is not None]
    if not wants:
        return list(launches)
    attempts = {
        number
        for each in wants
        for asked in each.outputs.values()
        for number in (asked if isinstance(asked, tuple) else (asked,))
        if number is not None
    }
    events = {number for each in wants for number in each.events}
    previous = {each.previous for each in wants if each.previous is not None}
    savers = {
        number
        for each in wants
        for asked in each.saved.values()
        for number in (asked if isinstance(asked, tuple) else (asked,))
        if number is not None
    }
    found = Found(
        values=await store.values(sorted(attempts)) if attempts else {},
        saved=await store.saved_values(sorted(savers)) if savers else {},
        events={event.id: event for event in await store.events(sorted(events))} if events else {},
        previous={key: await store.success_before(*key) for key in sorted(previous)},
    )
    return [bind(launch, found) for launch in launches]
