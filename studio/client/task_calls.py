"""Tasks of a run: state, output, log, notes, approvals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from studio.api import models as m
from studio.client.calls import Calls, task_path
from studio.client.follow_log import follow_log
from studio.client.value_content import object_in


class TaskCalls(Calls):
    """This part of `Client`. `map_index` is that of a mapped task; `try_number` counts from 1, None is the latest."""

    def get_task(self, dag_id: str, run_id: str, task_id: str, map_index: int | None = None) -> m.TaskDetail:
        return self._call(  # type: ignore[no-any-return]
            "get_task", task_path(dag_id, run_id, task_id), query={"map_index": map_index}
        )

    def why_task(self, dag_id: str, run_id: str, task_id: str, map_index: int | None = None) -> m.WhyAnswer:
        """What holds the task."""
        return self._call(  # type: ignore[no-any-return]
            "why_task", task_path(dag_id, run_id, task_id), query={"map_index": map_index}
        )

    def set_task_note(
        self, dag_id: str, run_id: str, task_id: str, note: str, map_index: int | None = None
    ) -> m.TaskStatus:
        path, query = task_path(dag_id, run_id, task_id), {"map_index": map_index}
        return self._call("set_task_note", path, query=query, body=m.SetNote(note=note))  # type: ignore[no-any-return]

    def respond(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        options: Sequence[str],
        params: Mapping[str, Any] | None = None,
        *,
        map_index: int | None = None,
    ) -> m.TaskStatus:
        """Answer an approval."""
        path, query = task_path(dag_id, run_id, task_id), {"map_index": map_index}
        body = m.Respond(options=list(options), params=dict(params or {}))
        return self._call("respond", path, query=query, body=body)  # type: ignore[no-any-return]

    def list_approvals(self, dag_id: str | None = None) -> m.ApprovalList:
        """Everything that waits for a person."""
        return self._call("list_approvals", query={"dag_id": dag_id})  # type: ignore[no-any-return]

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

    def export_task(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        format: Literal["html", "pdf"] = "html",
        *,
        map_index: int | None = None,
        try_number: int | None = None,
    ) -> bytes:
        """The output notebook as a page or a PDF; of a running task, what is there so far. May take minutes.

        Raises `ExportUnavailable` if the server has no Chromium for PDFs, and `ExportFailed`.
        """
        path = task_path(dag_id, run_id, task_id)
        query = {"map_index": map_index, "try_number": try_number, "format": format}
        return self._call("export_task", path, query=query)  # type: ignore[no-any-return]

    def list_values(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        *,
        map_index: int | None = None,
        try_number: int | None = None,
    ) -> m.ValueList:
        """What the task has returned and saved, with previews."""
        return self._try("list_values", dag_id, run_id, task_id, map_index, try_number)  # type: ignore[no-any-return]

    def get_value(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        name: str = "return_value",
        *,
        map_index: int | None = None,
        try_number: int | None = None,
    ) -> bytes:
        """The content of a value: of a table a parquet file, of an array npy, …"""
        path = {**task_path(dag_id, run_id, task_id), "name": name}
        query = {"map_index": map_index, "try_number": try_number}
        return self._call("get_value", path, query=query)  # type: ignore[no-any-return]

    def load_value(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        name: str = "return_value",
        *,
        map_index: int | None = None,
        try_number: int | None = None,
        allow_pickle: bool = False,
    ) -> Any:
        """A value as the object it was. `allow_pickle`: also one that runs code of its own when it is loaded.

        Raises `NotFound`, `Forbidden` for a pickle that is not allowed, and `ValueNotRead`.
        """
        found = self.list_values(dag_id, run_id, task_id, map_index=map_index, try_number=try_number)
        return object_in(
            found.values,
            name,
            lambda part: self.get_value(
                dag_id, run_id, task_id, part, map_index=map_index, try_number=try_number
            ),
            allow_pickle=allow_pickle,
        )

    def get_log(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        *,
        map_index: int | None = None,
        try_number: int | None = None,
        level: str | None = None,
        source: str | None = None,
        search: str | None = None,
        after: int | None = None,
        before: int | None = None,
        tail: int | None = None,
    ) -> m.TaskLog:
        """The last records (`tail`: so many), or with `after` the first that stand from that byte on.

        `level`: at least "debug", "info", "warning", "error" or "critical"; `source`: "stdout", "stderr", "studio",
        "kernel" or a logger's name; `search`: part of the text, in any case. If the answer is `truncated`, go on with
        `before=answer.start`, or after `after` with `after=answer.end`.
        """
        path = task_path(dag_id, run_id, task_id)
        query = {"map_index": map_index, "try_number": try_number, "level": level, "source": source}
        query |= {"search": search, "after": after, "before": before, "tail": tail}
        return self._call("get_log", path, query=query)  # type: ignore[no-any-return]

    def get_log_text(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        *,
        map_index: int | None = None,
        try_number: int | None = None,
    ) -> bytes:
        """The whole log as lines for people. Raises `NotFound` if there is none."""
        return self._try("get_log_text", dag_id, run_id, task_id, map_index, try_number)  # type: ignore[no-any-return]

    def follow_log(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        *,
        map_index: int | None = None,
        try_number: int | None = None,
        level: str | None = None,
        source: str | None = None,
        search: str | None = None,
        tail: int | None = None,
    ) -> Iterator[m.LogRecord]:
        """Records as they come, from the last ones on, until the attempt has ended; the filters are `get_log`'s."""
        path = task_path(dag_id, run_id, task_id)
        query = {"map_index": map_index, "try_number": try_number, "level": level, "source": source}
        return follow_log(self._transport, path, {**query, "search": search, "tail": tail})

    def _try(
        self, name: str, dag_id: str, run_id: str, task_id: str, map_index: int | None, try_number: int | None
    ) -> Any:
        path = task_path(dag_id, run_id, task_id)
        return self._call(name, path, query={"map_index": map_index, "try_number": try_number})
