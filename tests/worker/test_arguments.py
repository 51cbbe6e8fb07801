"""What stands for values of other tasks, before a task runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.core.binding import arguments
from studio.core.map_spec import ExpandSpec, Items, Output, Source, Transformed, Zipped
from studio.errors import InvalidInput, NotFound
from studio.worker.arguments import MAX_RENDERED, arguments_of, kept
from studio.worker.kinds import Rendered

CONTEXT: dict[str, Any] = {
    "ds": "2013-01-31",
    "outputs": {
        "extract": {"rows": 7, "file": "{{ ds }}.csv"},
        "days": [1, 2],
        "loads": [{"n": 1}, {"n": 2}],
        "none": None,
    },
    "valueless": ["skipped"],
    "mapped": {"origin": "EWR"},
}


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ({"$output": "extract"}, {"rows": 7, "file": "{{ ds }}.csv"}),
        ({"$output": "extract", "key": "rows"}, 7),
        ({"$output": "days", "key": -1}, 2),
        ({"$output": "loads", "key": "n"}, [1, 2]),
        ({"$output": "none"}, None),
        ({"$output": "skipped"}, None),
        ([{"a": {"$output": "days"}}, "{{ ds }}"], [{"a": [1, 2]}, "2013-01-31"]),
        ({"$mapped": "origin"}, "EWR"),
        ("{{ mapped.origin }}", "EWR"),
        ({"$output": "days", "more": 1}, {"$output": "days", "more": 1}),
    ],
)
def test_marks_are_filled_in_and_what_comes_from_elsewhere_is_not_rendered(value: Any, filled: Any) -> None:
    assert arguments_of({"x": value}, CONTEXT, "argument") == {"x": filled}


def test_own_mapped_arguments_come_over_the_others_as_they_are() -> None:
    context = {**CONTEXT, "mapped_args": {"day": "{{ ds }}", "n": 2}}
    assert arguments_of({"n": 1, "m": 1}, context, "argument") == {"n": 2, "m": 1, "day": "{{ ds }}"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"$output": "extrct"}, "The value of task 'extrct', which argument 'x' is made of, is not there"),
        ({"$output": "extract", "key": "row"}, "What task 'extract' returned has no 'row'"),
        ({"$output": "none", "key": "row"}, "It returned None"),
        ({"$output": "skipped", "key": "row"}, "the task has not succeeded"),
        ({"$output": "days", "key": 2}, "has no 2"),
        (
            [{"$mapped": "origni"}],
            r"no mapped argument 'origni' for argument 'x'\[0\]. Did you mean 'origin'",
        ),
    ],
)
def test_a_missing_value_is_named(value: Any, said: str) -> None:
    with pytest.raises(NotFound, match=said):
        arguments_of({"x": value}, CONTEXT, "argument")


def test_functions_are_applied_in_order_in_the_worker(call: Any, tmp_path: Path) -> None:
    path = [str(tmp_path / "code")]
    steps = [
        {"function": "studio_test_jobs:double", "path": path},
        {"function": "studio_test_jobs:text", "path": path},
    ]
    source = (
        "def double(n): print('doubling'); return 2 * n\ndef text(n): return f'<{n}>'\n"
        "def f(x, y=None): return [x, y]"
    )
    inner = {"$apply": steps[:1], "value": 1}
    context = {
        "mapped_args": {"x": {"$apply": steps, "value": 21}},
        "mapped": {"pair": {"$apply": steps[1:], "value": [inner, "b"]}},
    }
    ran = call(source, args={"y": {"$mapped": "pair"}}, context=context)
    assert ran.result.value == ["<42>", "<[2, 'b']>"]
    assert ran.log == "doubling\ndoubling\n"
    assert ran.result.details["rendered"] == {"y": "<[2, 'b']>", "x": "<42>"}


def test_what_the_scheduler_binds_is_understood(call: Any, tmp_path: Path) -> None:
    path = (str(tmp_path / "code"),)
    source = (
        "from datetime import date\ndef double(n): return 2 * n\ndef day(n): return {'day': date(2013, 1, n)}\n"
        "def f(**all): return {k: str(v) for k, v in all.items()}"
    )
    doubled = Transformed(Output("numbers"), "studio_test_jobs:double", path)
    twice = Transformed(doubled, "studio_test_jobs:double", path)
    zipped = Zipped((doubled, Items(["a", "b"])))
    outputs = {"numbers": [3, 4]}
    product = ExpandSpec(over={"n": twice, "pair": zipped})
    context: dict[str, Any] = {"mapped_args": arguments(product, 3, outputs, {})}
    assert call(source, context=context).result.value == {"n": "16", "pair": "[8, 'b']"}
    items = ExpandSpec(by="kwargs", over={"": Transformed(Output("numbers"), "studio_test_jobs:day", path)})
    context = {"mapped_args": arguments(items, 0, outputs, {}), "mapped": arguments(items, 1, outputs, {})}
    result = call(source, args={"group": {"$mapped": "day"}}, context=context).result
    assert result.value == {"group": "2013-01-04", "day": "2013-01-03"}
    assert result.details["rendered"] == {"group": "2013-01-04", "day": "2013-01-03"}


def test_data_never_names_functions_to_call(call: Any, tmp_path: Path) -> None:
    evil = {"$apply": [{"function": "os:abort"}], "value": 1}
    outputs = {"page": [evil, [evil], {"deep": evil}]}
    echoed = Transformed(Output("page"), "studio_test_jobs:echo", (str(tmp_path / "code"),))
    sources: list[Source] = [Output("page"), echoed, Zipped((Output("page"),))]
    for source in sources:
        for index in range(3):
            context = {"mapped_args": arguments(ExpandSpec(over={"x": source}), index, outputs, {})}
            value = call("def echo(x): return x\ndef f(x): return x", context=context).result.value
            assert value == (
                [outputs["page"][index]] if isinstance(source, Zipped) else outputs["page"][index]
            )
    kwargs = ExpandSpec(by="kwargs", over={"": Output("page")})
    context = {"mapped_args": arguments(kwargs, 0, outputs, {})}
    assert call("def f(**all): return all", context=context).result.value == evil


def test_an_item_that_is_no_dict_of_arguments_is_refused() -> None:
    with pytest.raises(InvalidInput, match="An item of `expand_kwargs` is 7, not a dict of arguments"):
        arguments_of({}, {"mapped_args": {"": 7}}, "argument")


def test_data_that_looks_like_an_application_is_left_alone() -> None:
    data = {"$apply": [{"function": "os:abort"}], "value": 1}
    context = {"mapped_args": {"x": {"$apply": [], "value": data}}, "outputs": {"t": data}}
    assert arguments_of({"y": {"$output": "t"}}, context, "argument") == {"x": data, "y": data}


@pytest.mark.parametrize(
    ("what", "state", "error"),
    [
        ("Skip('not this one')", "skipped", "not this one"),
        ("KeyError('n')", "failed", "KeyError: 'n'\nTraceback"),
    ],
)
def test_what_an_applied_function_raises_is_the_tasks(
    call: Any, tmp_path: Path, what: str, state: str, error: str
) -> None:
    source = f"from studio.outcomes import Skip\ndef check(n):\n    raise {what}\ndef f(x): return x"
    step = {"function": "studio_test_jobs:check", "path": [str(tmp_path / "code")]}
    result = call(source, context={"mapped_args": {"x": {"$apply": [step], "value": 1}}}).result
    assert result.state == state and result.error.startswith(error)


def test_a_missing_value_fails_the_attempt(call: Any) -> None:
    result = call("def f(x): return x", args={"x": {"$output": "gone"}}).result
    assert result.state == "failed"
    assert result.error.startswith("NotFound: The value of task 'gone', which argument 'x' is made of")


def test_rendered_arguments_are_kept_and_long_ones_cut(call: Any) -> None:
    ran = call(
        "def f(**all): return len(all['long'])",
        args={"long": "x" * 5000, "day": "{{ ds }}", "list": list(range(2000)), "n": 1, "none": None},
    )
    assert ran.result.value == 5000
    rendered = ran.result.details["rendered"]
    assert rendered["day"] == "2013-01-01" and rendered["n"] == 1 and rendered["none"] is None
    assert [len(rendered[name]) for name in ("long", "list")] == [MAX_RENDERED, MAX_RENDERED]
    assert rendered["list"].startswith("[0, 1,") and rendered["list"].endswith("…")
    assert ran.events == [Rendered(parameters=rendered)]


def test_a_failed_attempt_keeps_its_rendered_arguments_too(call: Any) -> None:
    result = call("def f(n): 1 / 0", args={"n": "{{ params.n }}"}).result
    assert (result.state, result.details) == ("failed", {"rendered": {"n": 5}})
    assert kept({}) == {}
