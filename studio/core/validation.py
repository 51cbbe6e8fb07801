"""Is this spec a DAG that can run? Every refusal names the object, the rule and what to do.

For every spec that is published, however it was made. What is checked of what: `validation_graph` (ids, edges, groups),
`validation_tasks` (a task by itself), `validation_local` (approvals and waits), `validation_roles` (setups, fail-fast),
`validation_values` (what refers to values of other tasks), `validation_dag` (limits, params, deadlines),
`schedule_validation`.
"""

from __future__ import annotations

from studio.core.names import check_name, shown
from studio.core.schedule_validation import check_schedule
from studio.core.spec import FORMAT, DagSpec
from studio.core.validation_dag import check_dag, check_json
from studio.core.validation_graph import check_graph, check_groups
from studio.core.validation_local import check_local_tasks
from studio.core.validation_roles import check_roles
from studio.core.validation_tasks import check_task
from studio.core.validation_values import check_values
from studio.errors import InvalidDag

MAX_TASKS = 10_000


class NoTasks(InvalidDag):
    """A DAG needs at least one task."""

    code = "no_tasks"


def validate(spec: DagSpec) -> None:
    """Raise `InvalidName`, `InvalidDag`, `InvalidParameter` or `InvalidSchedule` unless the spec is a DAG that can run.

    Takes time in proportion to tasks and edges; of ten thousand tasks a fraction of a second.
    """
    if spec.format != FORMAT:
        raise InvalidDag(
            f"The spec has format {spec.format}; this version reads format {FORMAT}.", field="format"
        )
    check_name(spec.id, "DAG")
    if not spec.tasks:
        raise NoTasks(
            f"The DAG {shown(spec.id)} has no tasks.", hint="Add one, for example notebook('x.ipynb')."
        )
    if len(spec.tasks) > MAX_TASKS:
        raise InvalidDag(
            f"The DAG {shown(spec.id)} has {len(spec.tasks)} tasks; at most {MAX_TASKS} are allowed.",
            hint="Let tasks be mapped over a list instead: function(...).expand(x=[...]).",
        )
    check_dag(spec)
    for task in spec.tasks:
        check_task(task)
    check_graph(spec)
    check_groups(spec)
    check_local_tasks(spec)
    check_roles(spec)
    check_values(spec)
    check_schedule(spec)
    check_json(spec)
