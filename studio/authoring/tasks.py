"""A task while its DAG is being defined: who it waits for, and what becomes of it in the spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol

from studio.authoring.arguments import flag, several
from studio.authoring.arrows import Node
from studio.authoring.places import here
from studio.authoring.references import TaskOutput, expansion, plain
from studio.authoring.testing import TestableTask
from studio.core.names import check_name, nearest, shown
from studio.core.spec import TaskSpec
from studio.errors import InvalidDag, InvalidInput, NotFound

if TYPE_CHECKING:
    from studio.widgets.views import View


class Work(Protocol):
    """What a task does: one class a kind."""

    @property
    def kind(self) -> str:
        """As in `TaskSpec.kind`."""

    @property
    def label(self) -> str:
        """What is drawn below the task's id."""

    def config(self, sources: dict[str, bytes], *, is_mapped: bool) -> dict[str, Any]:
        """The config of the spec as of now; contents it needs are added to `sources` by SHA-256.

        `is_mapped`: each task instance gets more arguments when it runs.
        """

    def check_mapped(self, arguments: Iterable[str]) -> None:
        """Raise `InvalidInput` unless these can be arguments of a mapped task instance."""


class Owner(Protocol):
    """What tasks and groups need of their DAG."""

    dag_id: str

    @property
    def tasks(self) -> tuple[Task, ...]: ...

    def __getitem__(self, task_id: str) -> Task: ...

    def __contains__(self, task_id: object) -> bool: ...

    def add(self, task: Task) -> None:
        """Raises `InvalidDag` if the task's id is taken."""

    def add_group(self, group: Any) -> None:
        """Raises `InvalidDag` if the group's id is taken."""

    def default(self, name: str) -> Any:
        """What its `default_args` say about a keyword; None: nothing."""


class Group(Protocol):
    """What a task needs of the group that it is in."""

    group_id: str

    def add(self, task: Task) -> None:
        """Called by a new task in it."""


def _flat(others: object) -> Iterator[Any]:
    """Tasks for groups and outputs; ids and what is wrong as they are."""
    if isinstance(others, (Node, str, TaskOutput)):
        others = [others]
    elif not isinstance(others, Iterable):
        raise InvalidInput(f"A task waits for tasks, not for {shown(others)}.", field="after")
    for other in others:
        if isinstance(other, TaskOutput):
            yield other.task
        elif isinstance(other, Node) and not isinstance(other, Task):
            yield from other.last()
        else:
            yield other


