"""`http`: one request, its answer as the task's value."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from studio.operators.base import AttemptContext
from studio.operators.conditions import Condition, check_condition, holds
from studio.operators.http_errors import RequestFailed
from studio.operators.http_request import HttpRequest


class Http(HttpRequest):
    """Sends a request over HTTP and returns what is answered.

    Redirects are followed, and whatever is not a success fails the attempt: retries are the task's. A request that was
    sent may have been heard even if its answer was not, so think of what a second one does.

    Text in the URL may hold templates. Values in `params` are escaped; in the path of the URL they are not: write
    `/items/{{ params.name | urlencode }}`. With a connection the URL cannot lead to another host than the connection's.
    """

    value: Annotated[
        Literal["auto", "json", "text", "bytes", "none"],
        Meta(
            description="what the task returns: the body as its content type says (JSON, text or bytes), as one of "
            "them, or nothing"
        ),
    ] = "auto"
    condition: Condition = ""

    def check(self) -> None:
        super().check()
        check_condition(self.condition)

    def run(self, attempt: AttemptContext) -> object:
        with attempt.cell(self.line, "http") as cell:
            answer = self.ask(attempt, cell)
            value = None if self.value == "none" else answer.value(self.value)
            if not holds(self.condition, status=answer.status, headers=answer.headers, value=value):
                raise RequestFailed(f"The answer is not as expected: `{self.condition}` does not hold.")
        return value
