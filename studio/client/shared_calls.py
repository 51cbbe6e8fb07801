"""What DAGs share: pools and assets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import models as m
from studio.client.calls import Calls, a_key


class SharedCalls(Calls):
    """This part of `Client`."""

    def list_pools(self) -> m.PoolList:
        return self._call("list_pools")  # type: ignore[no-any-return]

    def set_pool(
        self,
        name: str,
        slots: int,
        *,
        description: str | None = None,
        include_deferred: bool | None = None,
    ) -> m.PoolInfo:
        """Make a pool, or change it; -1 slots: no limit. What is None stays as it is."""
        body = m.SetPool(slots=slots, description=description, include_deferred=include_deferred)
        return self._call("set_pool", {"name": name}, body=body)  # type: ignore[no-any-return]

    def pool_uses(self, name: str) -> m.Uses:
        """The tasks that are in it, whether there is one or not."""
        return self._call("pool_uses", {"name": name})  # type: ignore[no-any-return]

    def delete_pool(self, name: str) -> None:
        self._call("delete_pool", {"name": name})

    def list_assets(self) -> m.AssetList:
        """With the tasks that make and read them, and the DAGs that wait for them."""
        return self._call("list_assets")  # type: ignore[no-any-return]

    def list_asset_events(
        self, asset: str | None = None, *, before: str | None = None, limit: int | None = None
    ) -> m.AssetEventPage:
        """Newest first; `before` is `next` of the page before."""
        query = {"asset": asset, "before": before, "limit": limit}
        return self._call("list_asset_events", query=query)  # type: ignore[no-any-return]

    def emit_event(
        self, asset: str, extra: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> m.EventEmitted:
        """Say that an asset was made anew; gives the DAGs that run because of it."""
        body = m.EmitEvent(asset=asset, extra=dict(extra or {}), key=a_key(key))
        return self._call("emit_event", body=body)  # type: ignore[no-any-return]

    def materialize(self, asset: str, dag_id: str | None = None, *, key: str | None = None) -> m.RunDetail:
        """Run the DAG whose task makes the asset."""
        body = m.Materialize(asset=asset, dag_id=dag_id, key=a_key(key))
        return self._call("materialize", body=body)  # type: ignore[no-any-return]

    def queued_events(self, dag_id: str) -> m.QueuedEvents:
        """The asset events that the DAG has not used yet."""
        return self._call("queued_events", {"dag_id": dag_id})  # type: ignore[no-any-return]

    def forget_events(self, dag_id: str, asset: str | None = None) -> m.QueuedEvents:
        """Empty that queue, or the part of one asset."""
        return self._call("forget_events", {"dag_id": dag_id}, query={"asset": asset})  # type: ignore[no-any-return]
