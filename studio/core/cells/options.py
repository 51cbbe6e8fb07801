"""What can be said in the first line of a marked cell: `%dag NAME --schedule @daily`, `%%task NAME --retries 2`.

Words are split as in a shell. Help, completion and the errors of a mistyped option are made from the tables here.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from studio.core.durations import HINT, seconds_in
from studio.core.names import nearest, shown
from studio.core.rules import RULES
from studio.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Option:
    """`--name VALUE` or `--name=VALUE`."""

    name: str  # without dashes
    metavar: str  # how its value is called
    help: str
    read: Callable[[str], Any]
    is_repeated: bool = False  # its values are collected
    is_bare: bool = False  # may stand without a value, which is then True; a value begins with a digit


class BadOption(InvalidInput):
    """An option of a cell is unknown or has no good value."""

    code = "bad_option"


def _text(value: str) -> str:
    return value


def _names(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _whole(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise BadOption(f"{shown(value)} is no whole number.") from None


def _pair(value: str) -> tuple[str, str]:
    variable, sign, name = (part.strip() for part in value.partition("="))
    if not sign or not variable.isidentifier() or not name.isidentifier():
        raise BadOption(
            f"{shown(value)} does not say what is mapped over what.",
            hint="Write VARIABLE=NAME: the variable of the cell, and the name of the list.",
        )
    return variable, name


def _duration(value: str) -> str:
    try:
        is_good = float(value) >= 0  # seconds
    except ValueError:
        is_good = seconds_in(value) is not None
    if not is_good:
        raise BadOption(f"{shown(value)} is no duration.", hint=f"Give seconds (300), or {HINT}.")
    return value


def _one_of(*known: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in known:
            raise BadOption(f"{shown(value)} is none of {', '.join(known)}.", hint=nearest(value, known))
        return value

    return read


DAG_OPTIONS: Final = (
    Option("schedule", "WHEN", 'a cron expression or preset: "@daily", "0 6 * * 1-5", "every 15 min"', _text),
    Option("start", "DATE", "no scheduled run lies before", _text),
    Option("end", "DATE", "no scheduled run lies after", _text),
    Option("timezone", "ZONE", "a zoneinfo name; the schedule is read on its wall clock", _text),
    Option("catchup", "WHICH", "missed runs: skip, latest or all", _one_of("skip", "latest", "all")),
    Option("collision", "WHAT", "a run is due while another one goes on: queue, skip or replace",
           _one_of("queue", "skip", "replace")),
    Option("description", "TEXT", "a sentence for people", _text),
    Option("tags", "A,B", "words to find it by", _names),
    Option("max-active-runs", "N", "runs at once", _whole),
    Option("max-active-tasks", "N", "tasks of one run at once", _whole),
    Option("run-timeout", "DURATION", 'a run that takes longer fails: "2 h"', _duration),
    Option("retries", "N", "of every task that does not give its own", _whole),
    Option("sample", "DATE", "the date with which cells are tried here", _text),
)  # fmt: skip

TASK_OPTIONS: Final = (
    Option("after", "A,B", "tasks that it waits for, beside those whose values it reads", _names),
    Option("retries", "N", "further tries when it fails", _whole),
    Option("retry-delay", "DURATION", 'between two tries: "5 min"', _duration),
    Option("timeout", "DURATION", "a try that takes longer fails", _duration),
    Option("pool", "NAME", "where its slots are", _text),
    Option("pool-slots", "N", "how many slots it takes", _whole),
    Option("priority", "N", "the larger the sooner", _whole),
    Option("trigger-rule", "RULE", "when it runs, given how those before it ended", _one_of(*RULES)),
    Option("map", "VAR=NAME", "one task instance for each item of the list NAME, which is VAR in the cell", _pair,
           is_repeated=True),
    Option("cache", "DURATION", "keep the result; of the same code and values it is not run again", _duration,
           is_bare=True),
    Option("kernel", "NAME", "a kernelspec; by default the notebook's own", _text),
    Option("connections", "A,B", "connections that it is given", _names),
    Option("variables", "A,B", "variables that it is given", _names),
    Option("needs", "A,B", "names that it reads and that cannot be seen in its code", _names),
    Option("gives", "A,B", "names that it gives and that cannot be seen in its code", _names),
    Option("group", "NAME", "the task group that it belongs to", _text),
)  # fmt: skip

NO_OPTIONS: Final[tuple[Option, ...]] = ()


def read_line(
    line: str, table: Sequence[Option], what: str
) -> tuple[tuple[str, ...], dict[str, Any], list[BadOption]]:
    """The words of `line` that are no options, the options by name (`-` as `_`), and what is wrong with others."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        return (), {}, [BadOption(f"{what}: {error}.", hint="A quote is opened and not closed.")]
    known = {f"--{option.name}": option for option in table}
    plain: list[str] = []
    options: dict[str, Any] = {}
    wrong: list[BadOption] = []
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        if not word.startswith("--"):
            plain.append(word)
            continue
        name, has_value, value = word.partition("=")
        option = known.get(name)
        if option is None:
            hint = nearest(name, known) or (f"Known: {', '.join(known)}." if known else "It takes none.")
            wrong.append(BadOption(f"{what} has no option {name}.", hint=hint))
            if not has_value and plain and rest and not rest[-1].startswith("--"):
                rest.pop()  # its value
            continue
        key = option.name.replace("-", "_")
        if not has_value and option.is_bare and not (rest and rest[-1][0].isdigit()):
            options[key] = True
            continue
        if not has_value and rest and not rest[-1].startswith("--"):
            value = rest.pop()
        if not value:
            wrong.append(BadOption(f"{what}: {name} needs a value: {name} {option.metavar} ({option.help})."))
            continue
        try:
            read = option.read(value)
        except BadOption as error:
            wrong.append(BadOption(f"{what}, {name}: {error.message}", hint=error.hint))
            continue
        options[key] = (*options.get(key, ()), read) if option.is_repeated else read
    return tuple(plain), options, wrong


def words_of(table: Sequence[Option]) -> Mapping[str, str]:
    """`--name VALUE` → what it means: for help and completion."""
    return {f"--{option.name} {option.metavar}": option.help for option in table}
