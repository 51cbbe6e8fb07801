"""Which tasks use a pool, a variable or a connection: what stops when it goes.

As the current versions of the DAGs say. A task is given the variables and connections that it declares or that its
templates name, and no others, so nothing of a DAG is missed; a program that asks the server itself is not known.
What there is not may be used, too: then its name is what tasks wait for.
"""

from __future__ import annotations

from collections.abc import Callable

from studio.api import models as m
from studio.core.names import check_name
from studio.core.secret_names import SecretNames, secrets_named
from studio.core.spec import TaskSpec
from studio.server.request import Request
from studio.server.services import Services


async def pool_uses(request: Request, services: Services) -> m.Uses:
    name = check_name(request.path["name"], "pool")
    return await _uses(services, lambda task: task.pool == name)


async def variable_uses(request: Request, services: Services) -> m.Uses:
    name = check_name(request.path["name"], "variable")
    return await _uses(services, lambda task: name in _named(task).variables)


async def connection_uses(request: Request, services: Services) -> m.Uses:
    name = check_name(request.path["name"], "connection")
    return await _uses(services, lambda task: name in _named(task).connections)


async def _uses(services: Services, is_user: Callable[[TaskSpec], bool]) -> m.Uses:
    return m.Uses(
        dags=[
            m.Use(dag_id=dag.dag_id, paused=dag.paused, tasks=tasks)
            for dag in await services.store.dags()
            if (tasks := [task.id for task in dag.spec.tasks if is_user(task)])
        ]
    )


def _named(task: TaskSpec) -> SecretNames:
    return secrets_named(task.config, task.connections, task.variables)
