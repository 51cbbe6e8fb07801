"""`Client`: a method for each route, named as in `studio.api.routes`. Synchronous, so it works in any notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

from typing_extensions import Self

from studio.api import models as m
from studio.client.backfill_calls import BackfillCalls
from studio.client.dag_calls import DagCalls
from studio.client.endpoint import Endpoint, ensure_server, find_server
from studio.client.follow import follow, wait_for_run
from studio.client.run_calls import RunCalls
from studio.client.secret_calls import SecretCalls
from studio.client.shared_calls import SharedCalls
from studio.client.task_calls import TaskCalls
from studio.client.transport import Transport
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


class Client(DagCalls, RunCalls, TaskCalls, BackfillCalls, SharedCalls, SecretCalls):
    """A connection to a server. Use `connect()`; close it, or use it as a context manager.

    Every method raises the `StudioError` that says what was wrong, or `ServerUnavailable`.
    """

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

    def new_login(self) -> str:
        """A URL that logs in a browser of this machine, once, within five minutes."""
        link: m.LoginLink = self._call("new_login")
        return self.url + link.path

    def list_audit(
        self,
        dag_id: str | None = None,
        *,
        actor: str | None = None,
        before: str | None = None,
        limit: int | None = None,
    ) -> m.AuditPage:
        """Who asked for what, newest first; `before` is `next` of the page before."""
        query = {"dag_id": dag_id, "actor": actor, "before": before, "limit": limit}
        return self._call("list_audit", query=query)  # type: ignore[no-any-return]

    def end_logins(self) -> None:
        """Log out every browser."""
        self._call("end_logins")

    def stop_server(self) -> None:
        """Running tasks go on; the next server adopts them."""
        self._call("stop_server")

    # --- live -------------------------------------------------------------------------------------------------------

    def follow(
        self,
        *,
        dags: bool = False,
        dag_ids: Sequence[str] = (),
        outputs: Sequence[str] = (),
        logs: Sequence[str] = (),
    ) -> Iterator[m.ServerMessage]:
        """Messages of the stream as they come, for ever; connects again when the connection breaks.

        After each `Hello` and `Resync` fetch once what you show: what comes then is complete.
        """
        subscription = m.Subscribe(dags=dags, dag_ids=list(dag_ids), outputs=list(outputs), logs=list(logs))
        return follow(self._transport, subscription)

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
