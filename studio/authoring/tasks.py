"""A task while its DAG is being defined: who it waits for, and what becomes of it in the spec."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from studio.core.names import check_name, nearest, shown
from studio.core.spec import TaskSpec
from studio.errors import InvalidDag, InvalidInput, NotFound

if TYPE_CHECKING:
    from studio.widgets.output import OutputView


class Work(Protocol):
    """What a task does: one class a kind."""

    @property
    def kind(self) -> str:
        """As in `TaskSpec.kind`."""

    @property
    def label(self) -> str:
        """What is drawn below the task's id."""

    def config(self, sources: dict[str, bytes]) -> dict[str, Any]:
        """The config of the spec as of now; contents it needs are added to `sources` by SHA-256."""


class Owner(Protocol):
    """What a task needs of its DAG."""

    dag_id: str

    def add(self, task: Task) -> None:
        """Raises `InvalidDag` if the task's id is taken."""


@dataclass(frozen=True, slots=True)
class Tries:
    """How often and how long a task may try. Durations in seconds."""

    retries: int = 0
    retry_delay: float = 300.0
    retry_backoff: float = 0.0
    timeout: float | None = None


class Task:
    """One task of a DAG. `a >> b`: b waits for a; `a >> [b, c]`, `[b, c] >> d` and `<<` too."""

    def __init__(self, dag: Owner, task_id: str, work: Work, tries: Tries) -> None:
        self.task_id = check_name(task_id, "task")
        self.dag = dag
        self.work = work
        self.tries = tries
        self._upstream: dict[str, None] = {}  # an ordered set
        dag.add(self)

    @property
    def upstream(self) -> tuple[str, ...]:
        """Ids of the tasks that it waits for, in the order they were given."""
        return tuple(self._upstream)

    def wait_for(self, others: Task | str | Iterable[Task | str]) -> None:
        """Let this task wait for `others`: tasks of the same DAG, or their ids."""
        for other in [others] if isinstance(others, (Task, str)) else _listed(others):
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
        return TaskSpec(
            id=self.task_id,
            kind=self.work.kind,
            upstream=self.upstream,
            config=self.work.config(sources),
            retries=self.tries.retries,
            retry_delay=self.tries.retry_delay,
            retry_backoff=self.tries.retry_backoff,
            timeout=self.tries.timeout,
        )

    def output(self, run_id: str | None = None) -> OutputView:
        """What this task produced in a run (None: the newest)."""
        # The client is heavy, and not needed to define a DAG.
        from studio.authoring.handles import output_of  # noqa: PLC0415

        return output_of(self.dag.dag_id, self.task_id, run_id)

    def __rshift__(self, other: Task | list[Task] | tuple[Task, ...]) -> Any:
        for task in [other] if isinstance(other, Task) else _tasks(other):
            task.wait_for(self)
        return other

    def __lshift__(self, other: Task | list[Task] | tuple[Task, ...]) -> Any:
        self.wait_for([other] if isinstance(other, Task) else _tasks(other))
        return other

    def __rrshift__(self, others: list[Task] | tuple[Task, ...]) -> Task:
        self.wait_for(_tasks(others))
        return self

    def __rlshift__(self, others: list[Task] | tuple[Task, ...]) -> Task:
        for task in _tasks(others):
            task.wait_for(self)
        return self

    def __repr__(self) -> str:
        after = f" after {', '.join(self._upstream)}" if self._upstream else ""
        return f"<Task {self.task_id} ({self.work.label}){after}>"


def _listed(others: object) -> Iterable[Any]:
    if isinstance(others, Iterable):
        return others
    raise InvalidInput(f"A task waits for tasks, not for {shown(others)}.", field="after")


def _tasks(others: object) -> list[Task]:
    items: list[Any] = list(others) if isinstance(others, (list, tuple, set, frozenset)) else [others]
    for item in items:
        if not isinstance(item, Task):
            raise InvalidInput(
                f"`>>` and `<<` stand between tasks and lists of tasks; {shown(item)} is {type(item).__name__}."
            )
    return items


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
