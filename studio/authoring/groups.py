"""Groups of tasks: a prefix for their ids, one thing for `>>`, defaults, and mapping as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Literal, NoReturn

from typing_extensions import Self

from studio.authoring.arguments import flag, mapping, refuse_unknown, text
from studio.authoring.arrows import Node
from studio.authoring.context import current_dag, dag_of
from studio.authoring.options import check_defaults
from studio.authoring.references import MappedItem, expansion
from studio.authoring.tasks import Owner, Task
from studio.core.map_spec import ExpandSpec, GroupSpec
from studio.core.names import check_name, nearest, shown
from studio.errors import InvalidDag, InvalidInput

#: The innermost `with TaskGroup(...)`.
current_group: ContextVar[TaskGroup | None] = ContextVar("current_group", default=None)


class TaskGroup(Node):
    """Tasks that belong together. Ids of its tasks begin with its own: `etl.extract`.

        with TaskGroup("etl") as etl:
            extract = notebook("extract.ipynb")
            notebook("clean.ipynb", after=extract)
        etl >> notebook("report.ipynb")

        with TaskGroup("day").expand(day=["mon", "tue"]) as group:      # once for each day
            notebook("extract.ipynb", parameters={"day": group.day})

    Args:
        group_id: its name.
        prefix: False: ids of its tasks are as they are given.
        label, doc: for people.
        default_args: keywords for every task in it that does not give its own, over those of the DAG.
    """

    def __init__(
        self,
        group_id: str,
        *,
        prefix: bool = True,
        label: str = "",
        doc: str = "",
        default_args: Mapping[str, Any] | None = None,
        dag: Owner | None = None,
        **unknown: NoReturn,
    ) -> None:
        refuse_unknown(unknown, "TaskGroup(...)", TaskGroup.__init__.__kwdefaults__)
        self.dag = dag_of(dag, "TaskGroup")
        self.parent = current_group.get()
        if self.parent is not None and self.parent.dag is not self.dag:
            self.parent = None
        self.group_id = check_name(inner_id(group_id, self.parent), "group")
        self.prefix = flag(prefix, "prefix")
        self._label = text(label, "label")
        self._doc = text(doc, "doc")
        self.defaults = mapping(default_args, "default_args")
        check_defaults(self.defaults)
        self._members: list[Task] = []
        self._expand: ExpandSpec | None = None
        self._producers: list[Task] = []
        self._open: list[Token[TaskGroup | None]] = []
        self.dag.add_group(self)

    def expand(self, **over: Any) -> Self:
        """Make the whole group once for each combination of these lists; `group.<name>` is the item, for its tasks."""
        return self._expanded("product", over)

    def expand_kwargs(self, over: Any) -> Self:
        """Make the whole group once for each dict in a list; `group.<key>` is the value, for its tasks."""
        return self._expanded("kwargs", {"": over})

    def _expanded(self, by: Literal["product", "kwargs"], over: Mapping[str, Any]) -> Self:
        if self._expand is not None or self._members:
            raise InvalidDag(
                f"The group {shown(self.group_id)} is expanded twice, or after its tasks were made.",
                hint=f"Write `with TaskGroup({self.group_id!r}).expand(x=[...]) as group:`.",
            )
        if not over:
            raise InvalidInput(f"{self.group_id}.expand() needs something to map over.", field="expand")
        for name in over:
            if name in dir(self):
                raise InvalidInput(
                    f"The group {shown(self.group_id)} cannot be mapped over {shown(name)}: "
                    f"`group.{name}` is something else.",
                    hint=f"Give the argument another name, for example {name}_.",
                    field="expand",
                )
        self._expand = expansion(by, over, self._producers.append)
        return self

    def __getattr__(self, name: str) -> MappedItem:
        expand = self.__dict__.get("_expand")
        if name.startswith("_") or expand is None:
            raise AttributeError(f"'TaskGroup' object has no attribute {name!r}")
        if expand.by == "product" and name not in expand.over:
            raise AttributeError(
                f"The group {self.group_id!r} is not mapped over {name!r}. {nearest(name, expand.over)}"
            )
        return MappedItem(name)

    def add(self, task: Task) -> None:
        """Called by a new task in it."""
        group: TaskGroup | None = self
        while group is not None:
            group._members.append(task)
            group = group.parent

    def members(self) -> tuple[Task, ...]:
        """Its tasks, those of groups in it too, in the order they were defined."""
        return tuple(self._members)

    def first(self) -> list[Task]:
        ids = {task.task_id for task in self._members}
        return [task for task in self._members if ids.isdisjoint(task.upstream)]

    def last(self) -> list[Task]:
        """Its tasks that no other one of it waits for; teardowns do not count, as long as there are others."""
        work = [task for task in self._members if task.role != "teardown"] or self._members
        waited = {name for task in work for name in task.upstream}
        return [task for task in work if task.task_id not in waited]

    def finish(self) -> None:
        """The tasks that it begins with wait for those whose values it is mapped over."""
        if self._producers:
            for task in self.first():
                task.wait_for(self._producers)

    def spec(self) -> GroupSpec:
        """As data."""
        return GroupSpec(
            id=self.group_id,
            parent="" if self.parent is None else self.parent.group_id,
            label=self._label,
            doc=self._doc,
            expand=self._expand,
        )

    def __enter__(self) -> Self:
        self._open.append(current_group.set(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        current_group.reset(self._open.pop())
        if kind is None:
            self.finish()

    def __repr__(self) -> str:
        return f"<TaskGroup {self.group_id}: {len(self._members)} tasks>"


def inner_id(name: str, group: TaskGroup | None) -> str:
    """The id of a task or group that is called `name` in `group`."""
    while group is not None:
        if group.prefix:
            return f"{group.group_id}.{name}"
        group = group.parent
    return name


def free_id(name: str, dag: Owner | None) -> str:
    """`name`, or `name__1`, `name__2`, … if the open group has such a task already. Without a DAG: `name`."""
    owner = dag or current_dag.get()
    group = current_group.get()
    found, n = name, 0
    while owner is not None and inner_id(found, group) in owner:
        n += 1
        found = f"{name}__{n}"
    return found


def default_of(name: str, group: TaskGroup | None) -> Any:
    """What the groups around a task say about a keyword, the innermost first; None: nothing."""
    while group is not None:
        if name in group.defaults:
            return group.defaults[name]
        group = group.parent
    return None
