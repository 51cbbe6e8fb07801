"""What every store checks of a turn's writes before it sends them."""

from __future__ import annotations

from studio.core.states import ATTEMPT_TERMINAL, ATTEMPT_TRANSITIONS, RUN_WRITES, TASK_WRITES
from studio.core.turn import Writes
from studio.errors import Conflict, InvalidInput

MAX_KEY = 250  # characters of an idempotency key


def check_writes(writes: Writes) -> None:
    """Raise `Conflict` if a write is not made of steps of the transition tables (one turn may merge several).

    The SQL of a guarded update pins the old state and `rev` (`WHERE id = … AND rev = … AND state = …`), so once
    the pair (old, new) is legal here, no other pair can happen in the database. The list of legal old states needs
    not be sent along with each row, and one fixed statement serves a batch of different steps.
    """
    for task in writes.tasks:
        if task.state is not task.task.state and task.task.state not in TASK_WRITES[task.state]:
            who = f"task {task.task.task_id!r} of run {task.task.run}"
            raise _refused(who, task.state.value, task.task.state.value)
    for run in writes.runs:
        if run.state is not run.run.state and run.run.state not in RUN_WRITES[run.state]:
            raise _refused(
                f"run {run.run.run_id!r} of DAG {run.run.dag_id!r}", run.state.value, run.run.state.value
            )
    for attempt in writes.attempts:
        start, finish = attempt.state, attempt.attempt.state
        if start in ATTEMPT_TERMINAL or (start is not finish and finish not in ATTEMPT_TRANSITIONS[start]):
            raise _refused(f"attempt {attempt.attempt.id}", start.value, finish.value)


def check_key(key: str | None) -> None:
    """Raise `InvalidInput` for an idempotency key that does not fit into the database."""
    if key is not None and not 1 <= len(key) <= MAX_KEY:
        raise InvalidInput(
            f"The idempotency key has {len(key)} characters; 1 to {MAX_KEY} are allowed.",
            hint="Use for example a UUID.",
            field="key",
        )


def _refused(who: str, start: str, finish: str) -> Conflict:
    return Conflict(f"{who} is {start} and cannot become {finish}.")
