"""The seams of the scheduler: what it needs of the world, as contracts.

Time, store, executor and artifacts are given from outside, so that the whole scheduler also runs on a virtual
clock, a memory store and a scripted executor (`studio.testing`). Each contract has one test suite that every
implementation passes: `tests/contract`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Protocol, TypeAlias

from typing_extensions import Self

from studio.core.events import Capacity as Capacity
from studio.core.events import Finished as Finished
from studio.core.events import Lost as Lost
from studio.core.events import Report as Report
from studio.core.events import Started as Started
from studio.core.model import (
    Asset,
    AssetEvent,
    Attempt,
    Backfill,
    BackfillState,
    CallbackRequest,
    Command,
    CommandKind,
    ConnectionRow,
    Dag,
    DagFile,
    Pool,
    Run,
    RunType,
    RunWithTasks,
    SavedValue,
    TaskInstance,
    Variable,
)
from studio.core.spec import DagSpec
from studio.core.states import AttemptState, RunState
from studio.core.turn import Launch, Writes


class Clock(Protocol):
    """Both clocks of the world. No other code reads one."""

    def now(self) -> float:
        """Wall clock: seconds since 1970-01-01 UTC. For dates people see; never for a lease or a timeout."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of monotonic time."""


# --- store ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to schedule. `number` is unique for ever: a later scheduler has a larger one (the epoch)."""

    number: int
    name: str  # host and process, for people


@dataclass(frozen=True, slots=True)
class SchedulerRow:
    """Another scheduler, as seen in the database. It is alive while `beat` changes."""

    number: int
    name: str
    beat: int
    fenced: bool


