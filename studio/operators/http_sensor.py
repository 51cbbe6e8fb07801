"""`http_sensor`: waits until a server answers as expected."""

from __future__ import annotations

from typing import Final

from studio.operators.base import AttemptContext, Sensor
from studio.operators.conditions import Condition, check_condition, holds
from studio.operators.http_errors import BadStatus, RequestFailed
from studio.operators.http_request import HttpRequest

#: What a server says of something that may still come; other errors of the asker's (400 to 499) do not go away.
_NOT_YET: Final = frozenset({404, 408, 409, 423, 425, 429})


class HttpSensor(HttpRequest, Sensor):
    """Waits until a request is answered with a success, and its `condition` holds.

    A server that cannot be reached, is too slow, says that it has nothing yet (404, 409, 423, 425, 429) or has an error
    of its own (500 and above) is asked again; another error (401, for one) fails the task. It returns the answer.
    """

    condition: Condition = ""

    def check(self) -> None:
        super().check()
        check_condition(self.condition)

    def look(self, attempt: AttemptContext) -> object:
        with attempt.cell(self.line, "http") as cell:
            try:
                answer = self.ask(attempt, cell)
            except RequestFailed as error:
                if (
                    isinstance(error, BadStatus)
                    and (error.status or 0) < 500
                    and error.status not in _NOT_YET
                ):
                    raise
                cell.write(f"not yet: {error}\n")
                return None
            value = answer.value("auto")
            if holds(self.condition, status=answer.status, headers=answer.headers, value=value):
                return value if value else True
            cell.write("not yet: the condition does not hold\n")
            return None
