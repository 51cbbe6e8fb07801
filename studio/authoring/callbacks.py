"""Callbacks, deadlines and rules for retries, as people write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias, get_args

from studio.authoring.arguments import date_text, mapping, seconds, text, whole
from studio.authoring.functions import Target, named
from studio.authoring.schedules import When
from studio.core.names import nearest, shown
from studio.core.parameters import check_names, check_value
from studio.core.spec import CallbackEvent, CallbackSpec, DeadlineReference, DeadlineSpec, RetryRule
from studio.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Callback:
    """A function with more arguments: it is called with the context, and with `args` as keywords."""

    target: Target
    args: Mapping[str, Any] | None = None


Callbacks: TypeAlias = Target | Callback | Iterable[Target | Callback]
Errors: TypeAlias = type[BaseException] | str | Iterable[type[BaseException] | str]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A run that has not succeeded in time is late: `Deadline("queued_at", "1 h", callback="alerts:late")`.

    Args:
        reference: "logical_date", "queued_at", "average_runtime" (of the last `runs` successful runs, from queued_at
            on), or a date.
        after: how long after that: seconds, a timedelta or text such as "1 h".
        callback: called once, by a worker, with the context.
        name: told to the callback.
        runs: how many runs make the average; with fewer there is no deadline.
    """

    reference: str | When
    after: float | timedelta | str = 0.0
    callback: Target | Callback | None = None
    name: str = ""
    runs: int = 10

    def spec(self) -> DeadlineSpec:
        """As data."""
        known = get_args(DeadlineReference)
        is_known = isinstance(self.reference, str) and self.reference in known and self.reference != "fixed"
        if isinstance(self.reference, str) and not is_known and not self.reference[:1].isdigit():
            raise InvalidInput(
                f"The deadline refers to {shown(self.reference)}, which is neither a date nor one of: "
                "logical_date, queued_at, average_runtime.",
                hint=nearest(self.reference, known),
                field="deadlines",
            )
        callback = None if self.callback is None else callback_specs(self.callback, "deadline", "callback")[0]
        return DeadlineSpec(
            reference=self.reference if is_known else "fixed",  # type: ignore[arg-type]
            after=seconds(self.after, "after"),
            at=None if is_known else date_text(self.reference, "deadlines"),
            runs=whole(self.runs, "runs"),
            name=text(self.name, "name"),
            callback=callback,
        )


def callback_specs(callbacks: Callbacks | None, on: CallbackEvent, field: str) -> tuple[CallbackSpec, ...]:
    """The callbacks of one event as data."""
    if callbacks is None:
        return ()
    one = isinstance(callbacks, (str, Callback)) or callable(callbacks)
    specs = []
    for each in [callbacks] if one else callbacks:  # type: ignore[union-attr]
        callback = each if isinstance(each, Callback) else Callback(each)  # type: ignore[arg-type]
        function, path = named(callback.target, field)
        args = mapping(callback.args, f"{field}: args")
        check_names(args, f"the callback {function}")
        args = {name: check_value(value, f"{field}: argument {shown(name)}") for name, value in args.items()}
        specs.append(CallbackSpec(on=on, function=function, args=args, path=path))
    return tuple(specs)


def retry_rules(retry_on: Errors | None, no_retry_on: Errors | None) -> tuple[RetryRule, ...]:
    """Rules for exceptions, those without a retry first. With `retry_on` alone nothing else is tried again."""
    never = [RetryRule(exception=name, action="fail") for name in _names(no_retry_on, "no_retry_on")]
    again = [RetryRule(exception=name) for name in _names(retry_on, "retry_on")]
    rest = [RetryRule(exception="builtins.BaseException", action="fail")] if again else []
    return (*never, *again, *rest)


def _names(errors: Errors | None, field: str) -> list[str]:
    if errors is None:
        return []
    one = isinstance(errors, (str, type))
    return [_name(each, field) for each in ([errors] if one else errors)]  # type: ignore[union-attr]


def _name(error: object, field: str) -> str:
    if isinstance(error, str) and error:
        return error
    if isinstance(error, type) and issubclass(error, BaseException):
        return f"{error.__module__}.{error.__qualname__}"
    raise InvalidInput(
        f"{field} names {shown(error)}, which is no class of exceptions.",
        hint="Give classes (TimeoutError) or their names ('requests.exceptions.Timeout').",
        field=field,
    )
