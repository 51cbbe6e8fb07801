"""Callbacks, deadlines and rules for retries, as people write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeAlias, get_args

from studio.authoring.arguments import date_text, mapping, seconds, several, text, whole
from studio.authoring.functions import Target, named
from studio.authoring.schedules import When
from studio.core.names import nearest, shown
from studio.core.parameters import check_names, check_value
from studio.core.spec import CallbackEvent, CallbackSpec, DeadlineReference, DeadlineSpec
from studio.core.spec import RetryRule as RetryRuleSpec
from studio.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Callback:
    """A function with more arguments: it is called with the context, and with `args` as keywords."""

    target: Target
    args: Mapping[str, Any] | None = None


Callbacks: TypeAlias = Target | Callback | Iterable[Target | Callback]
ErrorClass: TypeAlias = type[BaseException] | str
Errors: TypeAlias = ErrorClass | Iterable[ErrorClass]


@dataclass(frozen=True, slots=True)
class RetryRule:
    """What follows an exception of this class or of one derived from it: `RetryRule(TimeoutError, delay="5 min")`.

    Args:
        exception: a class, or its name ("requests.exceptions.Timeout").
        action: "retry", as long as there are `retries` left, or "fail".
        delay: the wait before that retry, instead of the task's `retry_delay`.
    """

    exception: ErrorClass
    action: Literal["retry", "fail"] = "retry"
    delay: float | timedelta | str | None = None

    def spec(self) -> RetryRuleSpec:
        """As data."""
        if self.action not in ("retry", "fail"):
            raise InvalidInput(
                f"The action of a retry rule is {shown(self.action)}; it must be 'retry' or 'fail'.",
                field="retry_rules",
            )
        delay = None if self.delay is None else seconds(self.delay, "delay")
        return RetryRuleSpec(exception=_name(self.exception, "retry_rules"), action=self.action, delay=delay)


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
        callbacks = callback_specs(self.callback, "deadline", "callback")
        if len(callbacks) > 1:
            raise InvalidInput(
                "A deadline has one callback.", hint="Write a Deadline for each.", field="callback"
            )
        return DeadlineSpec(
            reference=self.reference if is_known else "fixed",  # type: ignore[arg-type]
            after=seconds(self.after, "after"),
            at=None if is_known else date_text(self.reference, "deadlines"),
            runs=whole(self.runs, "runs"),
            name=text(self.name, "name"),
            callback=callbacks[0] if callbacks else None,
        )


def callback_specs(callbacks: Callbacks | None, on: CallbackEvent, field: str) -> tuple[CallbackSpec, ...]:
    """The callbacks of one event as data."""
    if callbacks is None:
        return ()
    specs = []
    for each in [callbacks] if callable(callbacks) else several(callbacks, field, (str, Callback)):
        callback = each if isinstance(each, Callback) else Callback(each)
        function, path = named(callback.target, field)
        args = mapping(callback.args, f"{field}: args")
        check_names(args, f"the callback {function}")
        args = {name: check_value(value, f"{field}: argument {shown(name)}") for name, value in args.items()}
        specs.append(CallbackSpec(on=on, function=function, args=args, path=path))
    return tuple(specs)


def rule_specs(rules: RetryRule | Iterable[RetryRule]) -> tuple[RetryRuleSpec, ...]:
    """Rules as data, in order."""
    many = several(rules, "retry_rules", (RetryRule, str))
    for rule in many:
        if not isinstance(rule, RetryRule):
            raise InvalidInput(
                f"retry_rules holds {shown(rule)}, which is no rule.",
                hint="Write RetryRule(TimeoutError, delay='5 min').",
                field="retry_rules",
            )
    return tuple(rule.spec() for rule in many)


def retry_rules(retry_on: Errors | None, no_retry_on: Errors | None) -> tuple[RetryRuleSpec, ...]:
    """Rules for exceptions, those without a retry first. With `retry_on` nothing else is tried again."""
    never = [RetryRuleSpec(exception=name, action="fail") for name in _names(no_retry_on, "no_retry_on")]
    again = [RetryRuleSpec(exception=name) for name in _names(retry_on, "retry_on")]
    rest = [RetryRuleSpec(exception="builtins.BaseException", action="fail")] if again else []
    return (*never, *again, *rest)


def _names(errors: Errors | None, field: str) -> list[str]:
    if errors is None:
        return []
    many = list(errors) if isinstance(errors, Iterable) and not isinstance(errors, (str, type)) else [errors]
    return [_name(each, field) for each in many]


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
