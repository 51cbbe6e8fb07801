"""`Client`: a method for each route, named as in `studio.api.routes`. Synchronous, so it works in any notebook."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

from typing_extensions import Self

from studio.api import models as m
from studio.client.endpoint import Endpoint, ensure_server, find_server
from studio.client.follow import follow, wait_for_run
from studio.client.transport import Transport
from studio.core.spec import DagSpec
from studio.errors import Conflict, InvalidInput, ServerUnavailable
from studio.settings import Settings, is_parsing


def connect(url: str | None = None, token: str | None = None, *, start: bool = True) -> Client:
    """A client of the studio server of this user, or of the one at `url`.

    Without `url` the server is found by its runtime file; if none runs, one is started (unless `start=False`).

    Raises:
        Conflict: this is a DAG file that is only being read.
        ServerUnavailable: there is none, or it does not start; the message holds the end of its log.
    """
    if is_parsing():
        raise Conflict(
            "Code that is only read for its DAGs cannot talk to the server.",
            hint='Move the call into a task, into a function, or below `if __name__ == "__main__":`.',
        )
    if url is not None:
        if not token:
            raise InvalidInput(
                "A token is needed with a url.", hint="Leave both out to find your own server."
            )
        return Client(Transport(Endpoint(url.rstrip("/"), token), None))
    settings = Settings.from_environment()

    def locate() -> Endpoint:
        endpoint = ensure_server(settings) if start else find_server(settings)
        if endpoint is None:
            raise ServerUnavailable(
                f"No studio server runs on {settings.home}.", hint="Start it with `studio server`."
            )
        return endpoint

    return Client(Transport(locate(), locate))


class Client:
    """A connection to a server. Use `connect()`; close it, or use it as a context manager.

    Every method raises the `StudioError` that says what was wrong, or `ServerUnavailable`.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __repr__(self) -> str:
        return f"<studio client of {self.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    @property
    def url(self) -> str:
        return self._transport.endpoint.url

    # --- the server -------------------------------------------------------------------------------------------------

    def server_info(self) -> m.ServerInfo:
        return self._call("server_info")  # type: ignore[no-any-return]

    def openapi(self) -> dict[str, Any]:
        return self._call("openapi")  # type: ignore[no-any-return]

    def stop_server(self) -> None:
        """Running tasks go on; the next server adopts them."""
        self._call("stop_server")

    # --- DAGs -------------------------------------------------------------------------------------------------------

    def list_dags(self, runs: int | None = None) -> m.DagList:
        """All DAGs with their newest `runs` runs."""
        return self._call("list_dags", query={"runs": runs})  # type: ignore[no-any-return]

    def get_dag(self, dag_id: str, version: str | None = None) -> m.DagDetail:
        return self._call("get_dag", {"dag_id": dag_id}, query={"version": version})  # type: ignore[no-any-return]

    def publish_dag(self, spec: DagSpec, sources: Iterable[bytes] = ()) -> m.DagDetail:
        """Register a DAG or a new version of it; `sources` are the notebooks that its tasks name by hash."""
        for content in sources:
            self.put_source(content)
        return self._call("publish_dag", {"dag_id": spec.id}, body=m.PublishDag(spec=spec))  # type: ignore[no-any-return]

    def update_dag(self, dag_id: str, *, paused: bool) -> m.DagDetail:
        return self._call("update_dag", {"dag_id": dag_id}, body=m.UpdateDag(paused=paused))  # type: ignore[no-any-return]

    def delete_dag(self, dag_id: str) -> None:
        """With its whole history."""
        self._call("delete_dag", {"dag_id": dag_id})

    def put_source(self, content: bytes) -> str:
        """Upload a notebook; gives the SHA-256 by which a spec names it."""
        digest = hashlib.sha256(content).hexdigest()
        self._call("put_source", {"digest": digest}, content=content)
        return digest

    # --- runs -------------------------------------------------------------------------------------------------------

    def trigger_run(
        self,
        dag_id: str,
        *,
        logical_date: str | None = None,
        params: Mapping[str, Any] | None = None,
        run_id: str | None = None,
        key: str | None = None,
    ) -> m.RunDetail:
        """Start a run by hand. `logical_date` is ISO 8601, in the DAG's zone; calls with the same `key` are one run."""
        # With a key of its own, a call whose answer was lost can be made again.
        key = key or secrets.token_hex(16)
        body = m.TriggerRun(logical_date=logical_date, params=dict(params or {}), run_id=run_id, key=key)
        return self._call("trigger_run", {"dag_id": dag_id}, body=body)  # type: ignore[no-any-return]

    def list_runs(
        self,
        dag_id: str | None = None,
        *,
        state: str | Sequence[str] | None = None,
        before: str | None = None,
        limit: int | None = None,
    ) -> m.RunPage:
        """Newest first; `before` is `next` of the page before."""
        states = state if state is None or isinstance(state, str) else ",".join(state)
        query = {"dag_id": dag_id, "state": states, "before": before, "limit": limit}
        return self._call("list_runs", query=query)  # type: ignore[no-any-return]

    def get_run(self, dag_id: str, run_id: str) -> m.RunDetail:
        return self._call("get_run", _run(dag_id, run_id))  # type: ignore[no-any-return]

    def cancel_run(self, dag_id: str, run_id: str) -> m.RunDetail:
        return self._call("cancel_run", _run(dag_id, run_id))  # type: ignore[no-any-return]

    def clear_tasks(
        self,
        dag_id: str,
        run_id: str,
        task_ids: Sequence[str],
        *,
        downstream: bool = True,
        only_failed: bool = False,
    ) -> m.RunDetail:
        """Run tasks of a run again, with what waits for them."""
        body = m.ClearTasks(task_ids=list(task_ids), downstream=downstream, only_failed=only_failed)
        return self._call("clear_tasks", _run(dag_id, run_id), body=body)  # type: ignore[no-any-return]

    # --- tasks ------------------------------------------------------------------------------------------------------

    def get_task(self, dag_id: str, run_id: str, task_id: str, map_index: int | None = None) -> m.TaskDetail:
        path = {**_run(dag_id, run_id), "task_id": task_id}
        return self._call("get_task", path, query={"map_index": map_index})  # type: ignore[no-any-return]

    def get_output(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        *,
        map_index: int | None = None,
        try_number: int | None = None,
    ) -> m.TaskOutput:
        return self._try("get_output", dag_id, run_id, task_id, map_index, try_number)  # type: ignore[no-any-return]

    def get_notebook(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        *,
        map_index: int | None = None,
        try_number: int | None = None,
    ) -> bytes:
        """The output notebook as it is on disk."""
        return self._try("get_notebook", dag_id, run_id, task_id, map_index, try_number)  # type: ignore[no-any-return]

    def get_log(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        *,
        map_index: int | None = None,
        try_number: int | None = None,
    ) -> m.TaskLog:
        return self._try("get_log", dag_id, run_id, task_id, map_index, try_number)  # type: ignore[no-any-return]

    # --- live -------------------------------------------------------------------------------------------------------

    def follow(
        self, *, dags: bool = False, dag_ids: Sequence[str] = (), outputs: Sequence[str] = ()
    ) -> Iterator[m.ServerMessage]:
        """Messages of the stream as they come, for ever; connects again when the connection breaks.

        After each `Hello` and `Resync` fetch once what you show: what comes then is complete.
        """
        return follow(self._transport, m.Subscribe(dags=dags, dag_ids=list(dag_ids), outputs=list(outputs)))

    def wait_for_run(
        self,
        dag_id: str,
        run_id: str,
        on_change: Callable[[m.RunDetail], object] | None = None,
        *,
        timeout: float | None = None,
    ) -> m.RunDetail:
        """The run once it has ended; `on_change` is told of every change. `TimeoutError` after `timeout` seconds."""
        return wait_for_run(self._transport, dag_id, run_id, on_change, timeout=timeout)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _call(self, name: str, path: Mapping[str, str] | None = None, **given: Any) -> Any:
        return self._transport.call(name, path, **given)

    def _try(
        self, name: str, dag_id: str, run_id: str, task_id: str, map_index: int | None, try_number: int | None
    ) -> Any:
        path = {**_run(dag_id, run_id), "task_id": task_id}
        return self._call(name, path, query={"map_index": map_index, "try_number": try_number})


def _run(dag_id: str, run_id: str) -> dict[str, str]:
    return {"dag_id": dag_id, "run_id": run_id}
