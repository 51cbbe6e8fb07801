"""What the machine asks the store for task instances that wait: about finished runs, and DAGs of other schedulers.

Whoever asks again gets the answer as it is then; a command is given once, however often it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from studio.core.model import CommandKind


@dataclass(frozen=True, slots=True)
class RunsAsked:
    """The runs of a DAG with this run id, or else with this logical date. The answer: they, or None without the DAG."""

    dag_id: str
    run_id: str | None = None
    logical_date: float | None = None


@dataclass(frozen=True, slots=True)
class EventAsked:
    """The newest event of an asset. The answer: an event, or None."""

    asset: str


@dataclass(frozen=True, slots=True)
class CommandAsked:
    """A durable command, given once for this key. The answer: the command, handled or not."""

    key: str
    dag_id: str = field(compare=False)
    kind: CommandKind = field(compare=False)
    payload: dict[str, Any] = field(compare=False)
    actor: str = field(compare=False)


Question: TypeAlias = RunsAsked | EventAsked | CommandAsked