class Task(Node, TestableTask):
    """One task of a DAG. `a >> b`: b waits for a; `a >> [b, c]`, `[b, c] >> d` and `<<` too.

    `task.output` stands for what it will return. Made by operators such as `notebook(...)`, never directly.
    """

    is_studio_task = True

    def __init__(
        self, dag: Owner, task_id: str, work: Work, fields: Mapping[str, Any], group: Group | None = None
    ) -> None:
        self.task_id = check_name(task_id, "task")
        self.dag = dag
        self.work = work
        self.fields: dict[str, Any] = dict(fields)  # of the TaskSpec
        self.group = group
        self.place = here()
        self.has_own_rule = False  # a trigger rule that was given for it, not by `default_args`
        self._upstream: dict[str, None] = {}  # an ordered set
        dag.add(self)
        if group is not None:
            group.add(self)

    @property
    def dag_id(self) -> str:
        return self.dag.dag_id

    @property
    def output(self) -> TaskOutput:
        """What the task will return: an argument for other tasks, or something to map over."""
        return TaskOutput(self)

    def card(self, run_id: str | None = None, map_index: int = -1) -> View:
        """This task in a run (None: the newest): state, tries, output, log, and what can be done about it."""
        from studio.authoring import views  # noqa: PLC0415 - the client is heavy

        return views.card(self.dag_id, self.task_id, self.work.label, run_id, map_index)

    @property
    def role(self) -> str:
        """work, setup or teardown."""
        return str(self.fields.get("role", "work"))

    @property
    def upstream(self) -> tuple[str, ...]:
        """Ids of the tasks that it waits for, in the order they were given."""
        return tuple(self._upstream)

    def first(self) -> list[Task]:
        """Itself; of a group, the tasks it begins with."""
        return [self]

    def last(self) -> list[Task]:
        """Itself; of a group, the tasks it ends with."""
        return [self]

    def wait_for(self, others: Node | str | Iterable[Node | str]) -> None:
        """Let this task wait for `others`: tasks and groups of the same DAG, or ids of tasks."""
        for other in _flat(others):
            if isinstance(other, Task):
                if other.dag is not self.dag:
                    raise InvalidDag(
                        f"The task {shown(self.task_id)} of {shown(self.dag.dag_id)} cannot wait for "
                        f"{shown(other.task_id)}, which belongs to the DAG {shown(other.dag.dag_id)}.",
                        hint="Was a cell with one of them run again? Then run the cell that defines the DAG again.",
                    )
                self._upstream[other.task_id] = None
            elif isinstance(other, str):
                self._upstream[other] = None
            else:
                raise InvalidInput(
                    f"The task {shown(self.task_id)} cannot wait for {shown(other)}: it is no task.",
                    field="after",
                )

    def spec(self, sources: dict[str, bytes]) -> TaskSpec:
        """The task as data; what it needs is added to `sources`."""
        work = self.work.config(sources, is_mapped="expand" in self.fields)
        config = plain(work, f"the config of {self.task_id}", self._refers_to)
        return TaskSpec(
            id=self.task_id,
            kind=self.work.kind,
            config=config,
            upstream=self.upstream,
            group="" if self.group is None else self.group.group_id,
            setups=tuple(task.task_id for task in self.setups),
            **self.fields,
        )

    def _refers_to(self, other: Task) -> None:
        if other is not self:
            self.wait_for(other)

    # Mapping --------------------------------------------------------------------------------------------------

    def expand(self, **over: Any) -> Task:
        """Make a task instance for each combination of these lists; the last argument varies fastest.

            function("etl:load", args={"table": "flights"}).expand(day=["2013-01-01", "2013-01-02"])

        A list, a dict (its [key, value] pairs), `task.output`, or that with `.map`, `.zip`, `.concat`.
        """
        return self._expanded("product", over)

    def expand_kwargs(self, over: Any) -> Task:
        """Make a task instance for each dict of arguments in a list."""
        return self._expanded("kwargs", {"": over})

    def _expanded(self, by: Literal["product", "kwargs"], over: Mapping[str, Any]) -> Task:
        if "expand" in self.fields:
            raise InvalidDag(f"The task {shown(self.task_id)} is expanded twice.", field="expand")
        if not over:
            raise InvalidInput(
                f"{self.task_id}.expand() needs something to map over.",
                hint="Write .expand(x=[1, 2]).",
                field="expand",
            )
        self.fields["expand"] = expansion(by, over, self.wait_for)
        self.work.check_mapped(over if by == "product" else ())
        return self

    # Setup and teardown ---------------------------------------------------------------------------------------

    def as_setup(self) -> Task:
        """What it makes ready is used by the tasks between it and its teardown: they need its success."""
        self.fields["role"] = "setup"
        return self

    def as_teardown(self, setups: Task | Iterable[Task] | None = None, *, fail_run: bool = False) -> Task:
        """It runs when all before it has ended, however, if a setup of it succeeded.

        `fail_run`: its own failure fails the run.
        """
        self.fields["role"] = "teardown"
        self.fields["fail_run"] = flag(fail_run, "fail_run")
        if not self.has_own_rule:
            self.fields["trigger_rule"] = "all_done_setup_success"
        if setups is not None:
            for setup in several(setups, "setups", (Task, str)):
                if not isinstance(setup, Task):
                    raise InvalidInput(
                        f"setups holds {shown(setup)}, which is no task.",
                        hint=f"Give the task itself: dag[{setup!r}]." if isinstance(setup, str) else None,
                        field="setups",
                    )
                self.wait_for(setup.as_setup())
        return self

    @property
    def setups(self) -> tuple[Task, ...]:
        """Of a teardown: the setups that it directly waits for, which are what it takes down."""
        if self.role != "teardown":
            return ()
        found = (self.dag[name] for name in self._upstream if name in self.dag)
        return tuple(task for task in found if task.role == "setup")

    @property
    def teardowns(self) -> tuple[Task, ...]:
        """Of a setup: the teardowns that directly wait for it."""
        if self.role != "setup":
            return ()
        return tuple(
            task for task in self.dag.tasks if task.role == "teardown" and self.task_id in task._upstream
        )

    def __enter__(self) -> Task:
        """`with setup >> teardown:` – the tasks defined in the block come after the setups and before the teardowns."""
        if self.role == "work":
            raise InvalidDag(
                f"`with {self.task_id}:` is for setups and teardowns.",
                hint="Call .as_setup() or .as_teardown() first.",
            )
        self._inside = {task.task_id for task in self.dag.tasks}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        new = [task for task in self.dag.tasks if task.task_id not in self._inside]
        if kind is not None or not new:
            return
        ids = {task.task_id for task in new}
        setups, teardowns = (self.setups, (self,)) if self.role == "teardown" else ((self,), self.teardowns)
        # What was set up in the block is taken down in it, wherever its teardown was defined.
        others = [task for task in self.dag.tasks if task not in new and task not in teardowns]
        inner = [task for task in others if not ids.isdisjoint(setup.task_id for setup in task.setups)]
        waited = {name for task in [*new, *inner] for name in task.upstream}
        ends = [task for task in [*new, *inner] if task.task_id not in waited]
        for task in new:
            if ids.isdisjoint(task.upstream):
                task.wait_for(setups)
        for teardown in teardowns:
            teardown.wait_for(ends)

    def __repr__(self) -> str:
        after = f" after {', '.join(self._upstream)}" if self._upstream else ""
        return f"<Task {self.task_id} ({self.work.label}){after}>"


def find_task(tasks: dict[str, Task], task_id: str, dag_id: str) -> Task:
    """The task of that id. Raises `NotFound` (a KeyError too) with the nearest id."""
    try:
        return tasks[task_id]
    except KeyError:
        raise UnknownTask(
            f"The DAG {shown(dag_id)} has no task {shown(task_id)}.", hint=nearest(task_id, tasks)
        ) from None


class UnknownTask(NotFound, KeyError):
    """There is no such task in the DAG."""

    code = "unknown_task"  # its own: the client finds the class of an answer by its code

    __str__ = NotFound.__str__  # KeyError would show the message in quotes
