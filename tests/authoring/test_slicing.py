"""Which statements of a notebook are kept."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from studio.authoring.slicing import dag_statements


def kept(*cells: str) -> list[str]:
    """First lines of the statements that are kept."""
    trees = [(f"<cell {n}>", ast.parse(dedent(cell))) for n, cell in enumerate(cells, start=1)]
    return [ast.unparse(one.node).splitlines()[0] for one in dag_statements(trees)]


DAG = "from studio import DAG, notebook, function"


def test_notebook_without_dag_needs_nothing() -> None:
    assert kept("import os\nx = 1", "print(x)", DAG) == []


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("from studio import DAG", "DAG"),
        ("from studio import DAG as Pipeline", "Pipeline"),
        ("import studio", "studio.DAG"),
        ("import studio as st", "st.DAG"),
        ("from studio.authoring.dag import DAG", "DAG"),
        ("from studio import *", "DAG"),
    ],
)
def test_dag_by_any_name(imports: str, call: str) -> None:
    assert kept(imports, f"with {call}('a') as dag:\n    pass", "dag") == [
        imports,
        f"with {call}('a') as dag:",
    ]


@pytest.mark.parametrize(
    "statement", ["dag = DAG('a')", "DAG('a')", "dag: object = DAG('a')", "x = [DAG('a')]"]
)
def test_dag_without_with(statement: str) -> None:
    assert kept(DAG, statement) == [DAG, statement]


def test_dag_of_another_package_is_none() -> None:
    assert kept("from airflow import DAG", "with DAG('a') as dag:\n    pass") == []


def test_what_publishes_triggers_and_shows_is_dropped() -> None:
    cells = (
        DAG,
        "with DAG('a') as dag:\n    notebook('x.ipynb')\ndag",
        "dag.publish()",
        "published = dag.publish()",
        "for day in days:\n    print(dag.trigger(logical_date=day))",
        "run = dag.trigger()\nrun.wait()",
        "dag.runs()",
        "print(dag)",
        "import pandas as pd\npd.read_csv('large.csv').plot()",
    )
    assert kept(*cells) == [DAG, "with DAG('a') as dag:"]


def test_needed_names_are_kept_transitively() -> None:
    cell = """
        import json
        import pandas
        data = pandas.read_csv("large.csv")
        text = '["EWR", "JFK"]'
        origins = json.loads(text)
        data.plot()
        def name_of(origin):
            return PREFIX + origin
        PREFIX = "delays_"
        class Unused:
            pass
    """
    dag = "with DAG('a'):\n    tasks = [notebook('x.ipynb', task_id=name_of(o)) for o in origins]"
    assert kept(DAG, cell, dag) == [
        DAG,
        "import json",
        'text = \'["EWR", "JFK"]\'',
        "origins = json.loads(text)",
        "def name_of(origin):",
        "PREFIX = 'delays_'",
        "with DAG('a'):",
    ]


def test_changes_of_a_needed_object_are_kept() -> None:
    cell = """
        args = {}
        other = {}
        args["retries"] = 1
        args.update(timeout=3)
        other["x"] = 1
        args |= {"kernel_name": "python3"}
        del args["timeout"]
        for n in range(3):
            args[str(n)] = n
    """
    assert kept(DAG, cell, "dag = DAG('a', default_args=args)") == [
        DAG,
        "args = {}",
        "args['retries'] = 1",
        "args.update(timeout=3)",
        "args |= {'kernel_name': 'python3'}",
        "del args['timeout']",
        "for n in range(3):",
        "dag = DAG('a', default_args=args)",
    ]


def test_value_that_is_replaced_is_not_needed() -> None:
    cell = "days = load_all()\ndays = ['2013-01-01']"
    assert kept(DAG, cell, "DAG('a', params={'days': days})", "days = load_all()") == [
        DAG,
        "days = ['2013-01-01']",
        "DAG('a', params={'days': days})",
    ]


def test_search_path_belongs_to_imports() -> None:
    cell = "import sys\nsys.path.insert(0, 'lib')\nfrom steps import load"
    assert kept(DAG, cell, "with DAG('a'):\n    function(load)") == [
        DAG,
        "import sys",
        "sys.path.insert(0, 'lib')",
        "from steps import load",
        "with DAG('a'):",
    ]


def test_tasks_and_edges_after_the_dag() -> None:
    cells = (
        DAG,
        "from itertools import pairwise",
        "dag = DAG('a')\ndag",
        "a = notebook('a.ipynb', dag=dag)\nb = notebook('b.ipynb', dag=dag)",
        "a >> b\na",
        "c, d = (notebook(f'{n}.ipynb', dag=dag) for n in 'cd')",
        "first = a\nfirst << c",
        "d.wait_for(b)",
        "for x, y in pairwise([b, d]):\n    x >> y",
        "1 >> 2",
        "a.output()",
    )
    assert kept(*cells) == [
        DAG,
        "from itertools import pairwise",
        "dag = DAG('a')",
        "a = notebook('a.ipynb', dag=dag)",
        "b = notebook('b.ipynb', dag=dag)",
        "a >> b",
        "c, d = (notebook(f'{n}.ipynb', dag=dag) for n in 'cd')",
        "first = a",
        "first << c",
        "d.wait_for(b)",
        "for x, y in pairwise([b, d]):",
    ]


def test_functions_that_make_dags_or_fill_them() -> None:
    cells = (
        DAG,
        "def build(name):\n    return DAG(name)",
        "def built(name):\n    return build(name)",
        "def unused():\n    return DAG('no')",
        "def wire(dag):\n    dag['a'] >> dag['b']",
        "dag = built('a')",
        "wire(dag)",
        "print(dag)",
    )
    assert kept(*cells) == [
        DAG,
        "def build(name):",
        "def built(name):",
        "def wire(dag):",
        "dag = built('a')",
        "wire(dag)",
    ]


def test_name_of_a_function_body_is_not_taken_for_a_loop_that_triggers() -> None:
    cells = (
        DAG,
        "def label(day):\n    return f'{day}'",
        "with DAG(label('a')) as dag:\n    pass",
        "for day in ('2013-01-01',):\n    dag.trigger(logical_date=day)",
        "with DAG(label('b')) as second:\n    pass",
    )
    assert kept(*cells) == [
        DAG,
        "def label(day):",
        "with DAG(label('a')) as dag:",
        "with DAG(label('b')) as second:",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "chain(a, b)",
        "b.as_teardown(setups=a)",
        "a.as_setup()",
        "b.expand(x=[1, 2])",
        "empty('join', dag=dag, after=b)",
        "with TaskGroup('g', dag=dag):\n    pass",
        "with a >> b:\n    wait('1 min', dag=dag)",
    ],
)
def test_groups_mappings_setups_and_chains_are_kept(statement: str) -> None:
    cells = [
        "from studio import DAG, TaskGroup, chain, empty, function, wait",
        "dag = DAG('d')\na = function('m:a', dag=dag)\nb = function('m:b', dag=dag)",
        statement,
        "print(b)",
    ]
    assert kept(*cells)[-1] == statement.splitlines()[0]
