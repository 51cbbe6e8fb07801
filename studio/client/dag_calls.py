"""DAGs: publish, look at, pause, versions, schedules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from studio.api import models as m
from studio.client.calls import Calls
from studio.core.schedule_spec import ScheduleSpec
from studio.core.spec import DagSpec


class DagCalls(Calls):
    """This part of `Client`."""

    def list_dags(self, runs: int | None = None) -> m.DagList:
        """All DAGs with their newest `runs` runs."""
        return self._call("list_dags", query={"runs": runs})  # type: ignore[no-any-return]

    def update_dags(self, dag_ids: Sequence[str], *, paused: bool) -> m.DagsDone:
        """Pause or unpause these; the answer says for which it could not be done."""
        body = m.UpdateDags(dag_ids=list(dag_ids), paused=paused)
        return self._call("update_dags", body=body)  # type: ignore[no-any-return]

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

    def inspect_notebook(self, path: str) -> m.NotebookInfo:
        """What a notebook takes; `path` is relative to the server's directory of notebooks, or absolute in it."""
        return self._call("inspect_notebook", body=m.InspectNotebook(path=path))  # type: ignore[no-any-return]

    def publish_notebook(
        self,
        path: str,
        *,
        dag_id: str | None = None,
        description: str = "",
        schedule: ScheduleSpec | None = None,
        timezone: str = "UTC",
        start_date: str | None = None,
        end_date: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        kernel_name: str | None = None,
        retries: int = 0,
        retry_delay: float = 300.0,
        timeout: float | None = None,
        source: Literal["snapshot", "latest"] = "snapshot",
        export: Sequence[Literal["html", "pdf"]] = (),
        copy_to: str | None = None,
        notify: m.Notify | None = None,
        replace: bool = False,
        start: bool = False,
    ) -> m.NotebookPublished:
        """Schedule a notebook, or `start` a run of it now, as a DAG of this one task.

        `path` as in `inspect_notebook`; text in `parameters` may hold templates; `retry_delay`, `timeout`: seconds.
        """
        body = m.PublishNotebook(
            path=path,
            dag_id=dag_id,
            description=description,
            schedule=schedule,
            timezone=timezone,
            start_date=start_date,
            end_date=end_date,
            parameters=dict(parameters or {}),
            kernel_name=kernel_name,
            retries=retries,
            retry_delay=retry_delay,
            timeout=timeout,
            source=source,
            export=list(export),
            copy_to=copy_to,
            notify=notify,
            replace=replace,
            start=start,
        )
        return self._call("publish_notebook", body=body)  # type: ignore[no-any-return]

    def publish_file(self, path: str) -> m.FilePublished:
        """Publish the DAGs of a file that the server reads; `path` as in `inspect_notebook`.

        Raises `InvalidDag`, with the place, if the file cannot be used or defines no DAG.
        """
        return self._call("publish_file", body=m.PublishFile(path=path))  # type: ignore[no-any-return]

    def check_cells(self, cells: Sequence[str]) -> m.CellsChecked:
        """What the marked cells of a notebook come to: the sources of its code cells, in order. Nothing is run."""
        return self._call("check_cells", body=m.CheckCells(cells=list(cells)))  # type: ignore[no-any-return]

    def task_parameters(self, dag_id: str, task_id: str, version: str | None = None) -> m.TaskParameters:
        """What the notebook of a task takes, and what the DAG gives to it."""
        path = {"dag_id": dag_id, "task_id": task_id}
        return self._call("task_parameters", path, query={"version": version})  # type: ignore[no-any-return]

    def list_versions(self, dag_id: str) -> m.VersionList:
        """Newest first."""
        return self._call("list_versions", {"dag_id": dag_id})  # type: ignore[no-any-return]

    def get_version(self, dag_id: str, version: str) -> m.VersionDetail:
        return self._call("get_version", {"dag_id": dag_id, "version": version})  # type: ignore[no-any-return]

    def get_code(self, dag_id: str, version: str) -> m.VersionCode:
        """A version as text: its settings and the code of its tasks."""
        return self._call("get_code", {"dag_id": dag_id, "version": version})  # type: ignore[no-any-return]

    def next_runs(self, dag_id: str, count: int | None = None) -> m.SchedulePreview:
        """The next `count` (5) runs that the schedule asks for."""
        return self._call("next_runs", {"dag_id": dag_id}, query={"count": count})  # type: ignore[no-any-return]

    def preview_schedule(
        self,
        schedule: ScheduleSpec,
        *,
        timezone: str = "UTC",
        start_date: str | None = None,
        end_date: str | None = None,
        after: str | None = None,
        count: int = 5,
    ) -> m.SchedulePreview:
        """The runs of a schedule after a moment (now); `InvalidSchedule` says what is wrong with it."""
        body = m.PreviewSchedule(
            schedule=schedule,
            timezone=timezone,
            start_date=start_date,
            end_date=end_date,
            after=after,
            count=count,
        )
        return self._call("preview_schedule", body=body)  # type: ignore[no-any-return]
