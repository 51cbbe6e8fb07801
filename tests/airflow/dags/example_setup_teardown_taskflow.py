"""A cluster is made, used and deleted: setup and teardown made of decorated functions, which hand values on."""

from __future__ import annotations

from studio import DAG, Param, task


@task
def create(name: str, fails: str) -> str:
    if fails == "create":
        raise RuntimeError("the cluster cannot be made")
    return name


@task
def query(cluster: str, fails: str) -> str:
    if fails == "query":
        raise RuntimeError("the query failed")
    return f"query on {cluster}"


@task
def after_query() -> str:
    return "report"


@task
def delete(cluster: str, fails: str) -> str:
    if fails == "delete":
        raise RuntimeError("the cluster cannot be deleted")
    return f"{cluster} is gone"


PARAMS = {"fails": Param("nothing", enum=["nothing", "create", "query", "delete"])}
FAILS = "{{ params.fails }}"

for dag_id, is_strict in (
    ("example_setup_teardown_taskflow", False),
    ("example_setup_teardown_strict", True),
):
    with DAG(dag_id, params=PARAMS):
        cluster = create("cluster-1", FAILS)
        gone = delete(cluster, FAILS).as_teardown(setups=cluster, fail_run=is_strict)
        with gone:
            query(cluster, FAILS) >> after_query()
