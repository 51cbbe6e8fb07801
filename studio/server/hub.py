"""Who hears of what: takes the changes of each turn of the scheduler and gives them to the listeners they are for."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Final

from typing_extensions import Self

from studio.api.models import (
    BackfillChanged,
    DagChanged,
    DagRemoved,
    FilesChanged,
    LogAppended,
    OutputChanged,
    Resync,
    RunChanged,
    WhyChanged,
)
from studio.artifacts.local import LocalArtifacts
from studio.core.model import Run, TaskInstance
from studio.core.states import ACTIVE, RunState
from studio.errors import StudioError
from studio.ports import Store
from studio.scheduler.changes import Changes
from studio.server import views
from studio.server.listener import Listener
from studio.server.live_logs import LiveLogs
from studio.server.outputs import LiveOutputs, topic_of
from studio.server.parcels import Parcel

log = logging.getLogger("studio.server")

WHY_DEBOUNCE: Final = 0.5  # seconds
DEBOUNCE: Final = 0.1  # seconds for which changes of a DAG are collected before its summary is read
LATEST_RUNS: Final = 14  # in a summary

_REMEMBERED: Final = 10_000  # runs and tasks


class Hub:
    """The stream's middle: `publish` on one side, listeners on the other. An async context manager."""

    def __init__(self, store: Store, artifacts: LocalArtifacts) -> None:
        self.logs = LiveLogs(artifacts, self._send_log, self._has_log_watchers)
        self.outputs = LiveOutputs(artifacts, self._send_output, self.logs.grown)
        self._store = store
        self._listeners: set[Listener] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._summaries: dict[
            str, bool
        ] = {}  # DAGs whose summary is to be sent; True: also to those who watch it
        #: Why a task instance (a topic) does not go on; the server's app says how that is known.
        self.why: Callable[[str], list[str]] = lambda topic: []
        self._whys: dict[str, list[str]] = {}  # of watched topics, as they were last
        self._is_looking = False
        self._run_states: OrderedDict[int, tuple[RunState, bool]] = OrderedDict()
        self._attempts: OrderedDict[int, int] = (
            OrderedDict()
        )  # task instance → its attempt that was alive last

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.logs.close()
        self.outputs.close()

    def add(self, listener: Listener) -> None:
        self._listeners.add(listener)

    def remove(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def subscribed(self, listener: Listener) -> None:
        """The listener has a new subscription: learn which attempts its topics are about."""
        for topic in listener.outputs:
            self._start(self._bind(topic))
        for topic in listener.logs:
            self._start(self._follow_log(topic))
        for topic in listener.whys:
            self._whys.setdefault(topic, self.why(topic))

    # --- the scheduler's side -------------------------------------------------------------------------------------

    def files_changed(self) -> None:
        """For the DAG folder: a file was read again, or is gone."""
        if any(listener.subscription.dags for listener in self._listeners):
            self._start(self._send_files())

    def publish(self, changes: Changes) -> None:
        """For the scheduler, after a commit: whatever goes wrong here must not disturb it."""
        try:
            self._publish(changes)
            self._look_at_whys()
        except Exception:
            log.exception("A change was not sent to the stream.")
            for listener in self._listeners:
                listener.put(Resync())

    def _publish(self, changes: Changes) -> None:
        # The objects live on: what is sent is copied here and now.
        for dag_id in changes.removed_dags:
            for listener in self._listeners:
                if listener.subscription.dags or dag_id in listener.dag_ids:
                    listener.put(DagRemoved(dag_id))
        for dag in changes.dags:
            self._send_summary(dag.dag_id, to_watchers=True)
        for backfill in changes.backfills:
            told = Parcel(BackfillChanged(backfill.dag_id, backfill.id, backfill.state))
            for listener in self._listeners:
                if listener.subscription.dags or backfill.dag_id in listener.dag_ids:
                    listener.put(told)
        for change in changes.runs:
            self._follow_attempts(change.run, change.tasks)
            if self._has_new_state(change.run):
                self._send_summary(change.run.dag_id, to_watchers=False)
            watchers = [listener for listener in self._listeners if change.run.dag_id in listener.dag_ids]
            if watchers:
                summary = views.run_summary(change.run, change.counts)
                message = Parcel(RunChanged(summary, [views.task_status(task) for task in change.tasks]))
                for listener in watchers:
                    listener.put(message)

    def _has_new_state(self, run: Run) -> bool:
        state = (run.state, run.cancelling)
        before = self._run_states.get(run.id)
        self._run_states[run.id] = state
        self._run_states.move_to_end(run.id)
        while len(self._run_states) > _REMEMBERED:
            self._run_states.popitem(last=False)
        return before != state

    def _follow_attempts(self, run: Run, tasks: list[TaskInstance]) -> None:
        """Tell the outputs whose attempts begin and end."""
        for task in tasks:
            topic = topic_of(run.dag_id, run.run_id, task.task_id, task.map_index)
            before = self._attempts.pop(task.id, None)
            if task.state in ACTIVE and task.attempt is not None:
                self.outputs.bind(task.attempt, topic, task.try_number)
                self._attempts[task.id] = task.attempt
                while len(self._attempts) > _REMEMBERED:
                    self._attempts.popitem(last=False)
                if before != task.attempt and self._has_log_watchers(topic):
                    self._start(self._follow_log(topic))
            over = before if before is not None else task.attempt
            if over is None or self._attempts.get(task.id) == over:
                continue
            if any(topic in listener.outputs or topic in listener.logs for listener in self._listeners):
                self._start(self._finish(task.id, over, topic))
            else:
                self._forget(over)

    async def _finish(self, task: int, attempt_id: int, topic: str) -> None:
        attempt = next((found for found in await self._store.attempts(task) if found.id == attempt_id), None)
        if attempt is None:
            self._forget(attempt_id)
        else:
            await self.outputs.ended(attempt, topic)
            await self.logs.ended(attempt, topic)

    def _forget(self, attempt_id: int) -> None:
        self.outputs.forget(attempt_id)
        self.logs.forget(attempt_id)

    async def _bind(self, topic: str) -> None:
        task = await self._task(topic)
        if task is not None and task.attempt is not None:
            self.outputs.bind(task.attempt, topic, task.try_number)

    async def _follow_log(self, topic: str) -> None:
        task = await self._task(topic)
        attempts = [] if task is None else await self._store.attempts(task.id)
        if attempts:
            await self.logs.follow(attempts[-1], topic)

    async def _task(self, topic: str) -> TaskInstance | None:
        dag_id, run_id, task_id, map_index = topic.split("/")
        found = await self._store.run(dag_id, run_id)
        tasks = found[1] if found else []
        return next((t for t in tasks if (t.task_id, str(t.map_index)) == (task_id, map_index)), None)

    # --- the listeners' side ----------------------------------------------------------------------------------------

    def _send_output(self, message: OutputChanged) -> None:
        parcel = Parcel(message)
        for listener in self._listeners:
            if message.topic in listener.outputs:
                listener.put(parcel)

    def _send_log(self, message: LogAppended) -> None:
        parcel = Parcel(message)
        for listener in self._listeners:
            if message.topic in listener.logs:
                listener.put(parcel)

    def _has_log_watchers(self, topic: str) -> bool:
        return any(topic in listener.logs for listener in self._listeners)

    async def _send_files(self) -> None:
        message = Parcel(
            FilesChanged([views.dag_file_status(file) for file in await self._store.dag_files()])
        )
        for listener in self._listeners:
            if listener.subscription.dags:
                listener.put(message)

    def _look_at_whys(self) -> None:
        """Soon: any change may hold, or let go, what is waited for, also in other DAGs."""
        if not self._is_looking and any(listener.whys for listener in self._listeners):
            self._is_looking = True
            self._start(self._send_whys())

    async def _send_whys(self) -> None:
        await asyncio.sleep(WHY_DEBOUNCE)
        self._is_looking = False
        watched = frozenset[str]().union(*(listener.whys for listener in self._listeners))
        before = self._whys
        self._whys = {topic: self.why(topic) for topic in watched}
        for topic, why in self._whys.items():
            if why != before.get(topic):
                message = Parcel(WhyChanged(topic, why))
                for listener in self._listeners:
                    if topic in listener.whys:
                        listener.put(message)

    def _send_summary(self, dag_id: str, *, to_watchers: bool) -> None:
        """Soon, and once for all the changes until then."""
        if dag_id in self._summaries:
            self._summaries[dag_id] |= to_watchers
        elif any(listener.subscription.dags or dag_id in listener.dag_ids for listener in self._listeners):
            self._summaries[dag_id] = to_watchers
            self._start(self._read_summary(dag_id))

    async def _read_summary(self, dag_id: str) -> None:
        await asyncio.sleep(DEBOUNCE)
        to_watchers = self._summaries.pop(dag_id, False)
        dag = await self._store.dag(dag_id)
        if dag is None:
            return
        runs = await self._store.latest_runs(LATEST_RUNS, dag_id)
        message = Parcel(
            DagChanged(views.dag_summary(dag, runs.get(dag_id, []), await self._store.dag_files()))
        )
        for listener in self._listeners:
            if listener.subscription.dags or (to_watchers and dag_id in listener.dag_ids):
                listener.put(message)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """What is shown may lag behind when the database is away; clients fetch again when they reconnect."""
        try:
            await work
        except StudioError as error:
            log.warning("An update of the stream was not sent: %s", error)
        except Exception:
            log.exception("An update of the stream was not sent.")
