"""Task instances that wait for what happens elsewhere: to a run of another DAG, to an asset, at another scheduler.

An index, so that what happens costs only those that wait for it. It decides nothing: see `studio.core.elsewhere`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from studio.core.active import ActiveRun
from studio.core.model import TaskInstance
from studio.core.questions import Question

#: ("run", DAG, run id), ("date", DAG, logical date), ("task", DAG, logical date, id), ("asset", name), ("command", key)
Topic: TypeAlias = tuple[object, ...]


@dataclass(slots=True)
class Waiter:
    """A task instance that is DEFERRED until something else happens than the passing of time."""

    active: ActiveRun
    task: TaskInstance
    topics: tuple[Topic, ...]  # what wakes it, of what happens here
    question: Question  # what it asks the store
    seen: str = ""  # what the store said when it was last asked, in words
    is_answered: bool = False  # it has asked; of a DAG of this scheduler it hears what comes after


class Waiters:
    """All of them, by task instance and by topic."""

    def __init__(self) -> None:
        self._waiters: dict[int, Waiter] = {}  # TaskInstance.id → waiter
        self._topics: dict[Topic, dict[int, None]] = {}
        self.woken: dict[int, None] = {}  # that are to be looked at in this turn
        self.asking: dict[int, None] = {}  # that are to ask the store after it

    def __iter__(self) -> Iterator[Waiter]:
        return iter(self._waiters.values())

    def get(self, task_instance: int) -> Waiter | None:
        return self._waiters.get(task_instance)

    def add(self, waiter: Waiter) -> None:
        """It begins to wait, or waits for something else now; it is looked at in this turn."""
        number = waiter.task.id
        self.drop(number)
        self._waiters[number] = waiter
        for topic in waiter.topics:
            self._topics.setdefault(topic, {})[number] = None
        self.woken[number] = None

    def drop(self, task_instance: int) -> None:
        """It does not wait any more."""
        waiter = self._waiters.pop(task_instance, None)
        for topic in () if waiter is None else waiter.topics:
            there = self._topics[topic]
            del there[task_instance]
            if not there:
                del self._topics[topic]

    def notice(self, *topic: object) -> None:
        """Something has happened: whoever waits for it looks at it in this turn."""
        if self._topics:
            self.woken.update(self._topics.get(topic, {}))

    def next_woken(self) -> Waiter | None:
        """The next one to be looked at, or None."""
        while self.woken:
            waiter = self._waiters.get(next(iter(self.woken)))
            del self.woken[next(iter(self.woken))]
            if waiter is not None:
                return waiter
        return None

    def take_asking(self) -> list[Waiter]:
        """Those that have a question to the store, and still wait."""
        asking, self.asking = self.asking, {}
        return [waiter for number in asking if (waiter := self._waiters.get(number)) is not None]
