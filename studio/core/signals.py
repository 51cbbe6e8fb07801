"""What an attempt has to say beyond success or failure: to the machine, from the worker. JSON."""

from __future__ import annotations

from typing import Any

import msgspec


class AssetSignal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something about an outlet of the task."""

    asset: str
    extra: dict[str, Any] = {}


class TriggerSignal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The run that a task of the kind `trigger_dag` wants: its arguments, rendered and checked."""

    dag_id: str
    params: dict[str, Any] = {}
    logical_date: float | None = None
    run_id: str | None = None


class Signal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All of it is optional; what does not fit the attempt's state is passed over.

    `errors`: the class of the exception and its bases as "module.Class", most derived first, for the retry rules.
    `until`: of a rescheduled attempt: go on at this time (seconds since the epoch; None: the sensor's interval).
    `resume`: of a deferred attempt: what it wants to be told when it goes on (`context["resume"]`).
    """

    retry: bool | None = None  # False: no retry, whatever the task says
    errors: tuple[str, ...] = ()
    until: float | None = None
    resume: dict[str, Any] | None = None
    label: str = ""  # the rendered map_index_template
    assets: tuple[AssetSignal, ...] = ()
    trigger: TriggerSignal | None = None
