"""What DAGs share: pools and assets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from studio.api.models.base import Body, Model

# --- requests ------------------------------------------------------------------------------------------------


class SetPool(Body, frozen=True, kw_only=True):
    """Make a pool, or change it. `slots` -1: no limit."""

    slots: int
    description: str | None = None  # null: as it is
    include_deferred: bool | None = None


class EmitEvent(Body, frozen=True, kw_only=True):
    """Say by hand that an asset was made anew. `key`: the same key again is the same event."""

    asset: str
    extra: dict[str, Any] = {}
    key: str | None = None


class Materialize(Body, frozen=True, kw_only=True):
    """Have an asset made: run the DAG whose task makes it. `dag_id`: which one, if several do."""

    asset: str
    dag_id: str | None = None
    key: str | None = None


# --- answers -------------------------------------------------------------------------------------------------


class Use(Model, frozen=True, kw_only=True):
    """A DAG whose current version uses something that DAGs share."""

    dag_id: str
    paused: bool
    tasks: list[str]  # those that use it


class Uses(Model, frozen=True, kw_only=True):
    """Who uses a pool, a variable or a connection; programs that ask the server themselves are not known."""

    dags: list[Use]


class PoolInfo(Model, frozen=True, kw_only=True):
    """A limit that tasks of any DAGs share."""

    name: str
    slots: int  # -1: no limit
    used: int  # 0 without a limit: they are not counted then
    free: int | None  # null without a limit
    description: str
    include_deferred: bool  # tasks that wait without a slot count too


class PoolList(Model, frozen=True, kw_only=True):
    pools: list[PoolInfo]


class AssetTask(Model, frozen=True, kw_only=True):
    """A task that makes or reads an asset."""

    dag_id: str
    task_id: str


class AssetInfo(Model, frozen=True, kw_only=True):
    """Something that tasks make and DAGs wait for."""

    name: str
    uri: str
    group: str
    extra: dict[str, Any]
    created_at: datetime
    producers: list[AssetTask]
    readers: list[AssetTask]
    consumers: list[str]  # DAGs that run on it


class AssetList(Model, frozen=True, kw_only=True):
    assets: list[AssetInfo]


class AssetEventInfo(Model, frozen=True, kw_only=True):
    """An asset was made anew: by a task, or by hand (then `dag_id` is empty)."""

    id: int
    asset: str
    at: datetime
    extra: dict[str, Any]
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    actor: str


class AssetEventPage(Model, frozen=True, kw_only=True):
    """Newest first. `next` is the `before` of the next page, or null at the end."""

    events: list[AssetEventInfo]
    next: str | None


class EventEmitted(Model, frozen=True, kw_only=True):
    """The event, and the DAGs that run because of it."""

    event: int
    dags: list[str]


class QueuedAsset(Model, frozen=True, kw_only=True):
    """An asset that a DAG waits for, with the events that it has not used yet."""

    asset: str
    events: list[int]


class QueuedEvents(Model, frozen=True, kw_only=True):
    """What of a DAG's condition over assets is there."""

    dag_id: str
    condition: str | None  # null: the DAG waits for no asset
    assets: list[QueuedAsset]
