"""The keywords that every kind of task takes, and what becomes of them in the spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from typing_extensions import TypedDict

from studio.authoring.arguments import flag, number, refuse_unknown, seconds, several, text, whole
from studio.authoring.caching import Cached, cache_spec
from studio.authoring.callbacks import (
    Callbacks,
    Errors,
    RetryRule,
    callback_specs,
    retry_rules,
    rule_specs,
)
from studio.authoring.params import split_params
from studio.authoring.schedules import Asset
from studio.core.names import check_name, nearest, shown
from studio.core.notebook_config import ExportFormat, SourceMode
from studio.core.rules import RULES
from studio.core.spec import AssetSpec, TriggerRule, WeightRule
from studio.errors import InvalidInput

if TYPE_CHECKING:
    from studio.authoring.arrows import Node
    from studio.authoring.tasks import Owner

Duration: TypeAlias = "float | timedelta | str"
After: TypeAlias = "Node | str | Iterable[Node | str]"


class CommonOptions(TypedDict, total=False):
    """Keywords of every task. Durations: seconds, a timedelta, or text such as "5 min"."""

    task_id: str  # by default made from what the task runs
    after: After  # the tasks or groups that come first, or ids of tasks
    dag: Owner  # by default that of the surrounding `with DAG(...)`
    trigger_rule: TriggerRule  # when it runs, given how those before it ended ("all_success")
    retries: int  # how often a failed task is tried again (0)
    retry_delay: Duration  # wait before a retry (300 s)
    retry_backoff: float  # what the wait is multiplied by with each retry; 0: it stays the same
    max_retry_delay: Duration  # the longest wait (1 day)
    retry_on: Errors  # only these exceptions are tried again
    no_retry_on: Errors  # these are not
    retry_rules: RetryRule | Iterable[RetryRule]  # instead of both: in order, the first that fits counts
    lost_retries: int  # attempts lost with their worker that are made up for (3)
    queue_timeout: Duration  # a try that has not begun by then has failed
    pool: str  # ("default")
    pool_slots: int  # how many slots of it one try takes (1)
    priority_weight: int  # more is earlier (1)
    weight_rule: (
        WeightRule  # with the weights of what comes after ("downstream"), before ("upstream"), or "absolute"
    )
    max_active: int  # task instances of it at once, over all runs
    max_active_per_run: int
    depends_on_past: bool  # it waits until it has succeeded in the run before
    wait_for_downstream: bool  # and until what directly follows it has
    wait_for_past_before_skipping: bool
    params: Mapping[str, Any]  # over those of the DAG; values or Param(...)
    outlets: Iterable[Asset]  # what it makes
    inlets: Iterable[Asset]  # what it reads
    on_success: Callbacks
    on_failure: Callbacks  # it failed for good
    on_retry: Callbacks
    on_skipped: Callbacks  # it skipped itself
    connections: str | Iterable[str]  # names of those that it is given: `studio.connection(name)`
    variables: str | Iterable[str]  # likewise: `studio.variable(name)`
    map_index_template: str  # the name of a mapped task instance, rendered after it ran
    doc: str


class TaskOptions(CommonOptions, total=False):
    """Keywords of the tasks that take a worker."""

    timeout: Duration  # a try may take this long at most
    cache: Cached  # the result of an earlier run counts if code and inputs are the same: True, "1 day", Cache(...)


class NotebookOptions(TaskOptions, total=False):
    """Keywords of `notebook(...)`; all but `outputs` may also stand in `default_args`."""

    kernel_name: str | None  # a kernelspec; by default the notebook's own
    source: SourceMode  # which bytes run: as published, as they are when it starts, or of `revision`
    revision: (
        str | None
    )  # a branch, tag or commit of the repository that the notebook is in; implies source="git"
    cell_timeout: (
        Duration | None
    )  # each cell may take this long; a cell's tag `timeout=SECONDS` comes before it
    max_cell_output: int | None  # characters of text kept of one cell (1 000 000); the rest goes to the log
    max_output: int | None  # of the whole notebook (50 000 000)
    strict: bool  # a `!command` that fails fails its cell
    outputs: Iterable[
        str
    ]  # files that must exist after success: templates, relative to the notebook's directory
    export: (
        ExportFormat | Iterable[ExportFormat]
    )  # "html", "pdf": made of the executed notebook, also of a failed one
    memory_limit: str | int | None  # of the kernel and all that it starts: "512MB", "2GB", "1GiB", or bytes
    max_processes: int | None  # how many processes and threads that may be
    copy_to: str  # a folder, relative to the notebook, for copies of the executed notebook and its exports
    attachable: bool  # the kernel has ports that other Jupyter clients can connect to; it starts slower


#: Not for `default_args`: they say which task it is, or are of one notebook.
_OWN: Final = frozenset({"task_id", "after", "dag", "outputs"})
_KEYWORDS: Final = tuple(dict.fromkeys([*CommonOptions.__annotations__, *TaskOptions.__annotations__]))
#: What `default_args` may hold.
DEFAULTS: Final = frozenset({*_KEYWORDS, *NotebookOptions.__annotations__}) - _OWN

_DURATIONS: Final = ("retry_delay", "max_retry_delay", "timeout", "queue_timeout")
_NUMBERS: Final = {
    "retries": "retries",
    "lost_retries": "lost_retries",
    "pool_slots": "pool_slots",
    "priority_weight": "priority_weight",
    "max_active": "max_active_per_dag",
    "max_active_per_run": "max_active_per_run",
}
_TEXTS: Final = ("pool", "map_index_template", "doc", "weight_rule", "trigger_rule")
_FLAGS: Final = ("depends_on_past", "wait_for_downstream", "wait_for_past_before_skipping")


def check_options(
    options: Mapping[str, Any], call: str, own: Iterable[str] = (), without: Iterable[str] = ()
) -> None:
    """Raise `UnknownArgument` for a keyword that no task takes; `own` are those of this call, `without` are not."""
    known = [name for name in (*own, *_KEYWORDS) if name not in without]
    refuse_unknown([name for name in options if name not in known], call, known)


def check_defaults(defaults: Mapping[str, Any]) -> None:
    """Raise `UnknownArgument` for a keyword that `default_args` cannot hold."""
    refuse_unknown([name for name in defaults if name not in DEFAULTS], "default_args", sorted(DEFAULTS))


def spec_fields(options: Mapping[str, Any], task_id: str) -> dict[str, Any]:
    """The options as fields of a `TaskSpec`. None means the default. Raises `InvalidInput`."""
    given = {name: value for name, value in options.items() if value is not None and name not in _OWN}
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name in _DURATIONS:
            fields[name] = seconds(value, name)
        elif name in _NUMBERS:
            fields[_NUMBERS[name]] = whole(value, name)
        elif name in _TEXTS:
            fields[name] = text(value, name)
        elif name in _FLAGS:
            fields[name] = flag(value, name)
        elif name == "retry_backoff":
            fields[name] = 2.0 if value is True else number(value, name)  # True as in Airflow
        elif name in ("connections", "variables"):
            fields[name] = tuple(check_name(each, name[:-1]) for each in several(value, name, str))
        elif name == "cache":
            fields[name] = cache_spec(value)
        elif name in ("outlets", "inlets"):
            fields[name] = _assets(value, name)
    if fields.get("trigger_rule", "all_success") not in RULES:
        raise InvalidInput(
            f"The task {shown(task_id)} has the trigger rule {shown(fields['trigger_rule'])}, which there is not.",
            hint=nearest(fields["trigger_rule"], RULES),
            field="trigger_rule",
        )
    rules = given.get("retry_rules")
    fields["retry_rules"] = (
        retry_rules(given.get("retry_on"), given.get("no_retry_on")) if rules is None else rule_specs(rules)
    )
    fields["params"], fields["param_schemas"] = split_params(given.get("params"), f"the task {task_id}")
    fields["callbacks"] = (
        *callback_specs(given.get("on_success"), "success", "on_success"),
        *callback_specs(given.get("on_failure"), "failure", "on_failure"),
        *callback_specs(given.get("on_retry"), "retry", "on_retry"),
        *callback_specs(given.get("on_skipped"), "skipped", "on_skipped"),
    )
    return fields


def _assets(value: object, name: str) -> tuple[AssetSpec, ...]:
    items = several(value, name, (Asset, str))
    for item in items:
        if not isinstance(item, Asset):
            raise InvalidInput(
                f"{name} holds {shown(item)}; it must be assets.", hint="Write Asset('name').", field=name
            )
    return tuple(item.spec() for item in items)
