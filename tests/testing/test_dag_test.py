from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

import studio
from studio import DAG, approval, dag_sensor, empty, function, notebook, sensor, task, trigger_dag, wait
from studio.errors import InvalidInput
from studio.testing import RunFailed, run_dag, run_task

calls: list[str] = []


@pytest.fixture(autouse=True)
def no_calls() -> None:
    calls.clear()


def number() -> int:
    calls.append("number")
    return 20


def double(of: Any) -> Any:
    return of * 2


def fail() -> None:
    print("half of it is done")
    raise ValueError("no such luck")


def chain_of_two() -> DAG:
    with DAG("two") as dag:
        first = function(number)
        function(double, args={"of": first.output})
    return dag


def test_dag_runs_in_this_process() -> None:
    run = chain_of_two().test()
    assert (run.state, run.states) == ("success", {"number": "success", "double": "success"})
    assert run.values == {"number": 20, "double": 40}
    assert calls == ["number"]
    assert repr(run) == "<test run of two ✓ success: 2 success>"


def test_injected_value_of_any_type_stands_for_the_task() -> None:
    frame = pd.DataFrame({"a": [1, 2]})
    run = chain_of_two().test(values={"number": frame}).check()
    assert calls == []
    pd.testing.assert_frame_equal(run["double"].value, frame * 2)


async def test_dag_runs_where_an_event_loop_runs() -> None:
    assert asyncio.get_running_loop().is_running()
    assert chain_of_two().test().values == {"number": 20, "double": 40}


def test_failure_is_told_with_error_and_log() -> None:
    with DAG("bad") as dag:
        function(fail) >> empty(task_id="after")
    run = dag.test()
    assert run.states == {"fail": "failed", "after": "upstream_failed"}
    with pytest.raises(RunFailed) as told:
        run.check()
    assert "ValueError: no such luck" in str(told.value)
    assert "half of it is done" in str(told.value)
    assert "half of it is done" in run["fail"].log
    assert "no such luck" in run._repr_html_()


def test_nobody_waits_for_retries_sensors_and_waits() -> None:
    tries = []

    def third_time() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("again")
        return len(tries)

    looks = []

    def there() -> bool:
        looks.append(1)
        return len(looks) > 50

    with DAG("slow") as dag:
        flaky = function(third_time, retries=5, retry_delay="1 day", task_id="flaky")
        look = sensor(there, poke_interval=3600, task_id="look")
        wait(timedelta(days=300), after=[flaky, look], task_id="rest")
    run = dag.test().check()
    assert (run["flaky"].value, run["flaky"].tries, len(looks)) == (3, 3, 51)


def test_approval_is_answered() -> None:
    with DAG("ask") as dag:
        approval("Ship it?", task_id="ship_it") >> empty(task_id="ship")
    assert dag.test(answers={"ship_it": "Approve"}).states == {"ship_it": "success", "ship": "success"}
    assert dag.test(answers={"ship_it": "Reject"}).states == {"ship_it": "success", "ship": "skipped"}
    run = dag.test()
    assert run.stuck[0] == "ship_it waits for an answer: give answers={'ship_it': …}."
    with pytest.raises(RunFailed, match="ship_it waits for an answer"):
        run.check()


def test_succeed_and_skip_take_patterns() -> None:
    with DAG("many") as dag:
        function(number) >> [function(fail, task_id="upload_a"), function(fail, task_id="upload_b")]
    assert dag.test(succeed="upload*").state == "success"
    assert dag.test(succeed=["upload_a"], skip="upload_b").states == {
        "number": "success",
        "upload_a": "success",
        "upload_b": "skipped",
    }


@pytest.mark.parametrize(
    "asked", [{"values": {"numbr": 1}}, {"succeed": "numbr"}, {"skip": "numbr"}, {"tasks": "numbr"}]
)
def test_unknown_name_is_refused_with_the_nearest(asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="number"):
        chain_of_two().test(**asked)


