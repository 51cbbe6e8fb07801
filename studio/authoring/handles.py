"""What a published DAG can do: each of these is one call of the client, and something to look at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from studio.api.models import ChosenTask, DagDetail, RunDetail
from studio.authoring.snapshot import Snapshot
from studio.client import Client, connect
from studio.core.names import shown
from studio.errors import InvalidInput, NotFound, StudioError
from studio.settings import is_parsing
from studio.widgets.graph import Glance
from studio.widgets.log import LogView
from studio.widgets.looks import look_of
from studio.widgets.output import OutputView
from studio.widgets.runs import RunTable

if TYPE_CHECKING:
    from studio.widgets.views import View

GLANCE_TIME: Final = 0.5  # seconds

_Seen = TypeVar("_Seen")


@cache
def client() -> Client:
    """The connection of this process; the server is started if there is none."""
    return connect()


class Published:
    """The answer to `dag.publish()`."""

    def __init__(self, dag_id: str, detail: DagDetail | None) -> None:
        self.dag_id = dag_id
        self.detail = detail

    def __repr__(self) -> str:
        if self.detail is None:
            return f"{self.dag_id}: not published while its file is only read."
        dag = self.detail.dag
        count = f"{dag.task_count} task{'' if dag.task_count == 1 else 's'}"
        following = "it is paused" if dag.paused else "it runs when it is triggered"
        if dag.next_run is not None and not dag.paused:
            following = f"next run {dag.next_run:%Y-%m-%d %H:%M} UTC"
        return f"{self.dag_id} is published: {count}, version {dag.version[:8]}; {following}."

    def _repr_html_(self) -> str:
        return f"<p>✓ {escape(repr(self))}</p>"


class Run:
    """A run that was triggered. Its state is asked for when it is looked at."""

    def __init__(self, dag_id: str, run_id: str, detail: RunDetail | None) -> None:
        self.dag_id = dag_id
        self.run_id = run_id
        self._detail = detail

    def refresh(self) -> RunDetail:
        """The run with its tasks, as it is now."""
        self._detail = client().get_run(self.dag_id, self.run_id)
        return self._detail

    @property
    def state(self) -> str:
        """As it is now: queued, running, success, failed or cancelled."""
        return self.refresh().run.state.value

    def wait(
        self, timeout: float | None = None, on_change: Callable[[RunDetail], object] | None = None
    ) -> Run:
        """Return when the run has ended; `TimeoutError` after `timeout` seconds. It goes on if this is interrupted."""
        self._detail = client().wait_for_run(self.dag_id, self.run_id, on_change, timeout=timeout)
        return self

    def cancel(self) -> Run:
        """End what runs, start nothing more."""
        self._detail = client().cancel_run(self.dag_id, self.run_id)
        return self

    def clear(
        self,
        task_ids: str | Sequence[str] = (),
        *,
        upstream: bool = False,
        downstream: bool = True,
        only_failed: bool = False,
        params: Mapping[str, Any] | None = None,
        newest: bool = False,
        note: str | None = None,
    ) -> Run:
        """Run tasks (without names: all) again; also with other params or the DAG's newest version."""
        client().clear_runs(
            self.dag_id,
            [self.run_id],
            _names(task_ids),
            upstream=upstream,
            downstream=downstream,
            only_failed=only_failed,
            params=params,
            version="latest" if newest else "run",
            note=note,
        )
        self.refresh()
        return self

    def would_clear(self, task_ids: str | Sequence[str] = (), **options: Any) -> list[ChosenTask]:
        """What `clear` would run again; nothing is changed."""
        return (
            client().clear_runs(self.dag_id, [self.run_id], _names(task_ids), dry_run=True, **options).tasks
        )

    def mark(
        self,
        state: Literal["success", "failed", "skipped"],
        task_ids: str | Sequence[str] = (),
        *,
        note: str | None = None,
        **options: Any,
    ) -> Run:
        """Say how tasks ended (without names: the run); `value=` is what the one task is to have returned."""
        names = _names(task_ids)
        if names:
            client().mark_tasks(self.dag_id, [self.run_id], names, state, note=note, **options)
        elif state == "skipped" or options:
            raise InvalidInput("Only tasks can be marked like that.", hint="Name them.", field="task_ids")
        else:
            client().mark_runs(self.dag_id, [self.run_id], state, note=note)
        self.refresh()
        return self

    def note(self, text: str, task_id: str | None = None) -> Run:
        """Write a note to the run, or to one of its tasks."""
        if task_id is None:
            client().set_run_note(self.dag_id, self.run_id, text)
        else:
            client().set_task_note(self.dag_id, self.run_id, task_id, text)
        return self

    def respond(
        self, task_id: str, options: str | Sequence[str], params: Mapping[str, Any] | None = None
    ) -> Run:
        """Answer a task that waits for a person."""
        client().respond(self.dag_id, self.run_id, task_id, _names(options), params)
        return self

    def why(self, task_id: str | None = None) -> list[str]:
        """Why the run, or one of its tasks, does not go on, in words; empty if it does."""
        if task_id is None:
            found = client().why_run(self.dag_id, self.run_id)
        else:
            found = client().why_task(self.dag_id, self.run_id, task_id)
        return [reason.message for reason in found.reasons]

    def delete(self) -> None:
        """Delete the run, which must be over, with its tasks and attempts."""
        client().delete_runs(self.dag_id, [self.run_id])

    def card(self, task_id: str, map_index: int = -1) -> View:
        """A task of this run: state, tries, output, log, and what can be done about it; live in JupyterLab."""
        from studio.authoring import views  # noqa: PLC0415 - it needs this module

        return views.card(self.dag_id, task_id, "a task", self.run_id, map_index)

    def output(self, task_id: str) -> OutputView:
        """What a task of this run produced so far; live in JupyterLab."""
        return output_of(self.dag_id, task_id, self.run_id)

    def log(self, task_id: str, **options: Any) -> LogView:
        """The end of a task's log; `options` as in `Client.get_log`: `level="warning"`, `search="…"`, `tail=20`."""
        return LogView(client().get_log(self.dag_id, self.run_id, task_id, **options))

    def __repr__(self) -> str:
        if self._detail is None:
            return f"{self.dag_id}: not triggered while its file is only read."
        look = look_of(self._detail.run.state.value)
        return f"{self.dag_id} / {self.run_id}: {look.glyph} {look.label}"


