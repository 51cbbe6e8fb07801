"""What belongs to the attempt that runs here, for code that its task calls: also in threads that this code starts.

A context variable alone does not reach a new thread. Where a thread has none, the one attempt that runs in the process
is meant; threads that were there before it belong to somebody else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from studio.errors import InvalidInput

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Entered(Generic[T]):
    value: T
    others: frozenset[threading.Thread] = field(default_factory=lambda: frozenset(threading.enumerate()))
    unclear: frozenset[threading.Thread] = frozenset()  # may be of an attempt that has ended since


class SeveralAttempts(InvalidInput):
    """Several tasks run in this process, or did, and this thread does not say to which of them it belongs."""

    code = "several_attempts"


class AttemptScope(Generic[T]):
    """One thing that an attempt has, such as its secrets. Made once for each kind of thing."""

    def __init__(self, name: str) -> None:
        self._own: ContextVar[T | None] = ContextVar(name, default=None)
        self._entered: list[_Entered[T]] = []  # of all threads

    @contextmanager
    def entered(self, value: T) -> Iterator[T]:
        """Whoever runs a task: `value` is that of the code inside, and of the threads it starts."""
        token = self._own.set(value)
        entered = _Entered(value)
        self._entered.append(entered)
        try:
            yield value
        finally:
            self._entered.remove(entered)
            left = frozenset(threading.enumerate()) - entered.others
            for other in tuple(self._entered):
                other.unclear |= left - other.others
            self._own.reset(token)

    def get(self) -> T | None:
        """Of the attempt that runs here; None outside of tasks. Raises `SeveralAttempts` where that is not clear."""
        own = self._own.get()
        if own is not None:
            return own
        me = threading.current_thread()
        possible = [entered for entered in tuple(self._entered) if me not in entered.others]
        if len(possible) > 1 or any(me in entered.unclear for entered in possible):
            raise SeveralAttempts(
                hint="Start the thread with contextvars.copy_context().run as its target, or pass it what it needs."
            )
        return possible[0].value if possible else None
