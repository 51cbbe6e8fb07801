from __future__ import annotations

from typing import Any

import pytest

from studio.core.templating import TemplateError, render, render_all

CONTEXT = {"ds": "2013-01-01", "params": {"n": 3, "origins": ["EWR"]}, "try_number": 1}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ ds }}", "2013-01-01"),
        ("flights/{{ ds }}.csv", "flights/2013-01-01.csv"),
        ("{{ params.n }}", 3),
        ("{{ params.n + 1 }}", 4),
        ("{{- -params.n -}}", -3),
        ("{{ params.origins }}", ["EWR"]),
        ("n={{ params.n }}", "n=3"),
        ("{{ ds }}{{ ds }}", "2013-01-012013-01-01"),
        ("{% if params.n > 2 %}many{% endif %}", "many"),
        ("{ plain }", "{ plain }"),
        ("{{ 'a' if false }}", ""),
        ("{{ params.get('m', 7) }}", 7),
        ({"a": ["{{ ds }}", 1]}, {"a": ["2013-01-01", 1]}),
    ],
)
def test_templates_render_and_one_expression_keeps_its_type(template: object, value: object) -> None:
    assert render(template, CONTEXT, "x") == value


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ dss }}", "parameter 'day' cannot be rendered: 'dss' is undefined"),
        ("{{ params.m }}", "no attribute 'm'"),
        ("x {{ params.m }}", "no attribute 'm'"),
        ("{{ ds", "is not valid"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ ds.__class__.__mro__ }}", "unsafe|undefined|denied"),
        ("{{ params.update(n=1) }}", "SecurityError"),
    ],
)
def test_bad_templates_name_the_parameter_and_the_fault(template: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        render_all({"day": template}, CONTEXT)


def test_a_date_of_a_run_without_one_says_what_to_do() -> None:
    with pytest.raises(TemplateError) as caught:
        render_all({"day": "{{ ds }}"}, {"run_id": "manual__1"})
    assert "no logical date; trigger one with a date" in str(caught.value.hint)


RUN: dict[str, Any] = {
    "dag_id": "flights",
    "run_id": "scheduled__2013-01-31",
    "run_type": "scheduled",
    "task_id": "report",
    "map_index": -1,
    "try_number": 2,
    "params": {"n": "5", "list": "[1, 2]"},
    "logical_date": "2013-01-31T06:00:00+00:00",
    "data_interval_start": "2013-01-30T06:00:00+00:00",
    "data_interval_end": "2013-01-31T06:00:00+00:00",
    "run_after": "2013-01-31T06:00:00+00:00",
    "prev_data_interval_start_success": None,
    "dag": {"dag_id": "flights", "timezone": "UTC"},
    "outputs": {"extract": {"rows": 7}, "clean": [1, 2, 3], "load.part": "x"},
    "mapped": {"day": "2013-01-01"},
    "param_schemas": {},
    "interpret": "value",
}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ logical_date }}", "2013-01-31T06:00:00+00:00"),
        ("at {{ logical_date }}", "at 2013-01-31T06:00:00+00:00"),
        ("{{ [logical_date] }}", ["2013-01-31T06:00:00+00:00"]),
        ("{{ logical_date.strftime('%Y') }}", "2013"),
        ("{{ logical_date.year }}", 2013),
        ("{{ data_interval_start | ds }}", "2013-01-30"),
        ("{{ data_interval_start | ds_nodash }}", "20130130"),
        ("{{ logical_date | ts }}", "2013-01-31T06:00:00+00:00"),
        ("{{ logical_date | ts_nodash }}", "20130131T060000"),
        ("{{ logical_date | ts_nodash_with_tz }}", "20130131T060000+0000"),
        ("{{ '2013-01-31T06:00:00Z' | ds }}", "2013-01-31"),
        ("{{ logical_date.add(days=1) | ds }}", "2013-02-01"),
        ("{{ (logical_date - macros.timedelta(hours=7)) | ds }}", "2013-01-30"),
        ("{{ (data_interval_end - data_interval_start).days }}", 1),
        ("{{ logical_date.in_timezone('Europe/Berlin') }}", "2013-01-31T07:00:00+01:00"),
        ("{{ prev_data_interval_start_success }}", None),
        ("{{ dag_run.run_id }} {{ dag_run.run_type }}", "scheduled__2013-01-31 scheduled"),
        ("{{ dag_run.logical_date.month }}", 1),
        ("{{ dag_run.conf.n }}", "5"),
        ("{{ task.task_id }}/{{ ti.task_id }}/{{ task_instance.dag_id }}", "report/report/flights"),
        ("{{ ti.try_number }}", 2),
        ("{{ dag.timezone }}", "UTC"),
        ("{{ resume }} {{ inlets }} {{ test_mode }} {{ task_reschedule_count }}", "None [] False 0"),
        ("{{ dag_run.start_date }}", None),
        ("{{ mapped.day }}", "2013-01-01"),
        ("{{ ti.xcom_pull(task_ids='extract') }}", {"rows": 7}),
        ("{{ ti.xcom_pull('extract', key='rows') }}", 7),
        ("{{ ti.xcom_pull(task_ids=['extract', 'clean']) }}", [{"rows": 7}, [1, 2, 3]]),
        ("{{ ti.xcom_pull(task_ids='clean', map_indexes=1) }}", 2),
        ("{{ ti.xcom_pull(task_ids='clean', map_indexes=[2, 0]) }}", [3, 1]),
        ("{{ ti.xcom_pull(task_ids='gone', default=0) }}", 0),
        ("{{ ti.xcom_pull('extract', key='gone', default='-') }}", "-"),
        ("{{ outputs.extract.rows }}", 7),
        ("{{ outputs['load.part'] }}{{ outputs.load.part }}", "xx"),
        ("{{ 'extract' in outputs }}", True),
        ("{{ macros.ds_add('2013-01-31', 1) }}", "2013-02-01"),
        ("{{ macros.ds_format('2013-01-31', '%Y-%m-%d', '%d.%m.') }}", "31.01."),
        ("{{ macros.json.dumps(params) }}", '{"n": "5", "list": "[1, 2]"}'),
        ("{{ macros.datetime(2013, 1, 2) }}", "2013-01-02T00:00:00"),
        ("{{ macros.dateutil.parser.parse('31 Jan 2013').day }}", 31),
    ],
)
def test_the_references_context(template: str, value: object) -> None:
    assert render(template, RUN, "x") == value


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (
            "{{ ti.xcom_pull(task_ids='extrct') }}",
            r"no value of a task 'extrct' here. Did you mean 'extract'\?",
        ),
        ("{{ ti.xcom_pull() }}", "is told whose value to give"),
        ("{{ ti.xcom_pull('extract', key='row') }}", "has no entry 'row'. Did you mean 'rows'"),
        ("{{ ti.xcom_pull('clean', map_indexes=3) }}", "no value at map index 3: it has 3"),
        ("{{ ti.xcom_pull('extract', map_indexes=0) }}", "it is not mapped"),
        ("{{ outputs.gone }}", "no value of a task 'gone'"),
        ("{{ var.value.key }}", "variable .key. was not given to this task"),
        ("{{ conn.warehouse.host }}", "connection .warehouse. was not given to this task"),
        ("{{ logical_date.in_timezone('Mars') }}", "no time zone 'Mars'"),
        ("{{ 'soon' | ds }}", "'soon' is not a date"),
        ("{{ param_schemas }}", "'param_schemas' is undefined"),
        ("{{ macros.json.codecs }}", "no attribute 'codecs'"),
        ("{{ macros.dateutil.parser.os }}", "no attribute 'os'"),
        ("{{ macros.random }}", "no attribute 'random'"),
        ("{{ [gone] }}", "'gone' is undefined"),
    ],
)
def test_what_is_not_there_is_said_clearly(template: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        render_all({"day": template}, RUN)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ params.n }}", 5),
        ("{{ params.list }}", [1, 2]),
        ("[{{ params.n }}, 6]", [5, 6]),
        ("(1, 2)", "(1, 2)"),
        ("({{ params.n }}, 2)", [5, 2]),
        ("{{ logical_date }}", "2013-01-31T06:00:00+00:00"),
        ("n is {{ params.n }}", "n is 5"),
        ("{{ true }}", True),
    ],
)
def test_native_rendering_parses_literals(template: str, value: object) -> None:
    assert render(template, {**RUN, "native": True}, "x") == value


@pytest.mark.parametrize("template", ["{{ ''.__class__.__mro__ }}", "{{ params.update(n=1) }}", "{{ gone }}"])
def test_native_rendering_is_sandboxed_and_strict_too(template: str) -> None:
    with pytest.raises(TemplateError):
        render(template, {**RUN, "native": True}, "x")


def test_a_run_without_a_date_has_none_of_the_dated_names() -> None:
    dateless = {name: value for name, value in RUN.items() if "date" not in name and "interval" not in name}
    assert render("{{ dag_run.logical_date }}", dateless, "x") is None
    with pytest.raises(TemplateError, match="'data_interval_start' is undefined"):
        render("{{ data_interval_start | ds }}", dateless, "x")
