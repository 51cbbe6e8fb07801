"""From what the scheduler launches to what a runner is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from studio.artifacts.local import LocalArtifacts
from studio.core.signals import Signal
from studio.core.turn import Launch
from studio.errors import InvalidInput
from studio.ports import Finished
from studio.secrets.delivery import Delivered
from studio.worker.messages import Job, Outcome, raw
from studio.worker.task import TaskRequest

_signals: msgspec.msgpack.Decoder[Signal] = msgspec.msgpack.Decoder(Signal)


def request_for(launch: Launch, artifacts: LocalArtifacts) -> TaskRequest:
    """The request of an attempt.

    Raises `StudioError` if it cannot be run at all: its notebook is not published, its directory is not allowed.
    """
    if launch.refusal is not None:
        raise launch.refusal
    config = launch.config
    if launch.kind == "notebook":
        config = _with_content(config, artifacts)
    elif launch.kind == "function":
        config = _function_config(config, artifacts)
    return TaskRequest(
        attempt_id=launch.attempt_id,
        dag_id=launch.dag_id,
        run_id=launch.run_id,
        task_id=launch.task_id,
        map_index=launch.map_index,
        try_number=launch.try_number,
        kind=launch.kind,
        config=config,
        context=launch.context,
        directory=artifacts.attempt_directory(launch.directory),
        env={
            "STUDIO_ATTEMPT": str(launch.attempt_id),
            "STUDIO_DAG_ID": launch.dag_id,
            "STUDIO_RUN_ID": launch.run_id,
            "STUDIO_TASK_ID": launch.task_id,
        },
        values=artifacts.values,
        secrets=launch.secrets or Delivered(),
        cache=launch.cache,
    )


def _with_content(config: Mapping[str, Any], artifacts: LocalArtifacts) -> dict[str, Any]:
    """The config of a notebook with `content`, the path of what was published; another source is read later."""
    if config.get("source", "snapshot") != "snapshot":
        return dict(config)
    digest = config.get("digest")
    if not isinstance(digest, str):
        raise InvalidInput("The notebook task names no published notebook.", hint="Publish the DAG again.")
    return {**config, "content": str(artifacts.source_path(digest))}


def _function_config(config: Mapping[str, Any], artifacts: LocalArtifacts) -> dict[str, Any]:
    """The config of a function with `content`, the path of its pickle, and `environments`, where those are kept."""
    found = dict(config)
    if "pickled" in config:
        found["content"] = str(artifacts.source_path(str(config.get("digest"))))
    if "python" in config or "requirements" in config:
        found["environments"] = str(artifacts.environments)
    return found


def job_for(launch: Launch, artifacts: LocalArtifacts) -> Job:
    """`request_for`, encoded for the way to a worker."""
    try:
        request = raw(request_for(launch, artifacts))
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"The task's configuration cannot be sent to a worker: {error}.") from error
    return Job(launch.attempt_id, launch.kind, launch.timeout, request, tuple(launch.priority))


def finished_for(outcome: Outcome, worker: str) -> Finished:
    """The report of an outcome."""
    return Finished(
        outcome.attempt_id,
        worker,
        outcome.state,
        outcome.started_at,
        outcome.ended_at,
        outcome.error,
        msgspec.msgpack.decode(outcome.value),
        msgspec.msgpack.decode(outcome.details),
        _signals.decode(outcome.signal),
    )


def never_begun(attempt_id: int, state: str, at: float, error: str | None = None) -> Finished:
    """The report of an attempt that no worker has seen."""
    return Finished(attempt_id, "", state, at, at, error)