def publish(dag_id: str, snapshot: Snapshot) -> Published:
    """Upload the notebooks, register the DAG."""
    if is_parsing():
        return Published(dag_id, None)
    return Published(dag_id, client().publish_dag(snapshot.spec, snapshot.sources.values()))


def trigger(
    dag_id: str, logical_date: str | None, params: dict[str, Any], run_id: str | None, **options: Any
) -> Run:
    """Start a run of what is published; `options` as in `Client.trigger_run`."""
    if is_parsing():
        return Run(dag_id, run_id or "", None)
    try:
        detail = client().trigger_run(
            dag_id, logical_date=logical_date, params=params, run_id=run_id, **options
        )
    except NotFound as error:
        raise NotFound(error.message, hint="Publish it first: `dag.publish()`.") from error
    return Run(dag_id, detail.run.run_id, detail)


def set_paused(dag_id: str, paused: bool) -> None:
    if not is_parsing():
        client().update_dag(dag_id, paused=paused)


def runs(dag_id: str, limit: int) -> RunTable:
    """The newest runs."""
    return RunTable(dag_id, client().list_runs(dag_id, limit=limit).runs, limit)


def output_of(dag_id: str, task_id: str, run_id: str | None) -> OutputView:
    """The output of a task in a run, or in the newest one."""
    if run_id is None:
        newest = client().list_runs(dag_id, limit=1).runs
        if not newest:
            raise NotFound(f"The DAG {shown(dag_id)} has no run yet.", hint="Start one with dag.trigger().")
        run_id = newest[0].run_id
    output = client().get_output(dag_id, run_id, task_id)
    return OutputView(task_id, output, dag_id=dag_id, run_id=run_id)


def _names(given: str | Sequence[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def glance(dag_id: str) -> Glance:
    """What the running server says of the DAG at this moment; it is never started for a picture.

    Nor is it waited for longer than `GLANCE_TIME`: a cell that shows a DAG must not hang with its server.
    """
    if is_parsing():
        return Glance()
    return looked(lambda looker: _look(looker, dag_id)) or Glance()


def looked(ask: Callable[[Client], _Seen]) -> _Seen | None:
    """What a running server answers within `GLANCE_TIME`; None: there is none, it is slow, or it refuses."""
    seen: list[_Seen] = []

    def look() -> None:
        try:
            with connect(start=False) as looker:
                seen.append(ask(looker))
        except StudioError:
            pass

    looking = threading.Thread(target=look, name="studio-glance", daemon=True)
    looking.start()
    looking.join(GLANCE_TIME)
    return seen[0] if seen else None


def _look(looker: Client, dag_id: str) -> Glance:
    newest = looker.list_runs(dag_id, limit=1).runs
    if not newest:
        looker.get_dag(dag_id)
        return Glance(published=True)
    run = looker.get_run(dag_id, newest[0].run_id)
    states = {task.task_id: task.state.value for task in run.tasks}
    return Glance(published=True, run_id=run.run.run_id, states=states)
