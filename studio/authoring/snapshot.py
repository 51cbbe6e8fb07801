"""What is published: a DAG as data, with the contents that its tasks need."""

from __future__ import annotations

from dataclasses import dataclass

from studio.core.spec import DagSpec


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A DAG as data, and the notebooks that its tasks name, by SHA-256."""

    spec: DagSpec
    sources: dict[str, bytes]
