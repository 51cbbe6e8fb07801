"""The example of `sql` on database servers; on SQLite it runs with the others."""

from __future__ import annotations

import pytest

from studio.authoring.parse import parse_file
from studio.client import Client

from ..databases import empty_mariadb, empty_postgresql
from .test_operators import EXAMPLES, FOLDER, client

__all__ = ["client", "empty_mariadb", "empty_postgresql"]

pytestmark = pytest.mark.acceptance


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_the_example_of_sql_on_a_server(client: Client, request: pytest.FixtureRequest, kind: str) -> None:
    url: str = request.getfixturevalue(f"empty_{kind}")
    parsed = parse_file(FOLDER / "sql.ipynb")
    client.publish_dag(parsed.specs[0], parsed.sources.values())
    run_id = client.trigger_run("example_sql", params={"url": url, "table": 'fl`ig"hts; DROP'}).run.run_id
    run = client.wait_for_run("example_sql", run_id, timeout=120)
    details = {task.task_id: client.get_task("example_sql", run_id, task.task_id) for task in run.tasks}
    errors = {name: detail.attempts[-1].error for name, detail in details.items() if detail.attempts}
    assert {name: error for name, error in errors.items() if error} == {}
    wanted = EXAMPLES["sql"].values
    assert {name: details[name].attempts[-1].value for name in wanted} == wanted
