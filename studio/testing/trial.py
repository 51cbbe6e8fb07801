"""A run of a DAG in this process: the real machine, store in memory, clock that jumps, tasks one after another.

The scheduler has a thread and an event loop of its own. Tasks run in the thread that asks, so that debuggers, coverage
and Ctrl-C find them there; in a thread beside it if that one has a running event loop, as in a notebook's cell.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import msgspec

from studio.artifacts.local import LocalArtifacts
from studio.core.model import Run, TaskInstance
from studio.core.signals import TriggerSignal
from studio.core.states import RUN_TERMINAL, TERMINAL, TaskState
from studio.core.turn import Launch
from studio.executors.inline import InlineExecutor
from studio.scheduler.changes import Changes
from studio.scheduler.delivering import given
from studio.scheduler.loop import Scheduler
from studio.testing.clock import settle
from studio.testing.jumping_clock import JumpingClock
from studio.testing.memory import MemoryStore
from studio.testing.plan import Given, Plan, rehearsed
from studio.testing.replacing import Replaced
from studio.testing.results import TestedTask, TestRun
from studio.values.attempt import AttemptValues
from studio.worker.attempt_values import RunningValues
from studio.worker.kinds import run_task
from studio.worker.task import Emit, TaskRequest, TaskResult, failure

_ELSEWHERE: Final = frozenset({"asset_sensor", "dag_sensor"})
LOOKS: Final = 0.25  # seconds between looks at tasks that run in a thread beside
_HELD: Final = 1000  # tasks that could begin, of a trial that pauses
_PATIENCE: Final = 0.02  # seconds of real time between looks while a task runs


def run_plan(plan: Plan, directory: Path | None = None) -> TestRun:
    """Run it to its end. `directory` keeps its files; without, they go with the `TestRun`."""
    files = Files(directory)
    try:
        return RunningTrial(plan, files).run()
    except BaseException:
        files.remove()
        raise


class Files:
    """Where a trial keeps what it leaves; a directory of its own goes with the last that holds this."""

    def __init__(self, directory: Path | None) -> None:
        made = directory is None
        self.root = Path(
            tempfile.mkdtemp(prefix="studio-test-") if directory is None else directory
        ).absolute()
        self._removing = (
            weakref.finalize(self, shutil.rmtree, self.root, ignore_errors=True) if made else None
        )

    def remove(self) -> None:
        """Remove a directory of its own."""
        if self._removing is not None:
            self._removing()


class RunningTrial:
    """One run of a plan. `run` runs it to its end; else `begin`, then `advance` as often as one wants, then `stop`."""

    def __init__(self, plan: Plan, files: Files) -> None:
        root = files.root
        self._files = files
        self._plan = plan
        self._artifacts = LocalArtifacts(root / "sources", root / "artifacts")
        self._clock = JumpingClock(plan.at)
        self._store = MemoryStore()
        self._changed: asyncio.Event
        self._kinds = {task.id: task.kind for task in plan.spec.tasks}
        self._triggered: list[TriggerSignal] = []
        self._executor = InlineExecutor(
            observe=lambda attempt_id, event: None,
            artifacts=self._artifacts,
            run=self._attempt,
            now=self._clock.now,
            waits_for_work=True,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[TestRun] | None = None
        self._interrupted = threading.Event()
        self._outcome: TestRun | BaseException | None = None
        self._run_id = ""
        self._scheduling = threading.Thread(target=self._schedule, name="studio-test", daemon=True)
        self._gate = threading.Lock()
        self._is_working = True  # somebody runs tasks, or what they came to is not known to the scheduler yet
        self._is_quiet = threading.Event()  # nobody does, and nothing happens until somebody runs what waits
        self.replaced = Replaced(self._artifacts.values)

    # --- in the thread that asks ----------------------------------------------------------------------------------

    def run(self) -> TestRun:
        """From the beginning to the end."""
        self._keep_sources()
        with self._noting_interrupts(_has_running_loop()):
            self._scheduling.start()
            try:
                self._work()
                self._scheduling.join()
            except BaseException:
                self.stop()
                raise
        return self.outcome()

    def begin(self) -> None:
        """Come to where the first task could begin."""
        self._keep_sources()
        self._executor.hold(_HELD)
        self._is_working = False
        with self._noting_interrupts(_has_running_loop()):
            self._scheduling.start()
            try:
                self._is_quiet.wait()
            except BaseException:
                self.stop()
                raise

    def advance(self, may_begin: Callable[[str], bool]) -> None:
        """Run tasks, until one may not begin (asked by its id) or all is over."""
        with self._gate:
            self._is_quiet.clear()
            self._is_working = True
            self._clock.go_on()
        with self._noting_interrupts(_has_running_loop()):
            try:
                self._work(lambda launch: launch.kind == "callback" or may_begin(launch.task_id))
                self._tell_worked()
                self._is_quiet.wait()
            except BaseException:
                self.stop()
                raise
        if self.is_over:
            self.outcome()

    @property
    def is_over(self) -> bool:
        return self._outcome is not None

    def waiting(self) -> list[Launch]:
        """The tasks that could begin, in the order in which they would."""
        return [launch for launch in self._executor.waiting() if launch.kind != "callback"]

    def so_far(self) -> TestRun:
        """What became of it, as it is now."""
        if not self.is_over and self._loop is not None:
            try:
                told = asyncio.run_coroutine_threadsafe(self._told(self._run_id, ()), self._loop)
                return told.result()
            except RuntimeError:  # it has ended just now
                pass
        return self.outcome()

    def outcome(self) -> TestRun:
        """What became of it. Raises what has ended it."""
        if self._interrupted.is_set():
            raise KeyboardInterrupt
        if isinstance(self._outcome, TestRun):
            return self._outcome
        assert self._outcome is not None
        raise self._outcome

    def stop(self) -> None:
        """End it where it is."""
        self._stop()
        if threading.current_thread() is not self._scheduling:  # where garbage may be collected
            self._scheduling.join()

    def _keep_sources(self) -> None:
        for digest, content in self._plan.sources.items():
            self._artifacts.put_source(digest, content)

    def _work(self, *may_begin: Callable[[Launch], bool]) -> None:
        if not _has_running_loop():
            self._executor.work(*may_begin)
            return
        working = threading.Thread(
            target=self._executor.work, args=may_begin, name="studio-test-tasks", daemon=True
        )
        working.start()
        while working.is_alive():
            working.join(LOOKS)
            self._plan.on_look()

    def _tell_worked(self) -> None:
        def note() -> None:
            self._is_working = False
            self._changed.set()

        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(note)  # after the reports, which went the same way
        except RuntimeError:  # it is over
            pass

    def _attempt(self, request: TaskRequest, emit: Emit) -> TaskResult:
        """Run one attempt, or what stands in for it."""
        given = self._plan.given.get(request.task_id) if request.kind != "callback" else None
        if given is not None:
            return _stood_in(request, given)
        function = self._plan.functions.get(request.task_id)
        if function is not None and request.kind == "function":
            request = msgspec.structs.replace(request, config={**request.config, "live": function})
        result = run_task(self.replaced.given(request), emit)
        if self._interrupted.is_set():
            self._stop()
        asked = result.signal.trigger
        if asked is None:
            return result
        self._triggered.append(asked)
        return msgspec.structs.replace(
            result,
            value={"dag_id": asked.dag_id, "run_id": asked.run_id},
            signal=msgspec.structs.replace(result.signal, trigger=None),
        )

    @contextmanager
    def _noting_interrupts(self, is_beside: bool) -> Iterator[None]:
        """A Ctrl-C ends the task that runs, as any exception would; somebody has to know that it was meant for all.

        `is_beside`: tasks run in another thread, and whose handler it is (an event loop's) may raise nothing here.
        """
        before = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or not callable(before):
            yield
            return

        def note(number: int, frame: FrameType | None) -> None:
            self._interrupted.set()
            if is_beside:
                self._stop()
            before(number, frame)

        signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _stop(self) -> None:
        loop, main = self._loop, self._main
        if loop is not None and main is not None:
            try:
                loop.call_soon_threadsafe(main.cancel)
            except RuntimeError:  # it is over
                pass

    # --- in the scheduler's thread --------------------------------------------------------------------------------

    def _schedule(self) -> None:
        try:
            self._outcome = asyncio.run(self._scheduled())
        except BaseException as error:
            self._outcome = error
        finally:
            self._is_quiet.set()

    async def _scheduled(self) -> TestRun:
        self._loop, self._main = asyncio.get_running_loop(), asyncio.current_task()
        self._changed = asyncio.Event()
        plan = self._plan
        dag_id = plan.spec.id
        async with Scheduler(
            self._store,
            self._executor,
            self._clock,
            name="test",
            publish=self._published,
            deliver=given(plan.connections, plan.variables),
        ) as scheduler:

            async def told(kind: Any, **payload: Any) -> dict[str, Any]:
                return (await scheduler.command(dag_id, kind, payload, actor="test")).result

            await told("publish", spec=msgspec.to_builtins(rehearsed(plan)))
            asked = {"logical_date": plan.logical_date, "params": dict(plan.params), "subset": plan.subset}
            self._run_id = run_id = str((await told("trigger", **asked))["run_id"])
            stuck = await self._played(scheduler, run_id)
            return await self._told(run_id, stuck)

    def _published(self, changes: Changes) -> None:
        self._changed.set()
        if self._plan.on_progress is not None:
            for change in changes.runs:
                for task in change.tasks:
                    self._plan.on_progress(task.task_id, task.state.value)

    async def _played(self, scheduler: Scheduler, run_id: str) -> tuple[str, ...]:
        """Until the run has ended and nothing of it goes on; why it cannot, if it cannot."""
        while True:
            self._changed.clear()
            if scheduler.failure is not None:
                raise scheduler.failure
            run, tasks = await self._found(run_id)
            if await self._answered(scheduler, run, tasks):
                continue
            await settle()
            if self._changed.is_set():
                continue
            with self._gate:
                if not self._is_working and self._executor.waiting():
                    self._clock.hold()
                    self._is_quiet.set()
            if scheduler.running or not self._plan.fast_retries:
                is_over = run.state in RUN_TERMINAL and not scheduler.running
            else:
                is_over = run.state in RUN_TERMINAL
                if not is_over:
                    moment = scheduler.next_wake
                    if moment is None or self._waits_in_vain(tasks):
                        return self._reasons(scheduler, tasks, run_id)
                    self._clock.jump(moment)
            if is_over:
                return ()
            try:
                await asyncio.wait_for(self._changed.wait(), _PATIENCE)
            except asyncio.TimeoutError:
                pass

    async def _answered(self, scheduler: Scheduler, run: Run, tasks: Sequence[TaskInstance]) -> bool:
        asking = [
            task
            for task in tasks
            if task.state is TaskState.AWAITING_INPUT and task.task_id in self._plan.answers
        ]
        for task in asking:
            payload = {
                "run_id": run.run_id,
                "task_id": task.task_id,
                "map_index": task.map_index,
                "options": list(self._plan.answers[task.task_id]),
            }
            await scheduler.command(run.dag_id, "respond", payload, actor="test")
        return bool(asking)

    def _waits_in_vain(self, tasks: Sequence[TaskInstance]) -> bool:
        """For people who have no time limit, or for other DAGs, which are not here; and nothing else is to come."""
        unfinished = [task for task in tasks if task.state not in TERMINAL]
        vain = [task for task in unfinished if self._is_in_vain(task)]
        return bool(vain) and all(task.retry_at is None for task in unfinished if task not in vain)

    def _is_in_vain(self, task: TaskInstance) -> bool:
        if task.state is TaskState.AWAITING_INPUT:
            return task.retry_at is None
        return task.state is TaskState.DEFERRED and self._kinds[task.task_id] in _ELSEWHERE

    def _reasons(self, scheduler: Scheduler, tasks: Sequence[TaskInstance], run_id: str) -> tuple[str, ...]:
        told = []
        for task in tasks:
            if task.state is TaskState.AWAITING_INPUT:
                told.append(f"{task.task_id} waits for an answer: give answers={{{task.task_id!r}: …}}.")
            elif self._is_in_vain(task):
                told.append(
                    f"{task.task_id} waits for what happens elsewhere: give values or succeed={task.task_id!r}."
                )
            elif task.state not in TERMINAL:
                told += [
                    f"{task.task_id}: {reason}"
                    for reason in scheduler.why(self._plan.spec.id, run_id, task.task_id, task.map_index)
                ]
        return tuple(told)

    async def _found(self, run_id: str) -> tuple[Run, list[TaskInstance]]:
        found = await self._store.run(self._plan.spec.id, run_id)
        assert found is not None
        return found

    async def _told(self, run_id: str, stuck: tuple[str, ...]) -> TestRun:
        run, tasks = await self._found(run_id)
        latest = [task.attempt for task in tasks if task.attempt is not None]
        returned = await self._store.values(latest)
        kept = await self._store.saved_values(latest)
        values = AttemptValues(self._artifacts.values, lambda description: None)
        return TestRun(
            run.dag_id,
            run.run_id,
            run.state.value,
            tuple(
                [
                    TestedTask(
                        task,
                        tuple(await self._store.attempts(task.id)),
                        self.replaced.returned(task, returned.get(task.attempt or 0)),
                        self.replaced.kept(task, kept.get(task.attempt or 0, ())),
                        self._artifacts.artifact_root,
                        values,
                    )
                    for task in tasks
                ]
            ),
            stuck,
            tuple(self._triggered),
            lambda: self._files,
        )


def _stood_in(request: TaskRequest, given: Given) -> TaskResult:
    """The result that was given, as if the task had returned it; of a mapped task each instance has its item."""
    if given.state == "skipped":
        return TaskResult(state="skipped")
    value = given.value
    if value is not None and request.map_index >= 0:
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) <= request.map_index:
            return failure(
                f"values[{request.task_id!r}] is for a mapped task: it must be a list with an item for each instance, "
                f"and it has none for number {request.map_index}."
            )
        value = value[request.map_index]
    return RunningValues(request).settled(TaskResult(state="success", value=value))


def _has_running_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
