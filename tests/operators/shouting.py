"""An operator and a sensor as users write them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from msgspec import Meta

from studio import Operator, Sensor, Verbatim
from studio.errors import InvalidInput
from studio.operators.base import AttemptContext, is_unresolved


class Shout(Operator):
    """Says something loudly."""

    text: Annotated[str, Meta(description="what is said")]
    times: int = 1
    whisper: Verbatim[str] = ""

    def run(self, attempt: AttemptContext) -> object:
        attempt.log.info("shouting %s", self.text)
        return self.text.upper() * self.times + self.whisper

    def check(self) -> None:
        if not is_unresolved(self.times) and self.times < 0:
            raise InvalidInput("times is negative.", field="times")


class Showing(Operator):
    """Shows values, then fails if it is told so."""

    values: list[Any] = []
    fails: bool = False

    def run(self, attempt: AttemptContext) -> object:
        for number, value in enumerate(self.values):
            with attempt.cell(f"value {number}", "python") as cell:
                cell.write("look:\n")
                cell.show(value)
                if self.fails:
                    raise ValueError("as asked")
        return len(self.values)


class Arrived(Sensor):
    """Waits for a file."""

    path: str

    def look(self, attempt: AttemptContext) -> object:
        return Path(self.path).exists() and self.path


class Misnamed(Operator):
    """Has a field that says which task it is."""

    task_id: str

    def run(self, attempt: AttemptContext) -> object:
        return self.task_id


class Totals(Operator):
    """Adds up tables, and keeps one."""

    first: pd.DataFrame
    others: list[pd.DataFrame] = []

    def run(self, attempt: AttemptContext) -> object:
        attempt.save("first", self.first)
        loaded = attempt.load("make", "kept")
        return {
            "sums": [int(each.n.sum()) for each in [self.first, *self.others, loaded]],
            "first": self.first,
        }


class Asks(Operator):
    """Asks for a connection and a variable."""

    connection: str
    variable: str

    def run(self, attempt: AttemptContext) -> object:
        return [attempt.connection(self.connection).url, attempt.variable(self.variable)]
