"""Which DAG is being defined, and who collects DAGs: one answer per thread or coroutine, never per process."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.authoring.dag import DAG

#: The DAG of the innermost `with DAG(...)`.
current_dag: ContextVar[DAG | None] = ContextVar("current_dag", default=None)

#: Where every new DAG is noted; None outside of a parse.
collected_dags: ContextVar[list[DAG] | None] = ContextVar("collected_dags", default=None)
