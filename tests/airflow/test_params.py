"""Airflow's examples of params."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from studio.errors import InvalidInput, InvalidParameter
from tests.airflow.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_params_trigger_ui(stage: Stage) -> None:
    # Airflow's example_params_trigger_ui: a form asks for names and languages; a greeting for each name, by mapping,
    # in each chosen language, by branching; the last task has all_done and prints what there is.
    await stage.load("example_params_trigger_ui")
    ended = await stage.run("example_params_trigger_ui", params={"names": ["Ada", "Bob"], "german": False})
    assert ended.state == "success"
    assert ended.states == {
        "get_names": "success",
        "select_languages": "success",
        "generate_english_greeting[0]": "success",
        "generate_english_greeting[1]": "success",
        "generate_german_greeting[0]": "skipped",  # Airflow does not expand it any more, and shows one
        "generate_german_greeting[1]": "skipped",
        "generate_french_greeting[0]": "success",
        "generate_french_greeting[1]": "success",
        "print_greetings": "success",
    }
    assert ended.values["print_greetings"] == ["Hello Ada!", "Hello Bob!", "Bonjour Ada!", "Bonjour Bob!"]


async def test_params_trigger_ui_without_names(stage: Stage) -> None:
    # Without names every mapping is empty and skipped; the last task still runs.
    await stage.load("example_params_trigger_ui")
    ended = await stage.run("example_params_trigger_ui", params={"names": []})
    assert ended.state == "success"
    assert ended.tasks_in("skipped") == {
        f"generate_{each}_greeting" for each in ("english", "german", "french")
    }
    assert ended.values["print_greetings"] == []


async def test_params_defaults_keep_their_types(stage: Stage) -> None:
    # Airflow's example_params_ui_tutorial: the last task shows all params as they are, none of them as text.
    await stage.load("example_params_ui_tutorial")
    ended = await stage.run("example_params_ui_tutorial", params={"most_loved_number": 7, "flag": True})
    assert ended.state == "success"
    shown = ended.values["show_params"]
    assert (shown["most_loved_number"], shown["flag"], shown["x"]) == (7, True, 3)
    assert shown["array_of_objects"] == [{"name": "account"}]
    assert shown["optional_field"] is None
    assert len(shown) == 17


@pytest.mark.parametrize(
    "wrong",
    [
        {"most_loved_number": 129},
        {"most_loved_number": -1},
        {"most_loved_number": "42"},
        {"pick_one": "value 64"},
        {"required_field": "too short"},
        {"required_field": None},
        {"optional_field": "x"},
        {"date_time": "yesterday"},
        {"date": "2023-02-31"},
        {"time": "25:00:00Z"},
        {"multi_select": "two"},
        {"array_of_numbers": [1, "2"]},
        {"array_of_objects": [{"country": "de"}]},
        {"object": []},
        {"pattern": "fish-3"},
        {"const": "variable"},
    ],
    ids=str,
)
async def test_params_that_break_their_rules_are_refused(stage: Stage, wrong: dict[str, Any]) -> None:
    # Airflow documents: values that do not pass their JSON Schema are refused when the run is triggered; no run is
    # made.
    await stage.load("example_params_ui_tutorial")
    before = len(await stage.store.runs("example_params_ui_tutorial"))
    with pytest.raises(InvalidParameter) as refused:
        await stage.trigger("example_params_ui_tutorial", params=wrong)
    assert refused.value.field == f"params.{next(iter(wrong))}"
    assert len(await stage.store.runs("example_params_ui_tutorial")) == before


async def test_unknown_param_is_refused(stage: Stage) -> None:
    # Airflow takes a param that nobody declares; here a typing error is told.
    await stage.load("example_params_ui_tutorial")
    with pytest.raises(InvalidInput, match="has no param 'most_loved_numbr'"):
        await stage.trigger("example_params_ui_tutorial", params={"most_loved_numbr": 1})


async def test_param_without_default_must_be_given(stage: Stage) -> None:
    # Airflow documents: a param without a default has to be given by whoever triggers the run.
    await stage.load("example_params_ui_tutorial")
    with pytest.raises(InvalidParameter, match="has no default"):
        await stage.trigger("example_params_without_default")
    ended = await stage.run("example_params_without_default", params={"needed": 3})
    assert (ended.state, ended.values) == ("success", {"show_params": {"needed": 3}})


async def test_checking_params_is_quick_to_load() -> None:
    # What reads DAG files and what runs tasks are processes that have just begun: seconds of imports would be felt.
    code = (
        "import sys; from studio.core.params import check_params; "
        "check_params({'n': '2013-01-31'}, {'n': {'format': 'date'}}); print('rfc3987_syntax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: ASYNC221
    assert done.stdout == "False\n"
