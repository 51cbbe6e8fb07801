"""Which store a path or a URL is."""

from __future__ import annotations

from studio.values.local_store import LocalStore
from studio.values.remote_store import RemoteStore
from studio.values.store import ValueStore


def open_store(url: str) -> ValueStore:
    """The store at a path or a URL: `/data/values`, `file:///data/values`, `s3://bucket/values`."""
    if url.startswith("file://"):
        url = url.removeprefix("file://")
    if "://" not in url:
        return LocalStore(url)
    return RemoteStore(url)
