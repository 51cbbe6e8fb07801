"""The spec: a DAG as data, in a versioned JSON form.

What Python authoring, marked cells and DAG files all end as, what the API carries, what the database keeps and
what the scheduler decides on. User code is never needed to read one. All durations are in seconds.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, Literal

import msgspec

from studio.core.map_spec import ExpandSpec, GroupSpec
from studio.core.schedule_spec import CronSpec as CronSpec
from studio.core.schedule_spec import ScheduleSpec as ScheduleSpec

FORMAT: Final = 1
DEFAULT_POOL: Final = "default"

Catchup = Literal["skip", "latest", "all"]
Collision = Literal["queue", "skip", "replace"]
TriggerRule = Literal[
    "all_success", "all_failed", "all_done", "all_done_min_one_success", "all_done_setup_success", "all_skipped",
    "one_success", "one_failed", "one_done", "none_failed", "none_failed_min_one_success", "none_skipped", "always",
]  # fmt: skip
WeightRule = Literal["downstream", "upstream", "absolute"]
#: What the machine makes of a task's value: nothing, the tasks to follow, whether to go on, whether the wait is over.
Interpret = Literal["value", "branch", "short_circuit", "sensor"]
Role = Literal["work", "setup", "teardown"]
CallbackEvent = Literal["success", "failure", "retry", "skipped", "deadline"]
DeadlineReference = Literal["logical_date", "queued_at", "fixed", "average_runtime"]


class RetryRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What to do after an exception of this class, or of one derived from it; the first rule that fits counts."""

    exception: str  # "requests.exceptions.Timeout"; without a dot: a builtin, or any class of that name
    action: Literal["retry", "fail"] = "retry"
    delay: float | None = None  # instead of the task's retry_delay


class CallbackSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A function that a worker calls with the context when something has happened."""

    on: CallbackEvent
    function: str  # "package.module:name"
    args: dict[str, Any] = {}
    path: tuple[str, ...] = ()  # directories to import from


class DeadlineSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A run that has not succeeded `after` seconds from the reference is late: the callback is called, once."""

    reference: DeadlineReference
    after: float = 0.0
    at: str | None = None  # ISO 8601, for "fixed"
    runs: int = 10  # how many of the last runs make the average
    name: str = ""
    callback: CallbackSpec | None = None


class SensorSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How a task that waits for something looks for it: "poke" keeps its slot between looks, "reschedule" does not."""

    mode: Literal["poke", "reschedule"] = "poke"
    poke_interval: float = 60.0
    timeout: float = 604800.0  # from the first look on, over all looks; then it fails without retry
    soft_fail: bool = False  # then it is skipped instead
    backoff: bool = False  # the interval doubles with each look
    max_wait: float | None = None  # the longest interval


class CacheSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The result of an earlier run counts if code, arguments and input values are the same."""

    expires: float | None = None  # seconds for which a result counts; None: for ever
    version: str = ""  # part of the key: another one is another result


class AssetSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Something that tasks make and DAGs wait for."""

    name: str
    uri: str = ""
    group: str = ""
    extra: dict[str, Any] = {}


class TaskSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One task. `config` belongs to its `kind` (see `studio.worker.kinds` and `studio.core.local_kinds`).

    A value `{"$output": "task"}` anywhere in `config` stands for what that task returned: for a mapped task, a list.
    """

    id: str
    kind: str
    upstream: tuple[str, ...] = ()
    trigger_rule: str = "all_success"
    config: dict[str, Any] = {}
    retries: int = 0
    retry_delay: float = 300.0
    retry_backoff: float = 0.0  # multiplier; 0 = the delay stays the same
    max_retry_delay: float = 86400.0
    retry_rules: tuple[RetryRule, ...] = ()
    lost_retries: int = 3  # attempts lost with their worker that are made up for, apart from `retries`
    timeout: float | None = None
    queue_timeout: float | None = None  # from QUEUED on; None: a day
    doc: str = ""
    group: str = ""  # GroupSpec.id
    pool: str = DEFAULT_POOL
    pool_slots: int = 1
    priority_weight: int = 1
    weight_rule: WeightRule = "downstream"
    max_active_per_dag: int | None = None  # task instances of this task at once, over all runs
    max_active_per_run: int | None = None
    depends_on_past: bool = False
    wait_for_downstream: bool = False
    wait_for_past_before_skipping: bool = False
    params: dict[str, Any] = {}  # over those of the DAG
    param_schemas: dict[str, dict[str, Any]] = {}
    role: Role = "work"
    setups: tuple[str, ...] = ()  # of a teardown: what it takes down
    fail_run: bool = False  # of a teardown: its failure fails the run
    interpret: Interpret = "value"
    skip_all: bool = (
        True  # of a short circuit: skip everything downstream, whatever its rule; False: what is next
    )
    sensor: SensorSpec | None = None
    expand: ExpandSpec | None = None
    map_index_template: str = ""  # rendered after the task, shown instead of the map index
    outlets: tuple[AssetSpec, ...] = ()
    inlets: tuple[AssetSpec, ...] = ()
    callbacks: tuple[CallbackSpec, ...] = ()
    connections: tuple[str, ...] = ()  # that its attempts are given, beside those that its templates name
    variables: tuple[str, ...] = ()
    cache: CacheSpec | None = None


class DagSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A whole DAG. Dates are ISO 8601 text; a date without offset is in `timezone`."""

    id: str
    tasks: tuple[TaskSpec, ...]
    format: int = FORMAT
    description: str = ""
    schedule: ScheduleSpec | None = None
    start_date: str | None = None
    end_date: str | None = None
    timezone: str = "UTC"
    catchup: Catchup = "latest"
    collision: Collision = "queue"  # a scheduled run is due while another one of the DAG is unfinished
    max_active_runs: int = 16
    max_active_tasks: int = 16  # per run
    max_active_tasks_per_dag: int | None = None  # over all runs
    params: dict[str, Any] = {}  # default values
    param_schemas: dict[str, dict[str, Any]] = {}  # JSON Schema of each; one without a default is required
    tags: tuple[str, ...] = ()
    groups: tuple[GroupSpec, ...] = ()
    run_timeout: float | None = None  # from the run's start
    fail_fast: bool = False
    pause_after_failures: int | None = None  # failed runs in a row
    native: bool = (
        False  # a template that is one expression keeps its type anyway; True: literals are parsed too
    )
    deadlines: tuple[DeadlineSpec, ...] = ()
    callbacks: tuple[CallbackSpec, ...] = ()  # on success and failure of a run
    #: The file the DAG was defined in, for people; it plays no part in what runs.
    origin: str = ""


#: Fields that people read and nothing executes: a change of them makes no new version.
_COSMETIC_DAG: Final = frozenset({"description", "tags", "origin"})
_COSMETIC_TASK: Final = frozenset({"doc"})
_COSMETIC_GROUP: Final = frozenset({"doc", "label"})

_canonical = msgspec.json.Encoder(order="sorted")


def encode(spec: DagSpec) -> bytes:
    """The spec's JSON form."""
    return msgspec.json.encode(spec)


def decode(data: bytes | str) -> DagSpec:
    """The spec in `data`; raises `msgspec.ValidationError` naming the path of what is wrong."""
    return msgspec.json.decode(data, type=DagSpec)


def version_of(spec: DagSpec) -> str:
    """Content hash of what changes behaviour: 64 hex digits. Layout and documentation do not count."""
    plain = _without(msgspec.to_builtins(spec), _COSMETIC_DAG)
    plain["tasks"] = sorted((_without(task, _COSMETIC_TASK) for task in plain["tasks"]), key=_id)
    if "groups" in plain:
        plain["groups"] = sorted((_without(group, _COSMETIC_GROUP) for group in plain["groups"]), key=_id)
    return hashlib.sha256(_canonical.encode(plain)).hexdigest()


def _without(plain: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in plain.items() if name not in names}


def _id(plain: dict[str, Any]) -> str:
    return str(plain["id"])
