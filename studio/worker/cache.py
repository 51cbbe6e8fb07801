"""Results of earlier runs that count again: `cache=` of a task.

An entry is a small JSON file beside the values, `cache/<dag>/<task>/<key>.json`: the result's value with references,
descriptions of what it saved, which attempt made it, and where its notebook is. The values themselves belong to the run
that made them: when that is cleaned the entry counts no more. Whatever is wrong with an entry makes the task run.

Results are kept of every success. They are looked for by the first try only: who clears a task wants it run.
"""

from __future__ import annotations

import os
import shutil
import time
from datetime import datetime, timezone
from typing import Any, Final

import msgspec

from studio.core.signals import AssetSignal, Signal
from studio.errors import StudioError
from studio.values.reference import references_in
from studio.values.store import ValueStore
from studio.values.stores import open_store
from studio.worker.cache_key import key_of, notebook_digest
from studio.worker.task import TaskRequest, TaskResult
from studio.worker.task_log import log_of
from studio.worker.task_notebook import OUTPUT

FOLDER: Final = "cache"
#: Of the details of a result: what is as true of a run that used it.
_DETAILS: Final = ("rendered", "source", "kernel_name", "cells", "executed", "outputs")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A result. `notebook`: absolute path of its output notebook, "" if it has none."""

    key: str
    dag_id: str
    task_id: str
    run_id: str
    map_index: int
    attempt_id: int
    at: float  # when it was kept; seconds since the epoch
    value: Any = None
    values: list[dict[str, Any]] = []  # descriptions, as of `TaskResult.details["values"]`
    details: dict[str, Any] = {}
    assets: tuple[AssetSignal, ...] = ()
    notebook: str = ""


def folder_of(dag_id: str, task_id: str | None = None) -> str:
    """Where the entries of a DAG, or of a task, are in the store."""
    return f"{FOLDER}/{dag_id}" if task_id is None else f"{FOLDER}/{dag_id}/{task_id}"


class ResultCache:
    """Of one attempt: `found` before it runs, `keep` after it. Neither raises; without `cache=` they do nothing."""

    def __init__(self, request: TaskRequest) -> None:
        self._request = request
        self._store: ValueStore
        self._key = ""
        self._code = ""
        if (
            request.cache is None
            or request.kind == "callback"
            or request.context.get("interpret") == "sensor"
        ):
            return
        try:
            self._store = open_store(request.values)
            self._key = key_of(request)
            if request.kind == "notebook":
                self._code = notebook_digest(request.config)
        except Exception as error:  # functions that are applied to mapped arguments are of users
            self._say("WARNING", f"The result cannot be cached: {error}")

    def found(self) -> TaskResult | None:
        """The result that counts, its notebook copied; None if the task has to run."""
        request = self._request
        if not self._key or request.try_number != 1 or request.context.get("refresh_cache"):
            return None
        try:
            return self._hit()
        except _Unusable as reason:
            self._say("INFO", f"A cached result does not count: {reason}")
        except (StudioError, OSError) as error:
            self._say("WARNING", f"The cache could not be read: {error}")
        return None

    def keep(self, result: TaskResult) -> None:
        """Keep what was settled, if it is a success."""
        if not self._key or result.state != "success" or result.signal.trigger is not None:
            return
        if self._code and (result.details.get("source") or {}).get("digest") not in (None, self._code):
            return  # the notebook changed between
        request = self._request
        path = os.path.join(request.directory, OUTPUT)
        entry = Entry(
            key=self._key,
            dag_id=request.dag_id,
            task_id=request.task_id,
            run_id=request.run_id,
            map_index=request.map_index,
            attempt_id=request.attempt_id,
            at=time.time(),
            value=result.value,
            values=result.details.get("values") or [],
            details={name: result.details[name] for name in _DETAILS if name in result.details},
            assets=result.signal.assets,
            notebook=path if os.path.isfile(path) else "",
        )
        try:
            self._store.write_note(self._name, msgspec.json.encode(entry))
        except (StudioError, OSError, TypeError) as error:
            self._say("WARNING", f"The result could not be cached: {error}")

    @property
    def _name(self) -> str:
        return f"{folder_of(self._request.dag_id, self._request.task_id)}/{self._key}.json"

    def _hit(self) -> TaskResult | None:
        content = self._store.read_note(self._name)
        if content is None:
            return None
        entry = read_entry(content)
        if entry is None or entry.key != self._key:
            raise _Unusable("its entry is damaged.")
        expires = self._request.cache.expires if self._request.cache is not None else None
        if expires is not None and time.time() - entry.at >= expires:
            raise _Unusable(f"that of the run {entry.run_id} has expired.")
        for reference in references_in([entry.value, [_reference(each) for each in entry.values]]):
            if not self._store.renew(reference.digest):  # the cleaning sees that it counts
                raise _Unusable(f"a value of the run {entry.run_id} is not there any more.")
        if entry.notebook:
            try:
                shutil.copyfile(entry.notebook, os.path.join(self._request.directory, OUTPUT))
            except OSError:
                raise _Unusable(f"the notebook of the run {entry.run_id} is not there any more.") from None
        moment = datetime.fromtimestamp(entry.at, timezone.utc).isoformat(timespec="seconds")
        self._say("INFO", f"Not run again: the result of run {entry.run_id} counts, from {moment}.")
        came_from = {
            "run_id": entry.run_id,
            "task_id": entry.task_id,
            "map_index": entry.map_index,
            "attempt_id": entry.attempt_id,
            "at": entry.at,
        }
        details = {**entry.details, "cache": came_from, **({"values": entry.values} if entry.values else {})}
        return TaskResult(
            state="success", value=entry.value, details=details, signal=Signal(assets=entry.assets)
        )

    def _say(self, level: str, text: str) -> None:
        log = log_of(self._request)
        log.record(level, "studio", text)
        log.end()


def read_entry(content: bytes) -> Entry | None:
    """None if it is none."""
    try:
        return msgspec.json.decode(content, type=Entry)
    except (msgspec.DecodeError, ValueError):
        return None


class _Unusable(Exception):
    """Why an entry does not count."""


def _reference(description: dict[str, Any]) -> dict[str, Any]:
    return {
        "$value": description.get("digest"),
        "format": description.get("format"),
        "type": description.get("type"),
        "size": description.get("size"),
    }