def test_mapped_tasks_are_a_list() -> None:
    with DAG("mapped") as dag:
        function(double, task_id="twice").expand(of=[1, 2, 3])
    assert [each.value for each in dag.test().check()["twice"]] == [2, 4, 6]
    assert [each.value for each in dag.test(values={"twice": ["a", "b", "c"]})["twice"]] == ["a", "b", "c"]


def test_trigger_is_recorded() -> None:
    with DAG("caller") as dag:
        trigger_dag("other", params={"day": "{{ ds }}"}, wait=True, task_id="call")
    run = dag.test("2013-01-01").check()
    assert [(each.dag_id, each.params) for each in run.triggered] == [("other", {"day": "2013-01-01"})]


def test_sensor_of_another_dag_needs_a_result() -> None:
    with DAG("follower") as dag:
        dag_sensor("other", task_id="look") >> empty(task_id="after")
    run = dag.test("2013-01-01")
    assert run.stuck[0] == "look waits for what happens elsewhere: give values or succeed='look'."
    assert dag.test("2013-01-01", succeed="look").state == "success"


def test_single_task() -> None:
    dag = chain_of_two()
    assert run_task(dag["double"], values={"number": 4}).check().value == 8
    assert dag["number"].test().value == 20


def test_saved_values_and_directory(tmp_path: Path) -> None:
    with DAG("keeps") as dag:

        @task
        def keep() -> None:
            print("kept")
            studio.save("table", pd.DataFrame({"a": [1]}))

        keep()
    run = run_dag(dag, directory=tmp_path)
    assert run.check()["keep"].saved["table"].to_dict("list") == {"a": [1]}
    assert list(tmp_path.rglob("log.jsonl"))


def test_notebook_runs_in_a_kernel(tmp_path: Path) -> None:
    cells = [
        nbformat.v4.new_code_cell("n = 1", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("print(n * 2)\nimport studio\nstudio.save('n', n * 2)"),
    ]
    path = tmp_path / "double.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    with DAG("book") as dag:
        notebook(str(path), parameters={"n": "{{ params.n }}"}, params={"n": 1}, task_id="double")
    run = dag.test(params={"n": 21}).check()
    assert run["double"].saved == {"n": 42}
    assert run["double"].output().cells[-1].outputs[0]["text"] == "42\n"


def test_connections_and_variables_are_given() -> None:
    with DAG("secretive") as dag:

        @task(connections=["db"], variables=["limit"])
        def look(host: str) -> str:
            return f"{host} {studio.connection('db').login} {studio.variable('limit')}"

        look("{{ conn.db.host }}")
    given = {"db": "postgresql://ada:not-to-be-seen@localhost/flights"}
    run = dag.test(connections=given, variables={"limit": 5}).check()
    assert run["look"].value == "localhost ada 5"
    assert "There is no variable 'limit'" in (dag.test(connections=given)["look"].error or "")


def test_modules_that_were_there_before_stay(tmp_path: Path) -> None:
    """Of the person who tests: only what tasks themselves have imported may be imported again."""
    (tmp_path / "mine.py").write_text("found = []\ndef note(): found.append(1)\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "theirs.py").write_text(
        "from studio import DAG, function\ndef nothing(): pass\n"
        "def test():\n    with DAG('b') as dag:\n        function(nothing)\n    dag.test().check()\n"
    )
    (tmp_path / "main.py").write_text(
        "import sys; sys.path.append('other')\n"
        "import mine, theirs\nfrom studio import DAG, function\n"
        "with DAG('a') as dag:\n    function(lambda: 1, task_id='first')\n"
        "dag.test().check()\ntheirs.test()\n"
        "with DAG('c') as dag:\n    function(mine.note)\n"
        "dag.test().check()\n"
        "assert sys.modules['mine'] is mine and mine.found == [1], mine.found\n"
    )
    ended = subprocess.run([sys.executable, "main.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
