"""A DAG while it is being defined. What it becomes is data, a `DagSpec`: nothing here runs a task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextvars import Token
from datetime import date, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn

from typing_extensions import Self

from studio.authoring.actions import Actions
from studio.authoring.arguments import (
    date_text,
    flag,
    mapping,
    refuse_unknown,
    seconds,
    several,
    text,
    texts,
    whole,
)
from studio.authoring.callbacks import Callbacks, Deadline, callback_specs
from studio.authoring.context import collected_dags, current_dag
from studio.authoring.groups import TaskGroup
from studio.authoring.options import check_defaults
from studio.authoring.params import split_params
from studio.authoring.places import here
from studio.authoring.references import Mappable
from studio.authoring.schedules import Schedule, When, schedule_spec, schedule_words
from studio.authoring.snapshot import Snapshot
from studio.authoring.tasks import Owner, Task, find_task
from studio.authoring.testing import TestableDag
from studio.core.map_spec import FromParam
from studio.core.names import check_name, nearest, shown
from studio.core.parameters import check_names, check_value
from studio.core.spec import Catchup, Collision, DagSpec, DeadlineSpec
from studio.errors import InvalidDag, InvalidInput
from studio.widgets.graph import MIME, Graph, Group, Node, graph_bundle
from studio.widgets.live import formats

if TYPE_CHECKING:
    from studio.authoring.handles import Published, Run
    from studio.widgets.runs import RunTable

_CATCHUPS: Final = ("skip", "latest", "all")
_COLLISIONS: Final = ("queue", "skip", "replace")


class DAG(Actions, TestableDag):
    """A DAG: tasks, what waits for what, and when it runs.

        with DAG("flights", schedule="@daily", start_date="2013-01-01") as dag:
            extract = notebook("extract.ipynb", parameters={"day": "{{ ds }}"})
            report = notebook("report.ipynb", after=extract)

    Args:
        dag_id: its name.
        schedule: a cron expression or preset ("@daily"), several in a list, "every 15 min" or a timedelta,
            `DataInterval(...)`, `Calendar(...)`, "@once", "@continuous", assets (`a & (b | c)`), `AssetOrTime(...)`;
            None: runs are started by hand.
        start_date, end_date: no scheduled run lies outside; text, date or datetime, in `timezone` if without offset.
        timezone: a zoneinfo name; the schedule is read on its wall clock.
        catchup: which missed runs are made up for: "skip", "latest" (the newest one; also False) or "all" (also True).
        collision: a run is due while another one is unfinished: "queue" it, "skip" it, or "replace" the other.
        description: a sentence for people.
        params: default values, or `Param(...)` with rules, that every run has as `{{ params.name }}`.
        max_active_runs: runs at once.
        max_active_tasks: tasks of one run at once.
        max_active_tasks_per_dag: tasks of all its runs at once.
        run_timeout: a run that takes longer fails.
        fail_fast: the first task that fails for good ends its run.
        pause_after_failures: so many failed runs in a row pause the DAG.
        native: what a template renders to is read as a Python literal.
        deadlines: when a run is late: `Deadline("queued_at", "1 h", callback=...)`.
        on_success, on_failure: called by a worker with the context when a run has ended so.
        tags: words to find it by.
        default_args: keywords for every task that does not give its own.
    """

    is_studio_dag = True

    def __init__(
        self,
        dag_id: str,
        *,
        schedule: Schedule | None = None,
        start_date: When | None = None,
        end_date: When | None = None,
        timezone: str = "UTC",
        catchup: Catchup | bool = "latest",
        collision: Collision = "queue",
        description: str = "",
        params: Mapping[str, Any] | None = None,
        max_active_runs: int = 16,
        max_active_tasks: int = 16,
        max_active_tasks_per_dag: int | None = None,
        run_timeout: float | timedelta | str | None = None,
        fail_fast: bool = False,
        pause_after_failures: int | None = None,
        native: bool = False,
        deadlines: Deadline | Iterable[Deadline] = (),
        on_success: Callbacks | None = None,
        on_failure: Callbacks | None = None,
        tags: Iterable[str] = (),
        default_args: Mapping[str, Any] | None = None,
        **unknown: NoReturn,
    ) -> None:
        refuse_unknown(unknown, "DAG(...)", DAG.__init__.__kwdefaults__)
        if isinstance(catchup, bool):
            catchup = "all" if catchup else "latest"  # as in Airflow
        _one_of(catchup, _CATCHUPS, "catchup")
        _one_of(collision, _COLLISIONS, "collision")
        self.dag_id = check_name(dag_id, "DAG")
        self.schedule = schedule
        self.place = here()
        values, schemas = split_params(params, "a DAG")
        self._frame = DagSpec(
            id=dag_id,
            tasks=(),
            description=text(description, "description"),
            schedule=schedule_spec(schedule),
            start_date=date_text(start_date, "start_date"),
            end_date=date_text(end_date, "end_date"),
            timezone=text(timezone, "timezone"),
            catchup=catchup,
            collision=collision,
            max_active_runs=whole(max_active_runs, "max_active_runs"),
            max_active_tasks=whole(max_active_tasks, "max_active_tasks"),
            max_active_tasks_per_dag=_maybe_whole(max_active_tasks_per_dag, "max_active_tasks_per_dag"),
            run_timeout=None if run_timeout is None else seconds(run_timeout, "run_timeout"),
            fail_fast=flag(fail_fast, "fail_fast"),
            pause_after_failures=_maybe_whole(pause_after_failures, "pause_after_failures"),
            native=flag(native, "native"),
            deadlines=tuple(_deadline(each) for each in several(deadlines, "deadlines", (Deadline, str))),
            callbacks=(
                *callback_specs(on_success, "success", "on_success"),
                *callback_specs(on_failure, "failure", "on_failure"),
            ),
            params=values,
            param_schemas=schemas,
            tags=texts(tags, "tags"),
            origin="" if self.place.file is None else str(self.place.file),
        )
        self._defaults = mapping(default_args, "default_args")
        check_defaults(self._defaults)
        self._tasks: dict[str, Task] = {}
        self._groups: dict[str, TaskGroup] = {}
        self._open: list[Token[Owner | None]] = []
        collected = collected_dags.get()
        if collected is not None:
            collected.append(self)

    # Defining -------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._open.append(current_dag.set(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        current_dag.reset(self._open.pop())

    def add(self, task: Task) -> None:
        """Called by a new task. Raises `InvalidDag` if its id is taken."""
        if task.task_id in self._tasks:
            taken = self._tasks[task.task_id]
            raise InvalidDag(
                f"The DAG {shown(self.dag_id)} has two tasks {shown(task.task_id)}: {taken.work.label} "
                f"({taken.place.words}) and {task.work.label} ({task.place.words}).",
                hint=f"Give one of them another name: task_id='{task.task_id}_2'.",
                field="task_id",
            )
        self._tasks[task.task_id] = task

    def add_group(self, group: TaskGroup) -> None:
        """Called by a new group. Raises `InvalidDag` if its id is taken."""
        if group.group_id in self._groups:
            raise InvalidDag(
                f"The DAG {shown(self.dag_id)} already has a group {shown(group.group_id)}.", field="group_id"
            )
        self._groups[group.group_id] = group

    def default(self, name: str) -> Any:
        """What `default_args` says about a keyword of a task; None: nothing."""
        return self._defaults.get(name)

    def param(self, name: str) -> Mappable:
        """A param of the run, to map over: `load.expand(file=dag.param("files"))`. Its value must be a list or a dict.

        Raises `InvalidInput` if the DAG has no such param. In arguments and templates it is `{{ params.files }}`.
        """
        known = {**self._frame.params, **self._frame.param_schemas}
        if name not in known:
            raise InvalidInput(
                f"The DAG {shown(self.dag_id)} has no param {shown(name)}.",
                hint=nearest(str(name), known) or "Declare it: DAG(..., params={...}).",
                field="params",
            )
        return Mappable(FromParam(name), ())

    @property
    def tasks(self) -> tuple[Task, ...]:
        """In the order they were defined."""
        return tuple(self._tasks.values())

    def __getitem__(self, task_id: str) -> Task:
        return find_task(self._tasks, task_id, self.dag_id)

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._tasks

    def __iter__(self) -> NoReturn:
        # Without this Python would iterate by __getitem__(0).
        raise TypeError(f"A DAG cannot be iterated; the tasks of {shown(self.dag_id)} are in `.tasks`.")

    # What becomes of it ---------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """The DAG as data, checked, and the notebooks as they are now.

        Raises:
            InvalidDag: for example a cycle, shown as a path.
            InvalidSchedule: the schedule, a date or the time zone makes no sense.
            InvalidInput, InvalidParameter: a notebook is not there or does not take its parameters.
        """
        # It brings the schedules, which take longer to import than all the rest.
        from studio.core.validation import validate  # noqa: PLC0415

        sources: dict[str, bytes] = {}
        for group in self._groups.values():
            group.finish()  # it may have got tasks since its block ended
        tasks = tuple(task.spec(sources) for task in self.tasks)
        groups = tuple(group.spec() for group in self._groups.values())
        spec = _replaced(self._frame, tasks=tasks, groups=groups)
        validate(spec)
        return Snapshot(spec, sources)

    def spec(self) -> DagSpec:
        """The DAG as data; raises what `snapshot` raises."""
        return self.snapshot().spec

    def publish(self) -> Published:
        """Hand the DAG and its notebooks to the server, which runs it from now on."""
        from studio.authoring import handles  # noqa: PLC0415 - the client is heavy

        return handles.publish(self.dag_id, self.snapshot())

    def trigger(
        self,
        *,
        logical_date: str | date | datetime | None = None,
        params: Mapping[str, Any] | None = None,
        run_id: str | None = None,
        note: str | None = None,
        tasks: Sequence[str] = (),
        if_paused: Literal["refuse", "queue", "unpause"] = "refuse",
        refresh_cache: bool = False,
        **unknown: NoReturn,
    ) -> Run:
        """Start a run of the published DAG by hand.

        Args:
            logical_date: the date that the run is about; without offset it is in the DAG's time zone.
            params: values for this run, over those of the DAG.
            run_id: a name for the run; by default made from the date.
            note: a text for people.
            tasks: run only these.
            if_paused: of a paused DAG no run starts: refuse, let it wait ("queue"), or "unpause" the DAG.
            refresh_cache: cached results do not count in this run; its own replace them.
        """
        from studio.authoring import handles  # noqa: PLC0415

        refuse_unknown(unknown, "trigger(...)", DAG.trigger.__kwdefaults__)
        values = _checked_params(mapping(params, "params"))
        date_of_run = date_text(logical_date, "logical_date")
        options = {
            "note": note,
            "subset": tasks,
            "if_paused": if_paused,
            "refresh_cache": flag(refresh_cache, "refresh_cache"),
        }
        return handles.trigger(self.dag_id, date_of_run, values, run_id, **options)

    def runs(self, limit: int = 10) -> RunTable:
        """The newest runs."""
        from studio.authoring import handles  # noqa: PLC0415

        return handles.runs(self.dag_id, limit)

    @property
    def frame(self) -> DagSpec:
        """The DAG as data without its tasks, unchecked."""
        return self._frame

    # How it looks ---------------------------------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """What is drawn; made without reading a notebook, also of a DAG that is not valid yet."""
        groups = [group.spec() for group in self._groups.values()]
        return Graph(
            self.dag_id,
            tuple(_node(task) for task in self.tasks),
            groups=tuple(Group(group.id, group.parent, group.label) for group in groups),
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        from studio.authoring import handles  # noqa: PLC0415

        bundle = graph_bundle(self.graph, handles.glance(self.dag_id))
        return formats(bundle, "graph", MIME)

    def __repr__(self) -> str:
        return f"<DAG {self.dag_id}: {len(self._tasks)} tasks, {schedule_words(self.schedule)}>"


def _node(task: Task) -> Node:
    work = task.work
    kind = work.label if work.kind == "operator" else work.kind  # as the API calls it: "shell"
    group = "" if task.group is None else task.group.group_id
    return Node(task.task_id, kind, task.upstream, work.label, group=group)


def _checked_params(values: dict[str, Any]) -> dict[str, Any]:
    check_names(values, "a DAG")
    return {name: check_value(value, f"params[{shown(name)}]") for name, value in values.items()}


def _one_of(value: object, known: tuple[str, ...], field: str) -> None:
    if value not in known:
        raise InvalidInput(f"{field} is {shown(value)}.", hint=nearest(str(value), known), field=field)


def _deadline(value: object) -> DeadlineSpec:
    if isinstance(value, Deadline):
        return value.spec()
    raise InvalidInput(
        f"deadlines holds {shown(value)}, which is no deadline.",
        hint="Write Deadline('queued_at', '1 h', callback='module:function').",
        field="deadlines",
    )


def _maybe_whole(value: int | None, field: str) -> int | None:
    return None if value is None else whole(value, field)


def _replaced(frame: DagSpec, **changes: Any) -> DagSpec:
    import msgspec.structs  # noqa: PLC0415

    return msgspec.structs.replace(frame, **changes)