@dataclass(frozen=True, slots=True)
class RunOverview:
    """A run in a list, with how many of its task instances are in which state (state value → count)."""

    run: Run
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are asked for: those that fit all of these that are not None."""

    states: tuple[RunState, ...] | None = None
    types: tuple[RunType, ...] | None = None
    since: float | None = None  # the date of a run, as in `Store.run_dates`: from then on
    until: float | None = None  # before then
    search: str | None = None  # is in the run id or the note, in letters of either case
    backfill: int | None = None


ALL_RUNS: Final = RunFilter()


@dataclass(frozen=True, slots=True)
class RunAttempt:
    """An attempt in an overview of its run."""

    task_id: str
    map_index: int
    try_number: int
    state: AttemptState
    queued_at: float
    started_at: float | None
    ended_at: float | None
    worker: str | None


#: Of a run: state value → the ids of the tasks in it, in no order; one that is mapped as often as it has instances.
TaskStates: TypeAlias = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class BackfillOverview:
    """A backfill in a list, with how many of its runs are in which state (state value → count)."""

    backfill: Backfill
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """A version of a DAG."""

    version: str
    created_at: float
    runs: int  # how many runs are pinned to it


class Store(Protocol):
    """The database. Each method is one transaction; none may block the event loop.

    Every method may raise `StoreUnavailable` (the same call may work later; retryable errors were already
    retried, with backoff, inside). Opening checks the schema and raises `SchemaMismatch`; a new, empty database
    is created at the current schema.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    # The scheduler's own ------------------------------------------------------------------------------------

    async def register_scheduler(self, name: str) -> Lease:
        """Make a new lease that owns nothing yet."""

    async def beat(self, lease: Lease) -> None:
        """Show that the lease's holder lives. Raises `Fenced` if it was taken."""

    async def schedulers(self) -> list[SchedulerRow]:
        """Every scheduler that was not fenced."""

    async def scheduler_names(self) -> dict[int, str]:
        """Lease number → name, of all that there ever were."""

    async def take_over(self, lease: Lease, other: int, seen_beat: int) -> bool:
        """Fence scheduler `other` and own its DAGs, if its beat is still `seen_beat`. False if it is not.

        `other == lease.number` with any beat claims the DAGs that nobody owns (new or released ones).
        """

    async def release(self, lease: Lease) -> None:
        """Give up the lease on an orderly stop: its DAGs belong to nobody, the row is fenced."""

    async def commit(self, lease: Lease, writes: Writes) -> None:
        """Keep all of `writes` in one transaction, or nothing.

        Raises:
            Fenced: the lease was taken over.
            StaleWrite: a guard did not hold, or a unique key exists already.
        """

    async def owned_dags(self, lease: Lease) -> list[Dag]:
        """The DAGs that this lease owns."""

    async def unfinished_runs(self, lease: Lease) -> tuple[list[RunWithTasks], list[Attempt]]:
        """Runs of owned DAGs that are not terminal, with all their tasks, and the attempts that are not terminal."""

    async def unfinished_callbacks(self, lease: Lease) -> list[CallbackRequest]:
        """Callbacks of owned DAGs that are not terminal, by id."""

    async def unfinished_backfills(self, lease: Lease) -> list[Backfill]:
        """Backfills of owned DAGs that run or are paused, by id."""

    async def load_run(self, dag_id: str, run_id: str) -> RunWithTasks | None:
        """One run, finished or not."""

    async def load_runs(self, dag_id: str, run_ids: Sequence[str]) -> list[RunWithTasks]:
        """Those of these runs that there are, by (run_after, id)."""

    async def dated_runs(self, dag_id: str, since: float, until: float, *, limit: int) -> list[Run]:
        """Runs with a logical date in [since, until], by (logical_date, id); at most `limit`, the earliest."""

    async def run_before(self, dag_id: str, logical_date: float) -> RunWithTasks | None:
        """The run with the greatest logical date before this one (of several the one with the greatest id)."""

    async def success_before(self, dag_id: str, logical_date: float) -> Run | None:
        """As `run_before`, among the successful runs."""

    async def values(self, attempt_ids: Sequence[int]) -> dict[int, Any]:
        """What these attempts returned; those that there are not are left out."""

    async def events(self, event_ids: Sequence[int]) -> list[AssetEvent]:
        """These asset events, by id."""

    async def saved_values(self, attempt_ids: Sequence[int]) -> dict[int, list[SavedValue]]:
        """What these attempts left, by name; attempts that left nothing are not in it."""

    async def pending_commands(self, lease: Lease) -> list[Command]:
        """Commands not yet handled, for owned DAGs and for DAGs that do not exist, in order of id."""

    # Anyone's writes ------------------------------------------------------------------------------------------

    async def submit(
        self,
        dag_id: str,
        kind: CommandKind,
        payload: dict[str, Any],
        *,
        actor: str,
        at: float,
        key: str | None = None,
    ) -> Command:
        """Write a command durably. With a `key` that was used before: return that command, as it is now."""

    async def note(self, command: Command) -> None:
        """Keep a command that is done already, whatever its `id`, beside those that were submitted."""

    async def set_variable(self, variable: Variable, noted: Command | None = None) -> Variable:
        """Insert or replace by name; gives it with the `rev` that it has now.

        `noted` is kept with it or not at all, as by `note`.
        """

    async def delete_variable(self, name: str, noted: Command | None = None) -> bool:
        """Whether there was one; otherwise nothing is `noted`."""

    async def set_connection(self, connection: ConnectionRow, noted: Command | None = None) -> ConnectionRow:
        """As `set_variable`."""

    async def delete_connection(self, name: str, noted: Command | None = None) -> bool:
        """As `delete_variable`."""

    async def save_dag_file(self, file: DagFile) -> None:
        """Insert or replace by path."""

    async def delete_dag_file(self, path: str) -> None:
        """Forget the file; its DAGs stay."""

    # Reads ------------------------------------------------------------------------------------------------------

    async def command(self, command_id: int) -> Command | None: ...

    async def commands(
        self,
        dag_id: str | None = None,
        *,
        actor: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Command]:
        """Newest first, of a DAG or of all, of an actor or of all; what was published is left out of their payloads.

        `before` is the id of the last one of the page before.
        """

    async def dags(self) -> list[Dag]:
        """All DAGs by id."""

    async def dag(self, dag_id: str) -> Dag | None: ...

    async def version(self, dag_id: str, version: str) -> DagSpec | None: ...

    async def latest_runs(self, per_dag: int, dag_id: str | None = None) -> dict[str, list[RunOverview]]:
        """For each DAG (or one) its newest `per_dag` runs by (run_after, id), newest first."""

    async def runs(
        self,
        dag_id: str | None = None,
        asked: RunFilter = ALL_RUNS,
        *,
        before: tuple[float, int] | None = None,
        limit: int = 50,
        is_counted: bool = True,
    ) -> list[RunOverview]:
        """Runs by (run_after, id), newest first; `before` is the key of the last one of the page before.

        Unless it `is_counted`, the overviews have no counts: for who gets them from `task_states`.
        """

    async def task_states(self, run_ids: Sequence[int]) -> dict[int, TaskStates]:
        """For each of these runs (by `Run.id`) that has tasks: which of them are in which state."""

    async def run_dates(self, dag_id: str, since: float, until: float) -> list[tuple[float, RunState]]:
        """Date and state of each run of a DAG with a date in [since, until), in no order.

        The date is the logical one; of a run without one it is `run_after`.
        """

    async def attempts_of_run(self, run: int) -> list[RunAttempt]:
        """Every attempt of a run (by `Run.id`), by (queued_at, task id, map index, try)."""

    async def run(self, dag_id: str, run_id: str) -> tuple[Run, list[TaskInstance]] | None: ...

    async def attempts(self, task_instance: int) -> list[Attempt]:
        """All attempts of a TaskInstance, oldest first."""

    async def dag_files(self) -> list[DagFile]: ...

    async def versions(self, dag_id: str) -> list[VersionInfo]:
        """The versions of a DAG, newest first."""

    async def pools(self) -> list[Pool]:
        """All pools by name; the default pool is always there (-1 slots in a new database)."""

    async def variables(self) -> list[Variable]:
        """All variables by name."""

    async def variable(self, name: str) -> Variable | None: ...

    async def connections(self) -> list[ConnectionRow]:
        """All connections by name."""

    async def connection(self, name: str) -> ConnectionRow | None: ...

    async def secrets_of(
        self, connections: Sequence[str], variables: Sequence[str]
    ) -> tuple[dict[str, ConnectionRow], dict[str, Variable]]:
        """Those of these that there are, as of one moment."""

    async def leavings(self, dag_id: str, run_ids: Sequence[str] | None) -> tuple[set[str], list[str]]:
        """What these runs of a DAG (None: all) have left outside of the database: digests of values, and directories
        of attempts."""

    async def referenced(self, digests: Iterable[str]) -> set[str]:
        """Those of these contents that some attempt's value still has."""

    async def oldest_unfinished(self) -> float | None:
        """When the oldest attempt that has not ended was queued, in seconds since the epoch; None: there is none."""

    async def backfills(
        self,
        dag_id: str | None = None,
        *,
        states: Sequence[BackfillState] | None = None,
        limit: int = 50,
    ) -> list[BackfillOverview]:
        """Newest first, of a DAG or of all, in these states or in any."""

    async def backfill(self, backfill_id: int) -> BackfillOverview | None: ...

    async def assets(self) -> list[Asset]:
        """All assets by name."""

    async def asset_events(
        self, asset: str | None = None, *, before: int | None = None, limit: int = 50
    ) -> list[AssetEvent]:
        """Newest first; `before` is the id of the last one of the page before."""


# --- executor ------------------------------------------------------------------------------------------------


class Executor(Protocol):
    """Runs attempts somewhere. Its methods return at once; what happens comes back as reports, any number a call.

    Reports may come doubled and late; a Finished or Lost comes at least once for every launched attempt.
    """

    async def start(
        self, report: Callable[[Sequence[Report]], None], unfinished: Sequence[Attempt]
    ) -> set[int]:
        """Begin, before any launch. `unfinished` are the attempts that the database believes alive.

        Returns the ids of those that are provably not begun and unknown to every worker: the scheduler launches
        them again. For each of the others a report follows (now or later): adopted, finished or lost.
        """

    async def stop(self) -> None:
        """Let go of the workers without ending what they run: the next server adopts it."""

    def launch(self, launches: Sequence[Launch]) -> None:
        """Begin these attempts, in this order, as slots become free."""

    def cancel(self, attempt_ids: Sequence[int]) -> None:
        """End these attempts with all their processes; a Finished("cancelled") or another report follows."""

    def acknowledge(self, attempt_ids: Sequence[int]) -> None:
        """Their outcome, or that they were lost, is in the database: what was kept about them may go."""
