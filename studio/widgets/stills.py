"""What views show where our front end is not: a form's fields, how far a backfill is, what a task came to."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from studio.api.models import BackfillInfo, TaskDetail, TaskOutput
from studio.widgets.cells_html import outputs_html, outputs_text
from studio.widgets.looks import look_of
from studio.widgets.tables import seconds_text, table_html, table_text, took
from studio.widgets.views import Still, python_text

_BAR: Final = 30  # characters
_FORM: Final = ("field", "value")
_PARAMS: Final = ("param", "type", "value", "what it is")
_WHICH: Final = {
    "missing": "dates without a run",
    "failed": "dates without a run, and those whose run failed",
    "all": "all dates",
}


def backfill_form_still(dag_id: str, options: Mapping[str, Any]) -> Still:
    """The fields of the form and what they hold."""
    rows = [
        ("from", options.get("start") or "the first date of the schedule"),
        ("to", options.get("end") or "now"),
        ("which", _WHICH[options.get("only", "missing")]),
        ("tasks", ", ".join(options.get("tasks", ())) or "all"),
        ("order", "the newest first" if options.get("newest_first") else "the oldest first"),
        ("runs at once", str(options.get("max_active_runs", 10))),
        *((f"params.{name}", python_text(value)) for name, value in options.get("params", {}).items()),
    ]
    title = f"Backfill of {dag_id}"
    return Still(
        f"<p>{escape(title)}: not started</p>{table_html(_FORM, rows)}",
        f"{title}: not started\n{table_text(_FORM, rows)}",
    )


def backfill_still(info: BackfillInfo) -> Still:
    """How far it is."""
    total = sum(info.counts.values())
    filled = 0 if total == 0 else _BAR * info.ended // total
    left = "" if info.seconds_left is None else f", about {seconds_text(info.seconds_left)} left"
    title = f"Backfill {info.id} of {info.dag_id}: {info.state}, {info.ended} of {total} runs ended{left}"
    bar = "█" * filled + "░" * (_BAR - filled)
    counts = ", ".join(
        f"{look_of(state).glyph} {number} {look_of(state).label}"
        for state, number in info.counts.items()
        if number
    )
    html = f"<p>{escape(title)}</p><p><code>{bar}</code></p><p>{escape(counts)}</p>"
    return Still(html, "\n".join(filter(None, [title, bar, counts])))


def params_still(dag_id: str, values: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> Still:
    """The fields of the form for a run, what they hold and what they may hold."""
    title = f"Run {dag_id}"
    rows = [
        (
            name,
            _type_of(schemas.get(name, {}), values.get(name)),
            python_text(values[name]) if name in values else "(needed)",
            _words_of(schemas.get(name, {})),
        )
        for name in dict.fromkeys([*values, *schemas])
    ]
    if not rows:
        return Still(f"<p>{escape(title)}: it takes no params</p>", f"{title}: it takes no params")
    return Still(
        f"<p>{escape(title)} with</p>{table_html(_PARAMS, rows)}",
        f"{title} with\n{table_text(_PARAMS, rows)}",
    )


def task_still(task_id: str, label: str, detail: TaskDetail | None, output: TaskOutput | None) -> Still:
    """State, try, time, error and outputs; without `detail` the task as it is defined."""
    if detail is None:
        title = f"{task_id} ({label}): no run yet"
        return Still(f"<p>{escape(title)}</p>", title)
    task = detail.task
    look = look_of(task.state.value)
    mapped = "" if task.map_index < 0 else f"[{task.label or task.map_index}]"
    told = [f"{task_id}{mapped} in {detail.run_id}: {look.glyph} {look.label}"]
    if task.try_number:
        told.append(f"try {task.try_number} of {task.max_tries}")
    if time := took(task.started_at, task.ended_at):
        told.append(time)
    head = ", ".join(told)
    notes = [note for note in [task.note, *detail.why] if note]
    error = (detail.attempts[-1].error or "") if detail.attempts else ""
    cells = [] if output is None else output.cells
    html = [f"<p>{escape(head)}</p>", *(f"<p>{escape(note)}</p>" for note in notes)]
    if error:
        html.append(f"<pre>{escape(error)}</pre>")
    html.append(outputs_html(cells))
    return Still("".join(html), "\n".join(filter(None, [head, *notes, error, outputs_text(cells)])))


def _type_of(schema: Mapping[str, Any], value: Any) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(map(python_text, schema["enum"]))
    given = schema.get("type")
    if given is None:
        match value:
            case bool():
                given = "boolean"
            case int():
                given = "integer"
            case float():
                given = "number"
            case str():
                given = "string"
            case list():
                given = "array"
            case dict():
                given = "object"
            case _:
                given = "any"
    kind = given if isinstance(given, str) else " or ".join(map(str, given))
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _words_of(schema: Mapping[str, Any]) -> str:
    rules = [
        f"{word} {schema[key]}"
        for key, word in (("minimum", "at least"), ("maximum", "at most"))
        if key in schema
    ]
    words = str(schema.get("description") or schema.get("title") or "")
    return "; ".join(filter(None, [words, ", ".join(rules)]))
