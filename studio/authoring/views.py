"""Forms and cards of a DAG, of what is known of it at this moment: no server is started to show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal

from studio.api.models import BackfillInfo, TaskDetail, TaskOutput
from studio.authoring.arguments import date_text, mapping
from studio.authoring.handles import looked
from studio.client import Client
from studio.core.parameters import check_names, check_value
from studio.core.spec import DagSpec
from studio.errors import StudioError
from studio.widgets.stills import backfill_form_still, backfill_still, params_still, task_still
from studio.widgets.views import View, call_text, python_text

Date = str | date | datetime

_AT_ONCE: Final = 10
#: How the options of the form are called in `dag.backfill`, where they differ.
_WORDS: Final = {"newest_first": "reverse"}


def backfill_form(
    dag_id: str,
    start: Date | None,
    end: Date | None,
    *,
    only: Literal["missing", "failed", "all"],
    reverse: bool,
    max_active_runs: int,
    tasks: Sequence[str],
    params: Mapping[str, Any] | None,
) -> View:
    """What is given is filled in; the rest is as in `dag.backfill`."""
    asked = {
        "start": date_text(start, "start"),
        "end": date_text(end, "end"),
        "only": None if only == "missing" else only,
        "newest_first": reverse or None,
        "max_active_runs": None if max_active_runs == _AT_ONCE else max_active_runs,
        "tasks": list(tasks) or None,
        "params": _checked(params) or None,
    }
    options = {name: value for name, value in asked.items() if value is not None}
    named = {_WORDS.get(name, name): value for name, value in options.items()}
    words = [named.pop(name) for name in ("start", "end") if name in named] if "start" in named else []
    call = call_text("dag.backfill", *words, **named)
    return View("backfill", dag_id, call, backfill_form_still(dag_id, options), options=options)


def backfill_view(info: BackfillInfo) -> View:
    """A backfill that was made: how far it is, and its buttons."""
    call = call_text("studio.connect().get_backfill", info.id)
    return View("backfill", info.dag_id, call, backfill_still(info), backfill_id=info.id)


def params_form(frame: DagSpec, params: Mapping[str, Any] | None) -> View:
    """A form for a run, with the rules of the DAG's params."""
    given = _checked(params)
    call = call_text("dag.trigger", **({"params": given} if given else {}))
    still = params_still(frame.id, {**frame.params, **given}, frame.param_schemas)
    return View("params", frame.id, call, still, options={"params": given} if given else {})


def card(dag_id: str, task_id: str, label: str, run_id: str | None, map_index: int) -> View:
    """A task in a run, or in the newest one (`run_id` None), as far as the server says quickly."""

    def ask(client: Client) -> tuple[TaskDetail, TaskOutput | None] | None:
        wanted = run_id
        if wanted is None:
            newest = client.list_runs(dag_id, limit=1).runs
            if not newest:
                return None
            wanted = newest[0].run_id
        index = None if map_index < 0 else map_index
        detail = client.get_task(dag_id, wanted, task_id, index)
        try:
            return detail, client.get_output(dag_id, wanted, task_id, map_index=index)
        except StudioError:  # it is no notebook
            return detail, None

    found = looked(ask)
    detail, output = (None, None) if found is None else found
    if detail is None:
        call = call_text(f"dag[{python_text(task_id)}].card")
    else:
        index = [map_index] if map_index >= 0 else []
        call = call_text("studio.connect().get_task", dag_id, detail.run_id, task_id, *index)
    return View(
        "task",
        dag_id,
        call,
        task_still(task_id, label, detail, output),
        run_id=run_id,
        task_id=task_id,
        map_index=map_index,
    )


def _checked(params: Mapping[str, Any] | None) -> dict[str, Any]:
    values = mapping(params, "params")
    check_names(values, "a DAG")
    return {name: check_value(value, f"params[{name!r}]") for name, value in values.items()}
