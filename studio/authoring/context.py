"""What the innermost `with DAG(...)` is."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from studio.core.names import shown
from studio.errors import InvalidInput

if TYPE_CHECKING:
    from studio.authoring.tasks import Owner

#: The DAG of the innermost `with DAG(...)`: one answer per thread or coroutine, never per process.
current_dag: ContextVar[Owner | None] = ContextVar("current_dag", default=None)

#: Where every new DAG is noted; None outside of a parse.
collected_dags: ContextVar[list[Any] | None] = ContextVar("collected_dags", default=None)


def dag_of(dag: Owner | None, call: str) -> Owner:
    """The DAG that `call` is about: the one that was given, or the open one. Raises `InvalidInput`."""
    if dag is not None:
        if not getattr(dag, "is_studio_dag", False):
            raise InvalidInput(f"dag is {shown(dag)}; it must be a DAG.", field="dag")
        return dag
    owner = current_dag.get()
    if owner is None:
        raise InvalidInput(
            f"{call}(...) belongs to a DAG, and none is open.",
            hint=f"Write it into a `with DAG('name') as dag:` block, or give it: {call}(..., dag=dag).",
            field="dag",
        )
    return owner
